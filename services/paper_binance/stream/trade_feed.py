"""What streams say of the trades that happened: candles, day tickers, forced orders.

1. A candle is told when it changed since it was told last, and once more, closed, when its time
   is over.
2. A symbol's ticker is told at every interval; among all tickers only what has changed.
3. Of the forced orders within an interval the largest of each symbol is told.
"""

from collections.abc import Iterator

import msgspec
from msgspec import field

from services.paper_binance.exchange.bars import Bar
from services.paper_binance.exchange.venue import Venue
from services.paper_binance.wire.bar_payloads import (
    PERPETUAL,
    ContinuousKlineEvent,
    KlineEvent,
    MiniTickerEvent,
    TickerEvent,
    kline_data,
    mini_ticker_event,
    ticker_event,
)
from services.paper_binance.wire.market_payloads import USDM
from services.paper_binance.wire.numbers import fixed, ms
from services.paper_binance.wire.order_payloads import average
from services.paper_binance.wire.stream_names import Stream, StreamKind
from services.paper_binance.wire.vocabulary import OrderType, note_of, status_of
from services.paper_exchange.engine.events import Filled
from services.paper_exchange.market.instruments import Contract
from services.paper_exchange.market.intervals import span_of
from services.paper_exchange.units import ZERO


class ForcedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that the venue made, as everybody may see it."""

    symbol: str = field(name="s")
    side: str = field(name="S")
    order_type: str = field(name="o")
    tif: str = field(name="f")
    qty: str = field(name="q")
    px: str = field(name="p")
    avg_px: str = field(name="ap")
    status: str = field(name="X")
    last_qty: str = field(name="l")
    cum_qty: str = field(name="z")
    ts_ms: int = field(name="T")


class ForceOrderEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="e", tag="forceOrder"):
    """A position was closed for its holder."""

    event_ms: int = field(name="E")
    order: ForcedOrder = field(name="o")
    product: int = field(name="st", default=USDM)


Kline = KlineEvent | ContinuousKlineEvent
Ticker = TickerEvent | MiniTickerEvent
TradeNews = Kline | Ticker | ForceOrderEvent | list[Ticker]


class _Told(msgspec.Struct):
    """How far a candle stream has come: the open candle, and the last trade that it told."""

    open_ms: int
    last_id: int | None = None


class TradeFeed:
    """The watched streams of this kind."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._candles: dict[Stream, _Told] = {}
        self._tickers: dict[Stream, dict[str, int]] = {}
        self._forced: dict[Stream, dict[str, Filled]] = {}

    def watch(self, stream: Stream, now_ms: int) -> None:
        if stream.kind in {StreamKind.KLINE, StreamKind.CONTINUOUS_KLINE}:
            self._candles[stream] = _Told(span_of(stream.interval, now_ms)[0])
        elif stream.kind in {StreamKind.TICKER, StreamKind.MINI_TICKER}:
            self._tickers[stream] = {}
        elif stream.kind is StreamKind.FORCE_ORDER:
            self._forced[stream] = {}

    def unwatch(self, stream: Stream) -> None:
        for watched in (self._candles, self._tickers, self._forced):
            watched.pop(stream, None)

    def observe_forced(self, filled: Filled) -> None:
        """Note what a forced order filled."""
        symbol = filled.order.symbol
        for stream, largest in self._forced.items():
            known = largest.get(symbol)
            if stream.symbol in {"", symbol} and (
                known is None or known.order.qty <= filled.order.qty
            ):
                largest[symbol] = filled

    def due(self, stream: Stream, now_ms: int) -> Iterator[TradeNews]:
        """Yield what a stream has to say at its interval."""
        if stream in self._candles:
            yield from self._due_candles(stream, now_ms)
        elif stream in self._tickers:
            yield from self._due_tickers(stream, now_ms)
        else:
            yield from self._due_forced(stream, now_ms)

    def _due_candles(self, stream: Stream, now_ms: int) -> Iterator[Kline]:
        contract = self._venue.contracts.get(stream.symbol)
        if contract is None:
            return
        told = self._candles[stream]
        open_ms, _ = span_of(stream.interval, now_ms)
        if told.open_ms != open_ms:
            ended = self._bar(stream, told.open_ms)
            if ended is not None:
                yield _kline(stream, contract, ended, now_ms, is_closed=True)
            told = self._candles[stream] = _Told(open_ms)
        bar = self._bar(stream, open_ms)
        if bar is not None and bar.last_id != told.last_id:
            told.last_id = bar.last_id
            yield _kline(stream, contract, bar, now_ms, is_closed=False)

    def _bar(self, stream: Stream, open_ms: int) -> Bar | None:
        minutes = self._venue.public_trades.minutes(stream.symbol)
        return minutes.span(*span_of(stream.interval, open_ms))

    def _due_tickers(self, stream: Stream, now_ms: int) -> Iterator[TradeNews]:
        if stream.symbol:
            if stream.symbol in self._venue.contracts:
                yield self._ticker(stream, stream.symbol, now_ms)
            return
        told = self._tickers[stream]
        changed: list[Ticker] = []
        for symbol in self._venue.contracts:
            day = self._venue.public_trades.minutes(symbol).day(now_ms)
            if day is not None and told.get(symbol) != day.last_id:
                told[symbol] = day.last_id
                changed.append(self._ticker(stream, symbol, now_ms))
        if changed:
            yield changed

    def _ticker(self, stream: Stream, symbol: str, now_ms: int) -> Ticker:
        day = self._venue.public_trades.minutes(symbol).day(now_ms)
        is_mini = stream.kind is StreamKind.MINI_TICKER
        write = mini_ticker_event if is_mini else ticker_event
        return write(day, self._venue.contract(symbol), now_ms)

    def _due_forced(self, stream: Stream, now_ms: int) -> Iterator[ForceOrderEvent]:
        largest = self._forced[stream]
        for filled in largest.values():
            contract = self._venue.contract(filled.order.symbol)
            yield ForceOrderEvent(event_ms=now_ms, order=_forced_order(filled, contract))
        largest.clear()


def _kline(stream: Stream, contract: Contract, bar: Bar, now_ms: int, *, is_closed: bool) -> Kline:
    if stream.kind is StreamKind.CONTINUOUS_KLINE:
        return ContinuousKlineEvent(
            event_ms=now_ms,
            pair=contract.symbol,
            contract_type=PERPETUAL,
            candle=kline_data(bar, contract, stream.interval, is_closed=is_closed),
        )
    data = kline_data(bar, contract, stream.interval, is_closed=is_closed, symbol=contract.symbol)
    return KlineEvent(event_ms=now_ms, symbol=contract.symbol, candle=data)


def _forced_order(filled: Filled, contract: Contract) -> ForcedOrder:
    order = filled.order
    return ForcedOrder(
        symbol=order.symbol,
        side=order.side.value,
        order_type=OrderType.LIMIT.value,
        tif=note_of(order).tif.value,
        qty=fixed(order.qty, contract.qty_decimals),
        px=fixed(order.px or order.avg_px or ZERO, contract.price_decimals),
        avg_px=average(order, contract),
        status=status_of(order),
        last_qty=fixed(filled.qty, contract.qty_decimals),
        cum_qty=fixed(order.filled_qty, contract.qty_decimals),
        ts_ms=ms(filled.ts_ns),
    )
