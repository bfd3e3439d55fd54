"""What trades amounted to, as REST and the streams write it: candles and day tickers."""

from decimal import Decimal

import msgspec
from msgspec import field

from services.paper_binance.exchange.bars import Bar
from services.paper_binance.wire.market_payloads import USDM
from services.paper_binance.wire.numbers import fixed, money
from services.paper_exchange.market.instruments import Contract
from services.paper_exchange.market.intervals import DAY_MS
from services.paper_exchange.units import ZERO

PERCENT = Decimal(100)
PERCENT_DECIMALS = 3
NO_TRADE = -1
UNUSED_FIELD = "0"
PERPETUAL = "PERPETUAL"

# One candle as REST writes it: times and the trade count are numbers, all else text.
Candle = tuple[int, str, str, str, str, str, int, str, int, str, str, str]


class KlineData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A candle as a stream writes it; a continuous one names no symbol."""

    open_ms: int = field(name="t")
    close_ms: int = field(name="T")
    symbol: str = field(name="s", default="")
    interval: str = field(name="i")
    first_id: int = field(name="f")
    last_id: int = field(name="L")
    open_px: str = field(name="o")
    close_px: str = field(name="c")
    high_px: str = field(name="h")
    low_px: str = field(name="l")
    volume: str = field(name="v")
    count: int = field(name="n")
    is_closed: bool = field(name="x")
    quote_volume: str = field(name="q")
    taker_buy_volume: str = field(name="V")
    taker_buy_quote: str = field(name="Q")
    unused: str = field(name="B")


class KlineEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="e", tag="kline"):
    """A candle changed, or ended."""

    event_ms: int = field(name="E")
    symbol: str = field(name="s")
    candle: KlineData = field(name="k")
    product: int = field(name="st", default=USDM)


class ContinuousKlineEvent(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="e", tag="continuous_kline"
):
    """A candle of a pair's contract type changed, or ended."""

    event_ms: int = field(name="E")
    pair: str = field(name="ps")
    contract_type: str = field(name="ct")
    candle: KlineData = field(name="k")
    product: int = field(name="st", default=USDM)


class MiniTickerEvent(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="e", tag="24hrMiniTicker"
):
    """The last day in short."""

    event_ms: int = field(name="E")
    symbol: str = field(name="s")
    close_px: str = field(name="c")
    open_px: str = field(name="o")
    high_px: str = field(name="h")
    low_px: str = field(name="l")
    volume: str = field(name="v")
    quote_volume: str = field(name="q")
    product: int = field(name="st", default=USDM)


class TickerEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="e", tag="24hrTicker"):
    """The last day."""

    event_ms: int = field(name="E")
    symbol: str = field(name="s")
    change: str = field(name="p")
    change_percent: str = field(name="P")
    average_px: str = field(name="w")
    close_px: str = field(name="c")
    last_qty: str = field(name="Q")
    open_px: str = field(name="o")
    high_px: str = field(name="h")
    low_px: str = field(name="l")
    volume: str = field(name="v")
    quote_volume: str = field(name="q")
    open_ms: int = field(name="O")
    close_ms: int = field(name="C")
    first_id: int = field(name="F")
    last_id: int = field(name="L")
    count: int = field(name="n")
    product: int = field(name="st", default=USDM)


class Ticker24hPayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the last day's trades looked like, over REST."""

    symbol: str
    price_change: str
    price_change_percent: str
    weighted_avg_price: str
    last_price: str
    last_qty: str
    open_price: str
    high_price: str
    low_price: str
    volume: str
    quote_volume: str
    open_time: int
    close_time: int
    first_id: int
    last_id: int
    count: int


def candle(bar: Bar, contract: Contract) -> Candle:
    shown = kline_data(bar, contract, "", is_closed=True)
    return (
        shown.open_ms,
        shown.open_px,
        shown.high_px,
        shown.low_px,
        shown.close_px,
        shown.volume,
        shown.close_ms,
        shown.quote_volume,
        shown.count,
        shown.taker_buy_volume,
        shown.taker_buy_quote,
        UNUSED_FIELD,
    )


