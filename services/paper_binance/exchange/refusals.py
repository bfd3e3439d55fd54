"""Which venue code the engine's refusal becomes."""

from services.paper_binance.wire.errors import Code, VenueError
from services.paper_binance.wire.numbers import plain
from services.paper_exchange.engine.orders import OrderRefused, Refusal, Side
from services.paper_exchange.market.instruments import Contract

CODES = {
    Refusal.UNKNOWN_SYMBOL: Code.BAD_SYMBOL,
    Refusal.UNKNOWN_ACCOUNT: Code.REJECTED_KEY,
    Refusal.UNKNOWN_ORDER: Code.CANCEL_REJECTED,
    Refusal.DUPLICATE_OPEN_CLIENT_ID: Code.DUPLICATE_CLIENT_ID,
    Refusal.TICK: Code.PRICE_NOT_ON_TICK,
    Refusal.MIN_PRICE: Code.PRICE_BELOW_MIN,
    Refusal.MAX_PRICE: Code.PRICE_ABOVE_MAX,
    Refusal.LOT: Code.QTY_NOT_ON_STEP,
    Refusal.MIN_QTY: Code.QTY_BELOW_MIN,
    Refusal.MAX_QTY: Code.QTY_ABOVE_MAX,
    Refusal.GTD_BOUNDS: Code.INVALID_GOOD_TILL_DATE,
    Refusal.TOO_MANY_OPEN: Code.MAX_OPEN_ORDERS,
    Refusal.POSITION_SIDE: Code.POSITION_SIDE_MISMATCH,
    Refusal.REDUCE_ONLY: Code.REDUCE_ONLY_REJECT,
    Refusal.REDUCE_ONLY_COVERED: Code.REDUCE_ONLY_COVERED,
    Refusal.INSUFFICIENT_MARGIN: Code.MARGIN_NOT_SUFFICIENT,
    Refusal.WOULD_CROSS: Code.GTX_REJECTED,
    Refusal.FOK_UNFILLABLE: Code.FOK_REJECTED,
    Refusal.IOC_NO_MATCH: Code.UNABLE_TO_FILL,
    Refusal.NO_LIQUIDITY: Code.COUNTERPARTY_PRICE,
    Refusal.AMEND_UNCHANGED: Code.AMEND_UNCHANGED,
    Refusal.AMEND_NOT_LIMIT: Code.AMEND_LIMIT_ONLY,
    Refusal.MARGIN_MODE: Code.MARGIN_TYPE_POSITION,
}


def order_error(refused: OrderRefused, contract: Contract, side: Side) -> VenueError:
    """Return the refusal of a new order."""
    match refused.refusal:
        case Refusal.PRICE_BAND if side is Side.BUY:
            return VenueError(Code.PRICE_ABOVE_CAP, refused.rule)
        case Refusal.PRICE_BAND:
            return VenueError(Code.PRICE_BELOW_FLOOR, refused.rule)
        case Refusal.MIN_NOTIONAL:
            return VenueError(Code.MIN_NOTIONAL, plain(contract.min_notional))
        case Refusal.LEVERAGE:
            return VenueError(Code.INVALID_LEVERAGE, refused.value)
        case other:
            return VenueError(CODES[other])


def amend_error(refused: OrderRefused, contract: Contract, side: Side) -> VenueError:
    """Return the refusal of an amendment; the order stays as it was."""
    if refused.refusal is Refusal.MIN_NOTIONAL:
        return VenueError(Code.AMEND_MIN_NOTIONAL, plain(contract.min_notional))
    if refused.refusal is Refusal.UNKNOWN_ORDER:
        return VenueError(Code.NO_SUCH_ORDER)
    return order_error(refused, contract, side)
