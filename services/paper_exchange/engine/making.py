"""When the tape fills resting orders: a public trade at or through them, or a book across them.

1. A trade at an order's price first consumes the displayed size queued ahead of it.
2. A trade beyond an order's price, or a displayed price that crosses it, fills it at its own price.
3. No more fills than traded, or than the crossing levels display; that size is then consumed.
"""

from decimal import Decimal

from services.paper_exchange.engine.endings import end_reducing, fillable_qty
from services.paper_exchange.engine.events import Printed
from services.paper_exchange.engine.orders import Side
from services.paper_exchange.engine.resting import Resting
from services.paper_exchange.engine.settlement import Execution, fill
from services.paper_exchange.engine.state import VenueState
from services.paper_exchange.market.events import Trade
from services.paper_exchange.market.market import Market, reaches
from services.paper_exchange.units import ZERO


def trade_through(state: VenueState, market: Market, trade: Trade, now_ns: int) -> None:
    """Print a public trade and fill the resting orders that it reaches."""
    trade_id = _print(state, market, trade, now_ns)
    resting_side = market.resting.side(trade.side.opposite)
    left = trade.qty
    for px in resting_side.prices():
        if not left or not reaches(trade.side, trade.px, px):
            break
        if px != trade.px:
            resting_side.cap_queue(px, ZERO)
        left = _trade_at(state, market, (trade.side.opposite, px), (left, trade_id), now_ns)


def _print(state: VenueState, market: Market, trade: Trade, now_ns: int) -> int:
    trade_id = state.new_trade_id()
    market.last_px = trade.px
    state.emit(Printed(now_ns, trade.symbol, trade_id, trade.px, trade.qty, trade.side, None, None))
    return trade_id


def _trade_at(
    state: VenueState,
    market: Market,
    where: tuple[Side, Decimal],
    traded: tuple[Decimal, int],
    now_ns: int,
) -> Decimal:
    """Let a traded quantity work through one price's queue; return what is left of it."""
    (side, px), (left, trade_id) = where, traded
    resting_side = market.resting.side(side)
    while left and (queue := resting_side.queue(px)):
        ahead = min(left, queue[0].queue_ahead)
        if ahead:
            resting_side.advance_queue(px, ahead)
            left -= ahead
        else:
            left -= _fill_resting(state, queue[0], left, trade_id, now_ns)
    return left


def cross(state: VenueState, market: Market, now_ns: int) -> None:
    """Fill the resting orders that the displayed book has moved across."""
    for side in Side:
        while _cross_once(state, market, side, now_ns):
            pass


def _cross_once(state: VenueState, market: Market, side: Side, now_ns: int) -> bool:
    """Fill the best resting order of a side from the level across it; False when none is."""
    px = market.resting.side(side).best_px()
    level = market.displayed.ladder(side.opposite).best()
    if px is None or level is None or not reaches(side, px, level.px):
        return False
    head = market.resting.side(side).queue(px)[0]
    trade_id = state.new_trade_id()
    qty = _fill_resting(state, head, level.qty, trade_id, now_ns)
    if qty:
        symbol = market.contract.symbol
        market.take_displayed(side.opposite, level.px, qty)
        market.last_px = px
        state.emit(Printed(now_ns, symbol, trade_id, px, qty, side.opposite, None, head.order_id))
    return True


def _fill_resting(
    state: VenueState, resting: Resting, available: Decimal, trade_id: int, now_ns: int
) -> Decimal:
    """Fill a resting order from the tape; return how much it took, 0 when it had to end."""
    maker = state.ledger.must_get(resting.order_id)
    qty = min(available, fillable_qty(state, maker))
    if not qty:
        end_reducing(state, maker, now_ns)
        return ZERO
    execution = Execution(
        px=resting.px, qty=qty, is_maker=True, trade_id=trade_id, counterparty_order_id=None
    )
    fill(state, maker, execution, now_ns)
    return qty
