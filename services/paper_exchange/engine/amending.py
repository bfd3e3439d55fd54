"""What new terms do to an open limit order that keeps its ids (Binance docs, modify order).

1. Refused terms leave the order as it was.
2. A smaller quantity at the same price keeps the place in the queue; anything else loses it.
3. A quantity no larger than what is filled, or a post-only order amended across the book, cancels.
4. Self-trade prevention falls back to none.
"""

import msgspec

from services.paper_exchange.engine.checks import check_holdings, check_terms
from services.paper_exchange.engine.endings import cancel, record
from services.paper_exchange.engine.events import Amended
from services.paper_exchange.engine.orders import (
    AccountId,
    Amendment,
    EndReason,
    NewOrder,
    Order,
    OrderId,
    OrderRefused,
    Refusal,
    StpMode,
    TimeInForce,
)
from services.paper_exchange.engine.placing import settle_remainder, would_cross
from services.paper_exchange.engine.state import VenueState
from services.paper_exchange.engine.taking import take


def amend(
    state: VenueState, account_id: AccountId, order_id: OrderId, terms: Amendment, now_ns: int
) -> Order:
    """Carry out or refuse an amendment; return what became of the order."""
    known = state.ledger.get(order_id)
    if known is not None and known.is_market:
        raise OrderRefused(Refusal.AMEND_NOT_LIMIT, "order_id", order_id, "a limit order")
    order = state.ledger.open_order(account_id, order_id)
    _check(state, order, terms, now_ns)
    if terms.qty <= order.filled_qty:
        return cancel(state, order, EndReason.AMEND_BELOW_FILLED, now_ns)
    market = state.market(order.symbol)
    if order.tif is TimeInForce.POST_ONLY and would_cross(market, order.side, terms.px):
        return cancel(state, order, EndReason.AMEND_WOULD_CROSS, now_ns)
    if terms.px == order.px and terms.qty < order.qty:
        return _reported(state, _with_terms(order, terms, now_ns))
    market.unrest(order_id)
    amended = _reported(state, _with_terms(order, terms, now_ns))
    return settle_remainder(state, take(state, amended, terms.px, now_ns), now_ns)


def _check(state: VenueState, order: Order, terms: Amendment, now_ns: int) -> None:
    if terms.px == order.px and terms.qty == order.qty:
        raise OrderRefused(Refusal.AMEND_UNCHANGED, "px", terms.px, "px or qty must change")
    new = _as_new(order, terms)
    check_terms(state, order.account_id, new, now_ns)
    left = msgspec.structs.replace(new, qty=terms.qty - order.filled_qty)
    if left.qty > 0:
        check_holdings(state, order.account_id, left, order.order_id)


def _as_new(order: Order, terms: Amendment) -> NewOrder:
    return NewOrder(
        symbol=order.symbol,
        side=order.side,
        qty=terms.qty,
        px=terms.px,
        client_id=order.client_id,
        tif=order.tif,
        position_side=order.position_side,
        reduce_only=order.reduce_only,
        expire_at_ns=order.expire_at_ns,
    )


def _with_terms(order: Order, terms: Amendment, now_ns: int) -> Order:
    return msgspec.structs.replace(
        order,
        px=terms.px,
        qty=terms.qty,
        stp=StpMode.NONE,
        amend_count=order.amend_count + 1,
        updated_ns=now_ns,
    )


def _reported(state: VenueState, order: Order) -> Order:
    record(state, order)
    state.emit(Amended(order.updated_ns, order.account_id, order))
    return order
