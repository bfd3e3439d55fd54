"""The public trades kept for REST: the latest prints, joined trades, candles and day figures.

1. Per symbol the latest KEPT_COUNT prints are kept, oldest first.
2. An aggregate joins consecutive prints of one taker order at one price.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby

import msgspec

from services.paper_binance.market_payloads import (
    AggTradeEvent,
    AggTradePayload,
    Ticker24hPayload,
    TradePrint,
)
from services.paper_binance.numbers import fixed, money, ms
from services.paper_exchange.events import Printed
from services.paper_exchange.instruments import Contract
from services.paper_exchange.orders import ZERO, Side

KEPT_COUNT = 20_000
DAY_MS = 86_400_000
PERCENT = Decimal(100)

# One candle as REST writes it: times and the trade count are numbers, all else text.
Candle = tuple[int, str, str, str, str, str, int, str, int, str, str, str]
UNUSED_FIELD = "0"


class PublicTrades:
    """The latest prints of every symbol."""

    def __init__(self) -> None:
        self._prints: dict[str, deque[Printed]] = {}

    def add(self, printed: Printed) -> None:
        self._prints.setdefault(printed.symbol, deque(maxlen=KEPT_COUNT)).append(printed)

    def latest(self, symbol: str, limit: int) -> list[Printed]:
        """Return the newest prints, oldest first."""
        return list(self._prints.get(symbol, ()))[-limit:]

    def since(self, symbol: str, start_ms: int) -> list[Printed]:
        return [p for p in self._prints.get(symbol, ()) if ms(p.ts_ns) >= start_ms]


class Aggregate(msgspec.Struct, frozen=True):
    """Prints joined into one trade."""

    prints: tuple[Printed, ...]

    @property
    def first(self) -> Printed:
        return self.prints[0]

    @property
    def last(self) -> Printed:
        return self.prints[-1]

    @property
    def qty(self) -> Decimal:
        return sum((printed.qty for printed in self.prints), ZERO)


def aggregates(prints: Iterable[Printed]) -> list[Aggregate]:
    """Join consecutive prints of one instant, side and price."""
    groups = groupby(prints, key=lambda printed: (printed.ts_ns, printed.side, printed.px))
    return [Aggregate(tuple(group)) for _, group in groups]


def agg_trade_event(joined: Aggregate, contract: Contract, now_ms: int) -> AggTradeEvent:
    qty = fixed(joined.qty, contract.qty_decimals)
    return AggTradeEvent(
        event_ms=now_ms,
        symbol=contract.symbol,
        agg_id=joined.first.trade_id,
        px=fixed(joined.first.px, contract.price_decimals),
        qty=qty,
        normal_qty=qty,
        first_trade_id=joined.first.trade_id,
        last_trade_id=joined.last.trade_id,
        ts_ms=ms(joined.first.ts_ns),
        buyer_is_maker=joined.first.side is Side.SELL,
    )


def agg_trade(joined: Aggregate, contract: Contract) -> AggTradePayload:
    event = agg_trade_event(joined, contract, 0)
    return AggTradePayload(
        agg_id=event.agg_id,
        px=event.px,
        qty=event.qty,
        normal_qty=event.normal_qty,
        first_trade_id=event.first_trade_id,
        last_trade_id=event.last_trade_id,
        ts_ms=event.ts_ms,
        buyer_is_maker=event.buyer_is_maker,
    )


def trade_print(printed: Printed, contract: Contract) -> TradePrint:
    return TradePrint(
        id=printed.trade_id,
        price=fixed(printed.px, contract.price_decimals),
        qty=fixed(printed.qty, contract.qty_decimals),
        quote_qty=money(printed.px * printed.qty),
        time=ms(printed.ts_ns),
        is_buyer_maker=printed.side is Side.SELL,
    )


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Prices and volumes of some prints."""

    open_px: Decimal
    high_px: Decimal
    low_px: Decimal
    close_px: Decimal
    volume: Decimal
    quote_volume: Decimal
    taker_buy_volume: Decimal
    taker_buy_quote: Decimal


def summarise(prints: Sequence[Printed]) -> Summary:
    """Summarise at least one print."""
    prices = [printed.px for printed in prints]
    bought = [printed for printed in prints if printed.side is Side.BUY]
    return Summary(
        open_px=prices[0],
        high_px=max(prices),
        low_px=min(prices),
        close_px=prices[-1],
        volume=_volume(prints),
        quote_volume=_quote_volume(prints),
        taker_buy_volume=_volume(bought),
        taker_buy_quote=_quote_volume(bought),
    )


def candles(prints: Iterable[Printed], contract: Contract, length_ms: int) -> list[Candle]:
    """Return one candle per interval that saw a trade."""
    by_interval = groupby(prints, key=lambda printed: ms(printed.ts_ns) // length_ms)
    return [_candle(tuple(group), contract, index, length_ms) for index, group in by_interval]


def _candle(prints: Sequence[Printed], contract: Contract, index: int, length_ms: int) -> Candle:
    summary, open_ms = summarise(prints), index * length_ms
    return (
        open_ms,
        fixed(summary.open_px, contract.price_decimals),
        fixed(summary.high_px, contract.price_decimals),
        fixed(summary.low_px, contract.price_decimals),
        fixed(summary.close_px, contract.price_decimals),
        fixed(summary.volume, contract.qty_decimals),
        open_ms + length_ms - 1,
        money(summary.quote_volume),
        len(prints),
        fixed(summary.taker_buy_volume, contract.qty_decimals),
        money(summary.taker_buy_quote),
        UNUSED_FIELD,
    )


def ticker_24h(prints: Sequence[Printed], contract: Contract, now_ms: int) -> Ticker24hPayload:
    """Return the day's figures; zeros before the first trade."""
    summary = summarise(prints) if prints else EMPTY
    change = summary.close_px - summary.open_px
    percent = change / summary.open_px * PERCENT if summary.open_px else ZERO
    average = summary.quote_volume / summary.volume if summary.volume else ZERO
    decimals = contract.price_decimals
    return Ticker24hPayload(
        symbol=contract.symbol,
        price_change=fixed(change, decimals),
        price_change_percent=fixed(percent, 3),
        weighted_avg_price=fixed(average, decimals),
        last_price=fixed(summary.close_px, decimals),
        last_qty=fixed(prints[-1].qty if prints else ZERO, contract.qty_decimals),
        open_price=fixed(summary.open_px, decimals),
        high_price=fixed(summary.high_px, decimals),
        low_price=fixed(summary.low_px, decimals),
        volume=fixed(summary.volume, contract.qty_decimals),
        quote_volume=money(summary.quote_volume),
        open_time=now_ms - DAY_MS,
        close_time=now_ms,
        first_id=prints[0].trade_id if prints else -1,
        last_id=prints[-1].trade_id if prints else -1,
        count=len(prints),
    )


EMPTY = Summary(
    open_px=ZERO,
    high_px=ZERO,
    low_px=ZERO,
    close_px=ZERO,
    volume=ZERO,
    quote_volume=ZERO,
    taker_buy_volume=ZERO,
    taker_buy_quote=ZERO,
)


def _volume(prints: Iterable[Printed]) -> Decimal:
    return sum((printed.qty for printed in prints), ZERO)


def _quote_volume(prints: Iterable[Printed]) -> Decimal:
    return sum((printed.px * printed.qty for printed in prints), ZERO)
