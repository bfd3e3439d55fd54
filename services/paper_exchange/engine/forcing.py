"""Fills that no order book asked for: the tape takes a resting order, the venue closes a position.

1. A forced fill is booked as any other: in the ledger, the position, the wallet and on the tape.
2. A forced close never takes more than the position and never turns it round.
"""

from decimal import ROUND_HALF_EVEN, Decimal

from services.paper_exchange.engine.events import Printed
from services.paper_exchange.engine.orders import (
    AccountId,
    NewOrder,
    Order,
    OrderRefused,
    Refusal,
    Side,
    TimeInForce,
)
from services.paper_exchange.engine.placing import new_order
from services.paper_exchange.engine.settlement import Execution, fill
from services.paper_exchange.engine.state import VenueState
from services.paper_exchange.market.instruments import round_px


def fill_resting(state: VenueState, order: Order, qty: Decimal, now_ns: int) -> Order:
    """Let the tape trade with a resting order at its price, whatever is queued ahead of it."""
    if order.px is None or not 0 < qty <= order.leaves_qty:
        rule = f"above 0 and at most {order.leaves_qty} of a resting limit order"
        raise OrderRefused(Refusal.MAX_QTY, "qty", qty, rule)
    trade = (order.px, qty)
    return _execute(state, order, trade, now_ns, is_maker=True)


def force_close(
    state: VenueState,
    position: tuple[AccountId, str],
    qty: Decimal | None,
    names: tuple[str, str],
    now_ns: int,
) -> Order:
    """Close a position at mark, all of it or `qty`, by an order of the venue's own.

    `position` is account and symbol, `names` the client id and label that the order carries.
    """
    (account_id, symbol), (client_id, label) = position, names
    market = state.market(symbol)
    amount = state.account(account_id).position(symbol).amount
    mark_px = market.mark_px() or market.last_px
    wanted = abs(amount) if qty is None else qty
    if mark_px is None or not 0 < wanted <= abs(amount) or wanted % market.contract.lot:
        rule = f"a multiple of {market.contract.lot}, at most the position of {amount}, with a mark"
        raise OrderRefused(Refusal.REDUCE_ONLY, "qty", wanted, rule)
    new = NewOrder(
        symbol=symbol,
        side=Side.SELL if amount > 0 else Side.BUY,
        qty=wanted,
        client_id=client_id,
        tif=TimeInForce.IOC,
        reduce_only=True,
        label=label,
    )
    order = new_order(state, account_id, new, now_ns)
    px = round_px(market.contract, mark_px, ROUND_HALF_EVEN)
    return _execute(state, order, (px, wanted), now_ns, is_maker=False)


def lots_of_half(qty: Decimal, lot: Decimal) -> Decimal:
    """Return half a quantity in whole lots; 0 when one lot is all there is."""
    return qty / 2 // lot * lot


def _execute(
    state: VenueState, order: Order, trade: tuple[Decimal, Decimal], now_ns: int, *, is_maker: bool
) -> Order:
    px, qty = trade
    trade_id = state.new_trade_id()
    state.market(order.symbol).last_px = px
    taker, maker = (None, order.order_id) if is_maker else (order.order_id, None)
    aggressor = order.side.opposite if is_maker else order.side
    state.emit(Printed(now_ns, order.symbol, trade_id, px, qty, aggressor, taker, maker))
    execution = Execution(
        px=px, qty=qty, is_maker=is_maker, trade_id=trade_id, counterparty_order_id=None
    )
    return fill(state, order, execution, now_ns)
