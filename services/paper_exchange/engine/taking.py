"""What an incoming order eats: the opposite side level by level, best price first.

1. Within a price, displayed size ahead of the first resting order trades before it, that order
   before later ones, and displayed size behind them last.
2. A fill happens at the price of the level, never worse than the taker's limit.
3. One block of displayed size, or one resting order, is one fill.
"""

from decimal import Decimal

import msgspec

from services.paper_exchange.engine.endings import end_reducing, expire, fillable_qty
from services.paper_exchange.engine.events import Printed
from services.paper_exchange.engine.orders import EndReason, Order, OrderId, Side, StpMode
from services.paper_exchange.engine.resting import Resting
from services.paper_exchange.engine.settlement import Execution, fill
from services.paper_exchange.engine.state import VenueState
from services.paper_exchange.market.market import Market, reaches


class Offer(msgspec.Struct, frozen=True):
    """What trades next on a side; `resting` is None for displayed size."""

    px: Decimal
    qty: Decimal
    resting: Resting | None


def best_offer(market: Market, side: Side) -> Offer | None:
    """The next block that a taker meets on a side, or None when the side is empty."""
    px = market.best_px(side)
    if px is None:
        return None
    displayed_qty = market.displayed.ladder(side).qty(px)
    queue = market.resting.side(side).queue(px)
    if not queue:
        return Offer(px, displayed_qty, None)
    ahead = min(queue[0].queue_ahead, displayed_qty)
    if ahead:
        return Offer(px, ahead, None)
    return Offer(px, queue[0].leaves_qty, queue[0])


def take(state: VenueState, order: Order, limit_px: Decimal | None, now_ns: int) -> Order:
    """Match an order until it is done, the book is, or its limit is; return what it became."""
    market = state.market(order.symbol)
    while (wanted := fillable_qty(state, order)) > 0:
        offer = best_offer(market, order.side.opposite)
        if offer is None or not reaches(order.side, limit_px, offer.px):
            break
        if offer.resting is None:
            order = _take_displayed(state, order, min(wanted, offer.qty), offer.px, now_ns)
        else:
            order = _meet(state, order, offer.resting, wanted, now_ns)
    return order


def _take_displayed(
    state: VenueState, order: Order, qty: Decimal, px: Decimal, now_ns: int
) -> Order:
    state.market(order.symbol).take_displayed(order.side.opposite, px, qty)
    trade_id = _print(state, order, (px, qty), None, now_ns)
    execution = Execution(
        px=px, qty=qty, is_maker=False, trade_id=trade_id, counterparty_order_id=None
    )
    return fill(state, order, execution, now_ns)


def _meet(state: VenueState, order: Order, resting: Resting, wanted: Decimal, now_ns: int) -> Order:
    maker = state.ledger.must_get(resting.order_id)
    if maker.account_id == order.account_id and order.stp is not StpMode.NONE:
        return _prevent_self_trade(state, order, maker, now_ns)
    offered = fillable_qty(state, maker)
    if not offered:
        end_reducing(state, maker, now_ns)
        return order
    return _match(state, order, maker, (resting.px, min(wanted, offered)), now_ns)


def _match(
    state: VenueState, taker: Order, maker: Order, at: tuple[Decimal, Decimal], now_ns: int
) -> Order:
    px, qty = at
    trade_id = _print(state, taker, at, maker.order_id, now_ns)
    fill(
        state,
        maker,
        Execution(
            px=px, qty=qty, is_maker=True, trade_id=trade_id, counterparty_order_id=taker.order_id
        ),
        now_ns,
    )
    return fill(
        state,
        taker,
        Execution(
            px=px, qty=qty, is_maker=False, trade_id=trade_id, counterparty_order_id=maker.order_id
        ),
        now_ns,
    )


def _prevent_self_trade(state: VenueState, taker: Order, maker: Order, now_ns: int) -> Order:
    """Carry out the taker's mode (Binance docs, self-trade prevention)."""
    if taker.stp in (StpMode.EXPIRE_MAKER, StpMode.EXPIRE_BOTH):
        expire(state, maker, EndReason.SELF_TRADE, now_ns)
    if taker.stp in (StpMode.EXPIRE_TAKER, StpMode.EXPIRE_BOTH):
        return expire(state, taker, EndReason.SELF_TRADE, now_ns)
    return taker


def _print(
    state: VenueState,
    taker: Order,
    at: tuple[Decimal, Decimal],
    maker_order_id: OrderId | None,
    now_ns: int,
) -> int:
    px, qty = at
    trade_id = state.new_trade_id()
    state.market(taker.symbol).last_px = px
    state.emit(
        Printed(now_ns, taker.symbol, trade_id, px, qty, taker.side, taker.order_id, maker_order_id)
    )
    return trade_id
