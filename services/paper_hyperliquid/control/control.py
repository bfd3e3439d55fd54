"""What the control port shows and does: the venue's own books, its trade ledger, the market.

Amounts are signed and ids are text, as the shared audit messages ask; an exec id is the tid.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, Protocol

import msgspec

from services.paper_exchange.engine.orders import AccountId, Side
from services.paper_exchange.market.events import (
    DepthDelta,
    DepthSnapshot,
    Level,
    Levels,
    MarketEvent,
    Trade,
)
from services.paper_exchange.shell.audit import (
    AccountAction,
    ActOutcome,
    AuditBalance,
    AuditOrder,
    AuditPosition,
    AuditRequest,
    AuditTrade,
    Books,
    ChangeListing,
    ControlError,
    FaultReport,
    Health,
    ListingState,
    MarketAction,
    MarketOutcome,
    ScriptedTrade,
    TapeAction,
    TapeState,
)
from services.paper_exchange.shell.control import decode_control
from services.paper_exchange.units import ZERO
from services.paper_hyperliquid.control.fault_control import FaultControl
from services.paper_hyperliquid.control.journal import Journal
from services.paper_hyperliquid.exchange.external_orders import act
from services.paper_hyperliquid.exchange.listing_changes import change_listing
from services.paper_hyperliquid.exchange.outbox import FillOf
from services.paper_hyperliquid.exchange.records import Record
from services.paper_hyperliquid.exchange.triggers import FIRST_WAITING_OID
from services.paper_hyperliquid.exchange.venue import Venue
from services.paper_hyperliquid.stream.publisher import Publisher
from services.paper_hyperliquid.wire.info_requests import User
from services.paper_hyperliquid.wire.numbers import ms_of
from services.paper_hyperliquid.wire.rows import fill_row
from tandem.runtime.clock import Clock

VENUE_NAME: Final = "hyperliquid"


class TapeControl(Protocol):
    """The part of the tape driver that the control port uses."""

    def state(self) -> TapeState: ...

    def control(self, action: TapeAction) -> TapeState: ...


class NewAgent(msgspec.Struct, frozen=True):
    """A key to approve for a seeded account."""

    address: User
    name: str = ""


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account to open, or to start afresh."""

    address: User
    balance: Decimal
    master: User | None = None
    agents: tuple[NewAgent, ...] = ()


