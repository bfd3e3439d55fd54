"""How an order's new state is kept, and the ways in which it ends or shrinks without a fill."""

from decimal import Decimal

import msgspec

from services.paper_exchange.engine.accounts import Account
from services.paper_exchange.engine.events import Amended, Cancelled, Expired
from services.paper_exchange.engine.ledger import is_reducing
from services.paper_exchange.engine.orders import EndReason, NewOrder, Order, OrderStatus
from services.paper_exchange.engine.state import VenueState
from services.paper_exchange.market.instruments import ReduceOnlyPolicy
from services.paper_exchange.units import ZERO


def record(state: VenueState, order: Order) -> None:
    """Keep an order's new state, in the ledger and, when it rests, in the book."""
    state.put(order)
    state.market(order.symbol).set_leaves(order.order_id, order.leaves_qty)


def cancel(state: VenueState, order: Order, reason: EndReason, now_ns: int) -> Order:
    """Take an order off on somebody's request."""
    ended = _ended(order, OrderStatus.CANCELLED, reason, now_ns)
    record(state, ended)
    state.emit(Cancelled(now_ns, ended.account_id, ended))
    return ended


def expire(state: VenueState, order: Order, reason: EndReason, now_ns: int) -> Order:
    """End an order by rule."""
    ended = _ended(order, OrderStatus.EXPIRED, reason, now_ns)
    record(state, ended)
    state.emit(Expired(now_ns, ended.account_id, ended))
    return ended


def end_reducing(state: VenueState, order: Order, now_ns: int) -> Order:
    """End an order that has nothing left to reduce, in the venue's way.

    Hyperliquid docs, order statuses: reduceOnlyCanceled. Binance docs, order update: expired with
    reason 4.
    """
    if state.policy.reduce_only is ReduceOnlyPolicy.CAP:
        return cancel(state, order, EndReason.REDUCE_ONLY, now_ns)
    return expire(state, order, EndReason.REDUCE_ONLY, now_ns)


def closable_qty(account: Account, order: Order | NewOrder) -> Decimal:
    """How much of its position an order could close; 0 when it would increase it."""
    amount = account.position(order.symbol, order.position_side).amount
    return max(ZERO, -amount * order.side.sign)


def fillable_qty(state: VenueState, order: Order) -> Decimal:
    """What may still fill of an order: one that only reduces stops at a flat position."""
    if not is_reducing(order):
        return order.leaves_qty
    return min(order.leaves_qty, closable_qty(state.account(order.account_id), order))


def trim_reducing(state: VenueState, like: Order, now_ns: int) -> None:
    """After a position shrank: end the resting orders that have nothing left to reduce.

    Where the venue caps, resting orders together never exceed the position: the oldest go first
    (Hyperliquid docs, order statuses).
    """
    account = state.account(like.account_id)
    market = state.market(like.symbol)
    reducing = state.ledger.reducing(like.account_id, (like.symbol, like.position_side))
    resting = [order for order in reducing if market.resting.get(order.order_id)]
    if state.policy.reduce_only is ReduceOnlyPolicy.CAP:
        _cap_together(state, account, resting, now_ns)
        return
    for order in resting:
        if not closable_qty(account, order):
            end_reducing(state, order, now_ns)


def _cap_together(state: VenueState, account: Account, resting: list[Order], now_ns: int) -> None:
    covered = ZERO
    for order in reversed(resting):
        room = closable_qty(account, order) - covered
        if order.leaves_qty <= room:
            covered += order.leaves_qty
        elif covered or room <= 0:
            end_reducing(state, order, now_ns)
        else:
            covered += _shrink(state, order, room, now_ns).leaves_qty


def _shrink(state: VenueState, order: Order, leaves_qty: Decimal, now_ns: int) -> Order:
    qty = order.filled_qty + leaves_qty
    shrunk = msgspec.structs.replace(order, qty=qty, updated_ns=now_ns)
    record(state, shrunk)
    state.emit(Amended(now_ns, shrunk.account_id, shrunk))
    return shrunk


def _ended(order: Order, status: OrderStatus, reason: EndReason, now_ns: int) -> Order:
    return msgspec.structs.replace(order, status=status, reason=reason, updated_ns=now_ns)