def kline_data(
    bar: Bar, contract: Contract, interval: str, *, is_closed: bool, symbol: str = ""
) -> KlineData:
    px_decimals, qty_decimals = contract.price_decimals, contract.qty_decimals
    return KlineData(
        open_ms=bar.open_ms,
        close_ms=bar.close_ms,
        symbol=symbol,
        interval=interval,
        first_id=bar.first_id,
        last_id=bar.last_id,
        open_px=fixed(bar.open_px, px_decimals),
        close_px=fixed(bar.close_px, px_decimals),
        high_px=fixed(bar.high_px, px_decimals),
        low_px=fixed(bar.low_px, px_decimals),
        volume=fixed(bar.volume, qty_decimals),
        count=bar.count,
        is_closed=is_closed,
        quote_volume=money(bar.quote_volume),
        taker_buy_volume=fixed(bar.taker_buy_volume, qty_decimals),
        taker_buy_quote=money(bar.taker_buy_quote),
        unused=UNUSED_FIELD,
    )


def ticker_24h(day: Bar | None, contract: Contract, now_ms: int) -> Ticker24hPayload:
    """Return the day's figures; zeros before the first trade."""
    shown = day or _nothing(now_ms)
    change = shown.close_px - shown.open_px
    percent = change / shown.open_px * PERCENT if shown.open_px else ZERO
    average = shown.quote_volume / shown.volume if shown.volume else ZERO
    decimals = contract.price_decimals
    return Ticker24hPayload(
        symbol=contract.symbol,
        price_change=fixed(change, decimals),
        price_change_percent=fixed(percent, PERCENT_DECIMALS),
        weighted_avg_price=fixed(average, decimals),
        last_price=fixed(shown.close_px, decimals),
        last_qty=fixed(shown.last_qty, contract.qty_decimals),
        open_price=fixed(shown.open_px, decimals),
        high_price=fixed(shown.high_px, decimals),
        low_price=fixed(shown.low_px, decimals),
        volume=fixed(shown.volume, contract.qty_decimals),
        quote_volume=money(shown.quote_volume),
        open_time=now_ms - DAY_MS,
        close_time=now_ms,
        first_id=shown.first_id,
        last_id=shown.last_id,
        count=shown.count,
    )


def _nothing(now_ms: int) -> Bar:
    return Bar(now_ms - DAY_MS, now_ms, NO_TRADE, NO_TRADE, ZERO, ZERO, ZERO, ZERO, ZERO)


def ticker_event(day: Bar | None, contract: Contract, now_ms: int) -> TickerEvent:
    shown = ticker_24h(day, contract, now_ms)
    return TickerEvent(
        event_ms=now_ms,
        symbol=shown.symbol,
        change=shown.price_change,
        change_percent=shown.price_change_percent,
        average_px=shown.weighted_avg_price,
        close_px=shown.last_price,
        last_qty=shown.last_qty,
        open_px=shown.open_price,
        high_px=shown.high_price,
        low_px=shown.low_price,
        volume=shown.volume,
        quote_volume=shown.quote_volume,
        open_ms=shown.open_time,
        close_ms=shown.close_time,
        first_id=shown.first_id,
        last_id=shown.last_id,
        count=shown.count,
    )


def mini_ticker_event(day: Bar | None, contract: Contract, now_ms: int) -> MiniTickerEvent:
    shown = ticker_24h(day, contract, now_ms)
    return MiniTickerEvent(
        event_ms=now_ms,
        symbol=shown.symbol,
        close_px=shown.last_price,
        open_px=shown.open_price,
        high_px=shown.high_price,
        low_px=shown.low_price,
        volume=shown.volume,
        quote_volume=shown.quote_volume,
    )