class Control:
    """Answers the control port."""

    def __init__(
        self,
        venue: Venue,
        publisher: Publisher,
        journal: Journal,
        clock: Clock,
        faults: FaultControl,
    ) -> None:
        self._venue = venue
        self._publisher = publisher
        self._journal = journal
        self._clock = clock
        self._faults = faults
        self._driver: TapeControl | None = None

    def attach(self, driver: TapeControl) -> None:
        """Name the tape that `tape` and `health` speak about."""
        self._driver = driver

    def health(self) -> Health:
        coins = tuple(self._venue.engine.contracts)
        return Health(venue=VENUE_NAME, symbols=coins, tape=self._tape().state())

    def books(self, account: str | None) -> Books:
        records = [r for r in self._venue.desk.records.all() if _is_of(r.account, account)]
        orders = tuple(self._order(record) for record in records)
        return Books(
            orders=orders,
            open_orders=tuple(order for order in orders if order.is_open),
            positions=tuple(self._positions(account)),
            balances=tuple(self._balances(account)),
        )

    def trades(self, account: str | None) -> tuple[AuditTrade, ...]:
        accounts = [a.account_id for a in self._venue.engine.accounts()]
        return tuple(
            self._trade(fill)
            for account_id in accounts
            if _is_of(account_id, account)
            for fill in self._venue.desk.fills_of(account_id)
        )

    def requests(self, account: str | None) -> tuple[AuditRequest, ...]:
        return tuple(
            AuditRequest(
                account=entry.account,
                client_order_id=entry.cloid,
                order_id=str(entry.oid) if entry.oid is not None else None,
                mono_parsed_ns=entry.mono_parsed_ns,
                outcome=entry.outcome,
            )
            for entry in self._journal.requests
            if _is_of(entry.account, account)
        )

    def seed_account(self, body: bytes) -> NewAccount:
        new = decode_control(body, NewAccount)
        self._venue.open_account(new.address, new.balance, new.master)
        now_ms = ms_of(self._clock.wall_ns())
        for agent in new.agents:
            account = AccountId(new.address.lower())
            self._venue.signers.approve(account, agent.address.lower(), agent.name, now_ms)
        self._venue.journal.commit()
        return new

    def tape(self, action: TapeAction) -> TapeState:
        return self._tape().control(action)

    def market(self, action: MarketAction) -> MarketOutcome:
        if action.symbol not in self._venue.engine.contracts:
            raise ControlError(f"symbol {action.symbol} is not listed")
        now_ns = self._clock.wall_ns()
        self._venue.apply_market(_event(action, now_ns), now_ns)
        return MarketOutcome(fills_count=self._publisher.publish())

    def faults(self, body: bytes) -> FaultReport:
        return self._faults.change(body)

    def fault_report(self) -> FaultReport:
        return self._faults.report()

    def act(self, action: AccountAction) -> ActOutcome:
        outcome = act(self._venue, action, self._clock.wall_ns())
        self._publisher.publish()
        return outcome

    def listing(self, change: ChangeListing) -> ListingState:
        state = change_listing(self._venue, change, self._clock.wall_ns())
        self._publisher.publish()
        return state

    def clear(self) -> None:
        """Forget ended orders, fills, recorded requests and how often faults fired."""
        self._venue.desk.clear_ended()
        self._venue.journal.commit()
        self._journal.clear()
        self._faults.clear_counts()

    def _tape(self) -> TapeControl:
        if self._driver is None:
            raise ControlError("this venue runs without a tape")
        return self._driver

    def _order(self, record: Record) -> AuditOrder:
        sign = 1 if record.is_buy else -1
        return AuditOrder(
            account=record.account,
            symbol=record.coin,
            order_id=str(record.oid),
            client_order_id=record.cloid or "",
            amount=sign * record.orig_sz,
            price=record.limit_px,
            filled=record.orig_sz - record.sz,
            avg_price=self._avg_px(record),
            status=record.status,
            is_open=record.status.is_live,
            created_ms=record.timestamp_ms,
            updated_ms=record.status_ms,
        )

    def _avg_px(self, record: Record) -> Decimal:
        is_waiting = self._venue.desk.engine_id(record.oid) >= FIRST_WAITING_OID
        return ZERO if is_waiting else self._venue.desk.engine_order_of(record).avg_px

    def _positions(self, account: str | None) -> Iterable[AuditPosition]:
        for held in self._venue.engine.accounts():
            for position in held.positions.values():
                if position.amount and _is_of(held.account_id, account):
                    yield AuditPosition(
                        account=held.account_id,
                        symbol=position.symbol,
                        amount=position.amount,
                        entry=position.entry_px,
                    )

    def _balances(self, account: str | None) -> Iterable[AuditBalance]:
        for held in self._venue.engine.accounts():
            if _is_of(held.account_id, account):
                yield AuditBalance(
                    account=held.account_id, asset="USDC", wallet=held.wallet_balance
                )

    def _trade(self, fill_of: FillOf) -> AuditTrade:
        fill, record = fill_of.fill, fill_of.record
        return AuditTrade(
            account=record.account,
            symbol=record.coin,
            exec_id=_exec_id(fill_of),
            order_id=str(record.oid),
            client_order_id=record.cloid or "",
            amount=fill.qty * fill.order.side.sign,
            price=fill.px,
            fee=fill.fee + fill_of.builder_fee,
            is_maker=fill.is_maker,
            time_ms=ms_of(fill.ts_ns),
            mono_written_ns=self._journal.written_ns.get(fill.exec_id),
        )


def _exec_id(fill_of: FillOf) -> str:
    """Return the tid; system fills share the tid 0 and go by their order as well."""
    tid = fill_row(fill_of).tid
    return str(tid) if tid else f"0-{fill_of.record.oid}"


def _is_of(account: str, wanted: str | None) -> bool:
    return wanted is None or account == wanted.lower()


def _event(action: MarketAction, now_ns: int) -> MarketEvent:
    if isinstance(action, ScriptedTrade):
        side = Side.BUY if action.side == "buy" else Side.SELL
        return Trade(action.symbol, now_ns, action.price, action.qty, side)
    shape = DepthSnapshot if action.replace else DepthDelta
    return shape(action.symbol, now_ns, _levels(action.bids), _levels(action.asks))


def _levels(pairs: Iterable[tuple[Decimal, Decimal]]) -> Levels:
    return tuple(Level(px, qty) for px, qty in pairs)
