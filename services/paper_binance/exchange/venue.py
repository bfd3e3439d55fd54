"""The exchange's state between requests: engine, keys, settings, timers and what was audited.

1. Every engine event is published once, in order, before the call that caused it returns, and
   after the journal has it.
2. Time is a parameter of every call; only audits ask the monotonic clock, through `mono_ns`.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Protocol

import msgspec

from services.paper_binance.auth.keyring import PAPER_ACCOUNT, Keyring, paper_keyring
from services.paper_binance.auth.limits import Address, AddressWeight, LimitSettings, OrderCounts
from services.paper_binance.auth.listen_keys import Lease, ListenKeys
from services.paper_binance.auth.signature import ApiKey, HmacSecret, public_key
from services.paper_binance.control.faults import Faults
from services.paper_binance.exchange.audit_log import AuditLog
from services.paper_binance.exchange.countdowns import Countdowns
from services.paper_binance.exchange.entries import KeyEntry, ModesEntry
from services.paper_binance.exchange.permissions import Permissions
from services.paper_binance.exchange.public_trades import PublicTrades
from services.paper_binance.wire.order_params import OrderRules
from services.paper_binance.wire.params import Params
from services.paper_binance.wire.user_payloads import UserEvent
from services.paper_exchange.engine.events import Event, Printed
from services.paper_exchange.engine.fees import BINANCE_FEES
from services.paper_exchange.engine.matching import Engine
from services.paper_exchange.engine.orders import AccountId, EndReason, StpMode
from services.paper_exchange.engine.state_journal import StateJournal
from services.paper_exchange.market.instruments import BINANCE_POLICY, Contract
from services.paper_exchange.units import NS_PER_MS

PAPER_WALLET = Decimal(1_000_000)
# Order ids exceed 2^53 in production, so a client that reads them as doubles must fail here too.
FIRST_ORDER_ID = 8_389_765_739_703_600_000
FIRST_EXEC_ID = 700_000_000
NO_MODIFY_ID = ""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request as its handler sees it; `account_id` is "" for public data.

    With `late_fill_ms` an order that is being cancelled fills first and tells so that much later.
    """

    account_id: AccountId
    params: Params
    now_ns: int
    late_fill_ms: int | None = None

    @property
    def now_ms(self) -> int:
        return self.now_ns // NS_PER_MS


class Switches(msgspec.Struct, frozen=True, kw_only=True):
    """Where sources disagree about the real venue, where it changed lately, and its pace.

    `engine_lag_ms` is how long after its acceptance a request reaches the matching engine. A stream
    name of no documented form is refused as an invalid stream, or subscribed to and silent.
    """

    slim_acks: bool = True
    default_stp: StpMode = StpMode.EXPIRE_MAKER
    opponent_10_20: bool = False
    connection_life_ms: int = 24 * 3_600_000
    engine_lag_ms: int = 0
    refuse_unknown_streams: bool = True


class Publisher(Protocol):
    """Who carries events out of the venue, at once."""

    def engine_events(self, events: list[Event], now_ns: int, modify_id: str) -> None: ...

    def late_events(self, events: list[Event], now_ns: int, after_ms: int) -> None: ...

    def user_event(self, account_id: AccountId, event: UserEvent) -> None: ...

    def keys_ended(self, leases: tuple[Lease, ...], now_ms: int) -> None: ...


