"""Public market data as REST and the market streams show it."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec
from msgspec import field

from services.paper_binance.wire.numbers import fixed
from services.paper_exchange.market.events import Level, Levels
from services.paper_exchange.market.instruments import Contract
from services.paper_exchange.units import ZERO

USDM = 1
MARK_DECIMALS = 8
MARKET_TRADE = "MARKET"
FUNDING_INTERVAL_MS = 8 * 3_600_000
INTEREST_RATE = "0.00010000"
# This venue charges no funding, and says so.
FUNDING_RATE = "0.00000000"

PricedLevels = tuple[tuple[str, str], ...]


class BookTickerEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="e", tag="bookTicker"):
    """The best level of each side changed."""

    update_id: int = field(name="u")
    event_ms: int = field(name="E")
    ts_ms: int = field(name="T")
    symbol: str = field(name="s")
    pair: str = field(name="ps")
    bid_px: str = field(name="b")
    bid_qty: str = field(name="B")
    ask_px: str = field(name="a")
    ask_qty: str = field(name="A")
    product: int = field(name="st", default=USDM)


class DepthEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="e", tag="depthUpdate"):
    """Changed levels, or the top of the book."""

    event_ms: int = field(name="E")
    ts_ms: int = field(name="T")
    symbol: str = field(name="s")
    pair: str = field(name="ps")
    first_id: int = field(name="U")
    last_id: int = field(name="u")
    previous_id: int = field(name="pu")
    bids: PricedLevels = field(name="b")
    asks: PricedLevels = field(name="a")
    product: int = field(name="st", default=USDM)


class TradeEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="e", tag="trade"):
    """One trade."""

    event_ms: int = field(name="E")
    ts_ms: int = field(name="T")
    symbol: str = field(name="s")
    trade_id: int = field(name="t")
    px: str = field(name="p")
    qty: str = field(name="q")
    kind: str = field(name="X", default=MARKET_TRADE)
    buyer_is_maker: bool = field(name="m")
    product: int = field(name="st", default=USDM)


class AggTradeEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="e", tag="aggTrade"):
    """Trades of one taker side at one price, joined."""

    event_ms: int = field(name="E")
    symbol: str = field(name="s")
    agg_id: int = field(name="a")
    px: str = field(name="p")
    qty: str = field(name="q")
    normal_qty: str = field(name="nq")
    first_trade_id: int = field(name="f")
    last_trade_id: int = field(name="l")
    ts_ms: int = field(name="T")
    buyer_is_maker: bool = field(name="m")
    product: int = field(name="st", default=USDM)


class MarkPriceEvent(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="e", tag="markPriceUpdate"
):
    """Mark price and funding."""

    event_ms: int = field(name="E")
    symbol: str = field(name="s")
    mark_px: str = field(name="p")
    average_px: str = field(name="ap")
    index_px: str = field(name="i")
    settle_px: str = field(name="P")
    funding_rate: str = field(name="r")
    next_funding_ms: int = field(name="T")
    product: int = field(name="st", default=USDM)


class DepthPayload(msgspec.Struct, frozen=True, kw_only=True):
    """The book over REST and the WebSocket API."""

    last_update_id: int = field(name="lastUpdateId")
    event_ms: int = field(name="E")
    ts_ms: int = field(name="T")
    bids: PricedLevels
    asks: PricedLevels


class BookTickerPayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The best levels over REST."""

    symbol: str
    bid_price: str
    bid_qty: str
    ask_price: str
    ask_qty: str
    time: int
    last_update_id: int


class PricePayload(msgspec.Struct, frozen=True, kw_only=True):
    """The last price."""

    symbol: str
    price: str
    time: int


class PremiumIndexPayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Mark price and funding over REST."""

    symbol: str
    mark_price: str
    index_price: str
    estimated_settle_price: str
    last_funding_rate: str
    interest_rate: str
    next_funding_time: int
    time: int


class TradePrint(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A public trade over REST."""

    id: int
    price: str
    qty: str
    quote_qty: str
    time: int
    is_buyer_maker: bool
    is_rpi_trade: bool = field(name="isRPITrade")


class AggTradePayload(msgspec.Struct, frozen=True, kw_only=True):
    """A joined trade over REST."""

    agg_id: int = field(name="a")
    px: str = field(name="p")
    qty: str = field(name="q")
    normal_qty: str = field(name="nq")
    first_trade_id: int = field(name="f")
    last_trade_id: int = field(name="l")
    ts_ms: int = field(name="T")
    buyer_is_maker: bool = field(name="m")


class OpenInterestPayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How much of a contract is held open."""

    open_interest: str
    symbol: str
    time: int


def priced(levels: Iterable[Level], contract: Contract) -> PricedLevels:
    return tuple(
        (fixed(px, contract.price_decimals), fixed(qty, contract.qty_decimals))
        for px, qty in levels
    )


def best(levels: Levels, contract: Contract) -> tuple[str, str]:
    """Return price and quantity of the first level; zeros when there is none."""
    level = levels[0] if levels else Level(ZERO, ZERO)
    return fixed(level.px, contract.price_decimals), fixed(level.qty, contract.qty_decimals)


def mark_price_event(symbol: str, mark_px: Decimal, now_ms: int) -> MarkPriceEvent:
    text = fixed(mark_px, MARK_DECIMALS)
    return MarkPriceEvent(
        event_ms=now_ms,
        symbol=symbol,
        mark_px=text,
        average_px=text,
        index_px=text,
        settle_px=text,
        funding_rate=FUNDING_RATE,
        next_funding_ms=next_funding_ms(now_ms),
    )


def premium_index(symbol: str, mark_px: Decimal, now_ms: int) -> PremiumIndexPayload:
    text = fixed(mark_px, MARK_DECIMALS)
    return PremiumIndexPayload(
        symbol=symbol,
        mark_price=text,
        index_price=text,
        estimated_settle_price=text,
        last_funding_rate=FUNDING_RATE,
        interest_rate=INTEREST_RATE,
        next_funding_time=next_funding_ms(now_ms),
        time=now_ms,
    )


def next_funding_ms(now_ms: int) -> int:
    return (now_ms // FUNDING_INTERVAL_MS + 1) * FUNDING_INTERVAL_MS
