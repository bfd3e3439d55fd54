"""What happens on an account and is not ours: by what it is known, and what follows (pure).

1. One rule, whatever the venue calls a trade: it is not ours when its order bears no client id of
   ours, and no venue id that an order of ours was given. Auto-deleveraging and liquidation come as
   ordinary trades; display texts, trade ids and marks of the venue decide nothing.
2. A fill whose source names no client ids (a Binance trade list) says nothing of whose it is: it
   waits as an orphan until its order is told.
3. In an instrument that is hedged here, every maker that hedges on the account is cancelled and for
   a while none is quoted: one alarm an order. What is owed stays as it is, for a person decides
   what the position should be. A fill whose source left its client id out by mistake is still
   counted once its order is told.
4. In any other instrument it moves nothing that is hedged: order-state notes it as EXTERNAL.
"""

from dataclasses import dataclass
from decimal import Decimal

from services.hedger.book import own_orders
from services.hedger.fold import suspension, timers
from services.hedger.fold.state import State, account_of, cloid_of
from services.hedger.fold.step import Turn
from tandem.domain.ids import Exc, Ticker
from tandem.domain.order import side_of
from tandem.domain.units import NS_PER_MS
from tandem.messages.reports import FillReport, OrderReport

MOST_STRANGERS = 64


@dataclass(frozen=True, slots=True)
class Trade:
    """What somebody else's order traded; `name` tells the order from others of the account."""

    exc: Exc
    ticker: Ticker
    amount: Decimal
    name: str
    by: str


def is_foreign_fill(state: State, fill: FillReport) -> bool:
    """Tell whether a fill that no maker or taker has made is somebody else's (1, 2)."""
    if fill.client_order_id is not None:
        return not own_orders.holds(state.own_orders, fill.exc, fill.client_order_id)
    if fill.is_system:
        return True
    key = (fill.exc, fill.ticker, fill.venue_order_id)
    is_known = cloid_of(state, key) is not None or own_orders.holds_oid(state.own_orders, *key)
    return fill.is_unnamed and not is_known


def is_foreign_order(state: State, report: OrderReport) -> bool:
    """Tell whether an order's client id is none of ours; one that is not told proves nothing."""
    cloid = report.client_order_id
    return cloid is not None and not own_orders.holds(state.own_orders, report.exc, cloid)


def on_fill(state: State, turn: Turn, fill: FillReport) -> None:
    # What the venue closes by itself may have no order; then its fills are told one by one.
    has_order = fill.venue_order_id not in {"", "0"}
    name = str(fill.venue_order_id) if has_order else str(fill.exec_id)
    by = "the venue itself" if fill.is_system else _of_nobody(name, fill.client_order_id)
    _on_trade(state, turn, Trade(fill.exc, fill.ticker, fill.signed_qty, name, by))


def on_order(state: State, turn: Turn, report: OrderReport) -> None:
    """Take what an order has filled, by its own cumulative or by fills that waited for its name."""
    oid = report.venue_order_id
    waited = state.orphans.pop((report.exc, report.ticker, oid), ()) if oid is not None else ()
    amount = sum((fill.signed_qty for fill in waited), Decimal(0))
    if report.cum_qty:
        amount = report.cum_qty.copy_sign(report.amount or amount)
    if amount:
        name = str(oid or report.client_order_id)
        by = _of_nobody(name, report.client_order_id)
        _on_trade(state, turn, Trade(report.exc, report.ticker, amount, name, by))


def _of_nobody(name: str, cloid: str | None) -> str:
    called = f" ({cloid})" if cloid else ""
    return f"order {name}{called}, which nobody here asked for"


def _on_trade(state: State, turn: Turn, trade: Trade) -> None:
    """Bar the account for a while, if the trade may have moved what is hedged there (3, 4)."""
    place = (trade.exc, trade.ticker)
    if not any((bucket.exc, bucket.ticker) == place for bucket in state.buckets.values()):
        return
    account = account_of(state, trade.exc)
    side, quantity = side_of(trade.amount), abs(trade.amount)
    account.suspect = f"EXTERNAL {side} {quantity} {trade.ticker} by {trade.by}"
    account.suspect_ns = turn.now_ns + state.rules.system_hold_ms * NS_PER_MS
    stranger = f"{trade.ticker} {trade.name}"
    if stranger not in account.strangers:
        account.strangers.append(stranger)
        del account.strangers[:-MOST_STRANGERS]
        turn.alarm(f"L3 {trade.exc}: {account.suspect}; the makers that hedge there are cancelled")
    suspension.suspend_makers_on(state, turn, trade.exc, account.suspect)
    key = timers.TimerKey(timers.Wakes.ACCOUNT, turn.place, trade.exc)
    turn.effects.append(timers.arm(key, account.suspect_ns))