class Venue:
    """One running exchange."""

    def __init__(
        self, contracts: dict[str, Contract], mono_ns: Callable[[], int], used_ids: int = 0
    ) -> None:
        self.books = ""
        self.contracts = contracts
        self.mono_ns = mono_ns
        self.engine = Engine(
            contracts.values(),
            BINANCE_POLICY,
            first_order_id=FIRST_ORDER_ID + used_ids,
            first_exec_id=FIRST_EXEC_ID + used_ids,
        )
        self.keyring: Keyring = paper_keyring()
        self.listen_keys = ListenKeys("paper-binance", journal=self.journal)
        self.countdowns = Countdowns(self.journal)
        self.audit = AuditLog()
        self.public_trades = PublicTrades()
        self.switches = Switches()
        self.faults = Faults()
        self.engine.deny_margin(self.faults.plan.refuses_margin)
        self.engine.count_collateral(lambda account_id: account_id in self.multi_assets)
        self.permissions = Permissions()
        self.unreadable: set[str] = set()
        self.limits = LimitSettings()
        self.dual_side: set[AccountId] = set()
        self.multi_assets: set[AccountId] = set()
        self._order_counts: dict[AccountId, OrderCounts] = {}
        self._weights: dict[Address, AddressWeight] = {}
        self._publishers: list[Publisher] = []
        self._client_ids = self.journal.numbers("client_ids", 1)
        self._keys: dict[str, KeyEntry] = {}
        self.journal.keep(KeyEntry, self._add_key, self._keys.values)
        self.journal.keep(ModesEntry, self._set_modes, self._modes)
        self.engine.open_account(PAPER_ACCOUNT, PAPER_WALLET, BINANCE_FEES)

    @property
    def journal(self) -> StateJournal:
        return self.engine.journal

    def add_key(self, key: KeyEntry) -> None:
        """Let an account sign with a key as well; raises ValueError for one that is none."""
        self._add_key(key)
        self.journal.note(key)

    def set_modes(self, modes: ModesEntry) -> None:
        """Set an account's position mode and margin assets."""
        self._set_modes(modes)
        self.journal.note(modes)

    def modes(self, account_id: AccountId) -> ModesEntry:
        return ModesEntry(
            account_id=account_id,
            dual_side=account_id in self.dual_side,
            multi_assets=account_id in self.multi_assets,
        )

    def subscribe(self, publisher: Publisher) -> None:
        """Let a publisher carry out all events from now on."""
        self._publishers.append(publisher)

    def publish(self, events: list[Event], now_ns: int, modify_id: str = NO_MODIFY_ID) -> None:
        self.journal.commit()
        for publisher in self._publishers:
            publisher.engine_events(events, now_ns, modify_id)
        for event in events:
            if isinstance(event, Printed):
                self.public_trades.add(event)

    def publish_late(self, events: list[Event], now_ns: int, after_ms: int) -> None:
        """Let accounts hear of these events only so much later; the market hears at once."""
        self.journal.commit()
        for publisher in self._publishers:
            publisher.late_events(events, now_ns, after_ms)
        for event in events:
            if isinstance(event, Printed):
                self.public_trades.add(event)

    def notify(self, account_id: AccountId, event: UserEvent) -> None:
        for publisher in self._publishers:
            publisher.user_event(account_id, event)

    def end_keys(self, leases: tuple[Lease, ...], now_ms: int) -> None:
        for publisher in self._publishers:
            publisher.keys_ended(leases, now_ms)

    def expire_key(self, account_id: AccountId, now_ms: int) -> bool:
        """End an account's listen key before its time; False when it has none."""
        lease = self.listen_keys.close(account_id)
        if lease is not None:
            self.end_keys((lease,), now_ms)
        return lease is not None

    def contract(self, symbol: str) -> Contract:
        """Return a listed contract."""
        return self.contracts[symbol]

    def relist(self, contract: Contract) -> None:
        """List a contract with other increments and bounds from now on."""
        self.contracts[contract.symbol] = contract
        self.engine.relist(contract)

    def rules(self, call: Call) -> OrderRules:
        """Return what decoding this account's orders depends on now."""
        return OrderRules(
            contracts=self.contracts,
            dual_side=call.account_id in self.dual_side,
            now_ms=call.now_ms,
            default_stp=self.switches.default_stp,
            opponent_10_20=self.switches.opponent_10_20,
        )

    def order_counts(self, account_id: AccountId) -> OrderCounts:
        counts = self._order_counts.get(account_id)
        if counts is None or counts.settings is not self.limits:
            counts = self._order_counts[account_id] = OrderCounts(self.limits)
        return counts

    def weight_of(self, address: Address) -> AddressWeight:
        return self._weights.setdefault(address, AddressWeight())

    def new_client_id(self) -> str:
        """Return an id for an order that came without one."""
        return f"paper{self._client_ids.take():017d}"

    def run_timers(self, now_ns: int) -> None:
        """Do what time alone causes: expiries, countdowns, listen keys."""
        now_ms = now_ns // NS_PER_MS
        next_expiry_ns = self.engine.next_expiry_ns()
        if next_expiry_ns is not None and next_expiry_ns <= now_ns:
            self.publish(self.engine.advance(now_ns), now_ns)
        for due in self.countdowns.fire(now_ms):
            events = self.engine.cancel_all(due.account_id, due.symbol, now_ns, EndReason.SCHEDULED)
            self.publish(events, now_ns)
        ended = self.listen_keys.expire(now_ms)
        self.journal.commit()
        if ended:
            self.end_keys(ended, now_ms)

    def _add_key(self, key: KeyEntry) -> None:
        credential = HmacSecret(key.secret) if key.secret else public_key(key.public_key)
        self.keyring.add(ApiKey(key.api_key), key.account_id, credential)
        self._keys[key.api_key] = key

    def _set_modes(self, modes: ModesEntry) -> None:
        _set_member(self.dual_side, modes.account_id, is_member=modes.dual_side)
        _set_member(self.multi_assets, modes.account_id, is_member=modes.multi_assets)

    def _modes(self) -> Iterator[ModesEntry]:
        return (self.modes(account_id) for account_id in self.dual_side | self.multi_assets)


def _set_member(members: set[AccountId], account_id: AccountId, *, is_member: bool) -> None:
    if is_member:
        members.add(account_id)
    else:
        members.discard(account_id)
