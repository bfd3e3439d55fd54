"""Who trades with whom, at which price, in which order: the exchange behind both paper venues.

1. A call either returns its events, in the order in which they happened, or raises OrderRefused
   and has changed nothing.
2. Better prices trade first; at one price, displayed size that was there before, then accounts'
   orders in the order of arrival.
3. Nothing fills worse than its limit, more than its quantity, or after it has ended.
4. Time is a parameter; the same calls in the same order give the same events.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from heapq import heappop, heappush

import msgspec

from services.paper_exchange.engine.accounts import Account, MarginMode, Position, SymbolSettings
from services.paper_exchange.engine.amending import amend
from services.paper_exchange.engine.checks import check_terms
from services.paper_exchange.engine.endings import cancel, expire
from services.paper_exchange.engine.events import BalanceChanged, Event, Filled
from services.paper_exchange.engine.fees import FeeSchedule
from services.paper_exchange.engine.forcing import fill_resting, force_close
from services.paper_exchange.engine.making import cross, trade_through
from services.paper_exchange.engine.margin import MarginState, margin_of
from services.paper_exchange.engine.orders import (
    AccountId,
    Amendment,
    EndReason,
    ExecId,
    NewOrder,
    Order,
    OrderId,
    OrderRefused,
    Refusal,
    Side,
    TimeInForce,
)
from services.paper_exchange.engine.placing import new_order, place, prepare
from services.paper_exchange.engine.state import VenueState
from services.paper_exchange.engine.state_journal import StateJournal
from services.paper_exchange.market.book import BookEvent
from services.paper_exchange.market.events import Level, Mark, MarketEvent, Trade
from services.paper_exchange.market.instruments import Contract, VenuePolicy
from services.paper_exchange.market.market import BookView, Market


class Replacement(msgspec.Struct, frozen=True):
    """What a cancel-and-new did; with `refused` set the old order is gone all the same."""

    events: list[Event]
    refused: OrderRefused | None


class Engine:
    """One venue: its contracts, books, orders and accounts."""

    def __init__(
        self,
        contracts: Iterable[Contract],
        policy: VenuePolicy,
        *,
        first_order_id: int = 1,
        first_exec_id: int = 1,
    ) -> None:
        self._state = VenueState(contracts, policy, first_order_id, first_exec_id)
        self._expiries: list[tuple[int, OrderId]] = []
        self.contracts: Mapping[str, Contract] = {
            symbol: market.contract for symbol, market in self._state.markets.items()
        }

    # Accounts.

    def open_account(
        self,
        account_id: AccountId,
        wallet_balance: Decimal,
        fees: FeeSchedule,
        collateral: Mapping[str, Decimal] | None = None,
    ) -> Account:
        """Create an account, or start an existing one afresh with this balance."""
        account = Account(account_id, wallet_balance, fees)
        account.collateral = dict(collateral or {})
        self._state.changed(account)
        return account

    def account(self, account_id: AccountId) -> Account:
        return self._state.account(account_id)

    def accounts(self) -> list[Account]:
        return list(self._state.accounts.values())

    def deposit(self, account_id: AccountId, change: Decimal, now_ns: int) -> list[Event]:
        """Move money in (positive) or out of the wallet."""
        account = self._state.account(account_id)
        account.wallet_balance += change
        self._state.changed(account)
        return [BalanceChanged(now_ns, account_id, account.wallet_balance, change)]

    def settings(self, account_id: AccountId, symbol: str) -> SymbolSettings:
        """The account's leverage and margin mode for a symbol."""
        return self._state.settings(self._state.account(account_id), symbol)

    def set_leverage(
        self, account_id: AccountId, symbol: str, leverage: int, margin_mode: MarginMode
    ) -> None:
        """Choose leverage and margin mode; the mode is fixed while a position is open."""
        account, contract = self._state.account(account_id), self._state.market(symbol).contract
        if not 1 <= leverage <= contract.max_leverage:
            rule = f"between 1 and {contract.max_leverage}"
            raise OrderRefused(Refusal.LEVERAGE, "leverage", leverage, rule)
        current = self._state.settings(account, symbol)
        is_held = any(position.amount for position in account.positions_of(symbol))
        if is_held and margin_mode is not current.margin_mode:
            rule = f"{current.margin_mode} while a position is open"
            raise OrderRefused(Refusal.MARGIN_MODE, "margin_mode", margin_mode, rule)
        account.settings[symbol] = SymbolSettings(leverage, margin_mode)
        self._state.changed(account)

    def relist(self, contract: Contract) -> None:
        """Let a listed contract have other increments and bounds from now on; what rests stays."""
        self._state.market(contract.symbol).contract = contract
        self.contracts = {**self.contracts, contract.symbol: contract}

    def transfer_isolated(
        self, account_id: AccountId, symbol: str, change: Decimal, now_ns: int
    ) -> Position:
        """Set aside more (positive) or less margin for an isolated position."""
        account = self._state.account(account_id)
        position = account.position(symbol)
        mode = self._state.settings(account, symbol).margin_mode
        if mode is not MarginMode.ISOLATED or not position.amount:
            rule = "an open position with isolated margin"
            raise OrderRefused(Refusal.MARGIN_MODE, "symbol", symbol, rule)
        margin = position.isolated_margin + change
        if margin < 0 or change > self.margin(account_id).available:
            rule = "no more than is set aside or available"
            raise OrderRefused(Refusal.INSUFFICIENT_MARGIN, "change", change, rule)
        after = msgspec.structs.replace(position, isolated_margin=margin, updated_ns=now_ns)
        account.positions[symbol, position.position_side] = after
        self._state.changed(account)
        return after

    def margin(self, account_id: AccountId) -> MarginState:
        """The account valued at mark."""
        return margin_of(self._state, self._state.account(account_id))

    def deny_margin(self, denies: Callable[[AccountId], bool]) -> None:
        """Ask this before every order that needs margin; True leaves the account none for it."""
        self._state.denies_margin = denies

    def count_collateral(self, counts: Callable[[AccountId], bool]) -> None:
        """Ask this whenever an account is valued; True adds what it holds of other assets."""
        self._state.counts_collateral = counts

    # Orders.

    def check_terms(self, account_id: AccountId, new: NewOrder, now_ns: int) -> None:
        """Raise what `place` would for the order's terms alone: increments, bounds, notional."""
        check_terms(self._state, account_id, new, now_ns)

    def check(self, account_id: AccountId, new: NewOrder, now_ns: int) -> None:
        """Raise what `place` would, and change nothing."""
        prepare(self._state, account_id, new, now_ns)

    def place(self, account_id: AccountId, new: NewOrder, now_ns: int) -> list[Event]:
        """Enter an order; the first event is its Accepted."""
        order = place(self._state, account_id, new, now_ns)
        if order.tif is TimeInForce.GTD and order.is_open:
            heappush(self._expiries, (order.expire_at_ns, order.order_id))
        return self._finish(now_ns)

    def cancel(
        self,
        account_id: AccountId,
        order_id: OrderId,
        now_ns: int,
        reason: EndReason = EndReason.USER,
    ) -> list[Event]:
        """Take one open order off."""
        cancel(self._state, self._state.ledger.open_order(account_id, order_id), reason, now_ns)
        return self._finish(now_ns)

    def end(
        self, account_id: AccountId, order_id: OrderId, reason: EndReason, now_ns: int
    ) -> list[Event]:
        """End one open order by a rule of the venue's."""
        expire(self._state, self._state.ledger.open_order(account_id, order_id), reason, now_ns)
        return self._finish(now_ns)

    def cancel_all(
        self,
        account_id: AccountId,
        symbol: str | None,
        now_ns: int,
        reason: EndReason = EndReason.USER,
    ) -> list[Event]:
        """Take off an account's open orders, of one symbol or of all."""
        for order in self._state.ledger.open_orders(account_id, symbol):
            cancel(self._state, order, reason, now_ns)
        return self._finish(now_ns)

    def amend(
        self, account_id: AccountId, order_id: OrderId, terms: Amendment, now_ns: int
    ) -> list[Event]:
        """Give an open limit order new terms; it keeps its ids (Binance)."""
        amend(self._state, account_id, order_id, terms, now_ns)
        return self._finish(now_ns)

    def replace(
        self, account_id: AccountId, order_id: OrderId, new: NewOrder, now_ns: int
    ) -> Replacement:
        """Cancel an open order, then place another with a new id (Hyperliquid modify)."""
        old = self._state.ledger.open_order(account_id, order_id)
        cancel(self._state, old, EndReason.REPLACED, now_ns)
        events = self._finish(now_ns)
        try:
            return Replacement(events + self.place(account_id, new, now_ns), None)
        except OrderRefused as refused:
            return Replacement(events, refused)

    def fill_resting(self, order_id: OrderId, qty: Decimal, now_ns: int) -> list[Event]:
        """Let somebody trade with this resting order, ahead of all others."""
        fill_resting(self._state, self._state.ledger.must_get(order_id), qty, now_ns)
        return self._finish(now_ns)

    def force_close(
        self,
        position: tuple[AccountId, str],
        qty: Decimal | None,
        names: tuple[str, str],
        now_ns: int,
    ) -> list[Event]:
        """Close an account's position in a symbol for it: liquidation, auto-deleveraging."""
        force_close(self._state, position, qty, names, now_ns)
        return self._finish(now_ns)

    def record_refused(
        self, account_id: AccountId, new: NewOrder, refusal: Refusal, now_ns: int
    ) -> Order:
        """Keep a refused order under an id of its own, for venues that show it in queries."""
        return new_order(self._state, account_id, new, now_ns, refusal)

    def next_expiry_ns(self) -> int | None:
        """When `advance` may next have something to do; None when never."""
        return self._expiries[0][0] if self._expiries else None

    def advance(self, now_ns: int) -> list[Event]:
        """Expire the orders whose date has come."""
        while self._expiries and self._expiries[0][0] <= now_ns:
            order = self._state.ledger.get(heappop(self._expiries)[1])
            if order is not None and order.is_open:
                expire(self._state, order, EndReason.GOOD_TILL_DATE, now_ns)
        return self._finish(now_ns)

    # The tape.

    def apply_market(self, event: MarketEvent, now_ns: int) -> list[Event]:
        """Take over what the tape says and fill what it reaches."""
        market = self._state.market(event.symbol)
        if isinstance(event, Trade):
            trade_through(self._state, market, event, now_ns)
        else:
            _take_over(market, event)
            cross(self._state, market, now_ns)
        return self._finish(now_ns, market)

    def skip_market(self, event: MarketEvent) -> None:
        """Take over the displayed book and the mark; match nothing, publish with the next event."""
        if not isinstance(event, Trade):
            _take_over(self._state.market(event.symbol), event)

    def rewind(self, symbol: str | None = None) -> None:
        """Forget the displayed book of one symbol or of all: the tape starts again."""
        for name, market in self._state.markets.items():
            if symbol is None or symbol == name:
                market.rewind()

    def _finish(self, now_ns: int, only: Market | None = None) -> list[Event]:
        for market in (only,) if only is not None else self._state.markets.values():
            changed = market.drain_changes(now_ns)
            if changed is not None:
                self._state.publish_change(changed)
            marked = market.drain_mark(now_ns)
            if marked is not None:
                self._state.emit(marked)
        return self._state.take_events()

    # What outlives the process.

    @property
    def journal(self) -> StateJournal:
        return self._state.journal

    def restored(self) -> None:
        """Take up business once the journal has been told again.

        Raises:
            ValueError: an open order or a position is of a symbol that is not listed here.
        """
        missing = self._state.missing_symbols()
        if missing:
            names = ", ".join(sorted(missing))
            raise ValueError(
                f"symbols: must list {names}: the books hold orders or positions in it"
            )
        self._state.restored()
        for order in self._state.open_orders():
            if order.tif is TimeInForce.GTD:
                heappush(self._expiries, (order.expire_at_ns, order.order_id))

    # What it knows.

    def order(self, order_id: OrderId) -> Order:
        """The order's latest state; refused when there never was one."""
        return self._state.ledger.must_get(order_id)

    def order_of_client(self, account_id: AccountId, client_id: str) -> Order:
        """The latest order with a client id; refused when there never was one."""
        order = self._state.ledger.latest_of_client(account_id, client_id)
        if order is None:
            raise OrderRefused(Refusal.UNKNOWN_ORDER, "client_id", client_id, "no such order")
        return order

    def open_orders(self, account_id: AccountId, symbol: str | None = None) -> list[Order]:
        """An account's open orders, oldest first; of one symbol or of all."""
        return self._state.ledger.open_orders(account_id, symbol)

    def orders(self, account_id: AccountId | None = None) -> list[Order]:
        """Every order, oldest first; of one account or of all."""
        return list(self._state.ledger.all_orders(account_id))

    def fills(self, account_id: AccountId | None = None) -> list[Filled]:
        """Every fill, oldest first; of one account or of all."""
        fills = self._state.ledger.fills
        return [fill for fill in fills if account_id is None or fill.account_id == account_id]

    def fill(self, exec_id: ExecId) -> Filled:
        """The latest fill of this number, which there must be."""
        return next(f for f in reversed(self._state.ledger.fills) if f.exec_id == exec_id)

    def clear_history(self) -> None:
        """Forget ended orders and all fills."""
        self._state.clear_history()

    def book(self, symbol: str, depth: int | None = None) -> BookView:
        """The published book: displayed size plus every account's resting quantity."""
        return self._state.market(symbol).view(depth)

    def level(self, symbol: str, side: Side, n: int = 1) -> Level | None:
        """The n-th published level of a side, 1 is the best; None when there is no such level."""
        levels = self._state.market(symbol).levels(side, n)
        return levels[n - 1] if len(levels) == n else None

    def best(self, symbol: str, side: Side) -> Level | None:
        return self.level(symbol, side)

    def mark_px(self, symbol: str) -> Decimal | None:
        """The mark price; None before the tape has said anything."""
        return self._state.market(symbol).mark_px()

    def mid_px(self, symbol: str) -> Decimal | None:
        """Halfway between the best prices; None before both sides were seen."""
        return self._state.market(symbol).mid_px()

    def last_px(self, symbol: str) -> Decimal | None:
        """The last traded price; None before the first trade."""
        return self._state.market(symbol).last_px


def _take_over(market: Market, event: BookEvent | Mark) -> None:
    if isinstance(event, Mark):
        market.set_mark(event.px)
    else:
        market.apply(event)
