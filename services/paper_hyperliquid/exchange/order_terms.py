"""What a signed order asks for, in numbers: the step from the wire struct to the engine's order."""

from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from services.paper_exchange.engine.orders import NewOrder, Side, StpMode, TimeInForce
from services.paper_exchange.units import ZERO
from services.paper_hyperliquid.exchange.listings import Listing, listing_of_asset
from services.paper_hyperliquid.exchange.records import TriggerTerms
from services.paper_hyperliquid.wire.errors import BAD_ASSET, OrderError
from services.paper_hyperliquid.wire.schemas import OrderWire, Tif, TriggerKind
from services.paper_hyperliquid.wire.vocabulary import OrderType

_ENGINE_TIF: dict[str, TimeInForce] = {
    "Gtc": TimeInForce.GTC,
    "Alo": TimeInForce.POST_ONLY,
    "Ioc": TimeInForce.IOC,
    "FrontendMarket": TimeInForce.IOC,
}
_TRIGGER_TYPES = {
    ("sl", True): OrderType.STOP_MARKET,
    ("sl", False): OrderType.STOP_LIMIT,
    ("tp", True): OrderType.TAKE_PROFIT_MARKET,
    ("tp", False): OrderType.TAKE_PROFIT_LIMIT,
}


class Terms(Struct, frozen=True, kw_only=True):
    """One order's terms; `tif` None means that it waits for its trigger."""

    listing: Listing
    is_buy: bool
    px: Decimal
    size: Decimal
    reduce_only: bool
    cloid: str | None
    order_type: OrderType
    tif: Tif | None = None
    trigger: TriggerTerms | None = None
    is_position_tpsl: bool = False
    builder_rate: Decimal = ZERO


def terms_of(order: OrderWire) -> Terms:
    """Return an order's terms, or raise OrderError for an asset that does not trade."""
    listing = listing_of_asset(order.a)
    if listing is None:
        raise OrderError(BAD_ASSET)
    terms = Terms(
        listing=listing,
        is_buy=order.b,
        px=Decimal(order.p),
        size=Decimal(order.s),
        reduce_only=order.r,
        cloid=order.c,
        order_type=OrderType.LIMIT,
    )
    if order.t.limit is not None:
        return _with_limit(terms, order.t.limit.tif)
    return _with_trigger(terms, order.t.trigger) if order.t.trigger is not None else terms


def _with_limit(terms: Terms, tif: Tif) -> Terms:
    kind = OrderType.MARKET if tif == "FrontendMarket" else OrderType.LIMIT
    return replace(terms, tif=tif, order_type=kind)


def _with_trigger(terms: Terms, kind: TriggerKind) -> Terms:
    # A stop buys above and sells below the mark; a take-profit does the opposite.
    is_above = terms.is_buy == (kind.tpsl == "sl")
    trigger = TriggerTerms(Decimal(kind.trigger_px), is_above, kind.is_market, kind.tpsl)
    order_type = _TRIGGER_TYPES[kind.tpsl, kind.is_market]
    return replace(terms, trigger=trigger, order_type=order_type)


def engine_order(terms: Terms) -> NewOrder:
    """Return what the engine is to place; a fired market trigger is an IOC at its worst price."""
    tif = _ENGINE_TIF[terms.tif] if terms.tif is not None else _fired_tif(terms)
    return NewOrder(
        symbol=terms.listing.coin,
        side=Side.BUY if terms.is_buy else Side.SELL,
        qty=terms.size,
        px=terms.px,
        client_id=terms.cloid or "",
        tif=tif,
        reduce_only=terms.reduce_only,
        stp=StpMode.EXPIRE_MAKER,
    )


def _fired_tif(terms: Terms) -> TimeInForce:
    is_market = terms.trigger is not None and terms.trigger.is_market
    return TimeInForce.IOC if is_market else TimeInForce.GTC
