"""What the market streams say and when: at once, or every so many milliseconds.

1. Depth diffs of one stream chain: each `pu` is the `u` before it, from the first subscription on.
2. A stream that nobody watches costs nothing; its diffs start again when it is watched.
"""

from collections.abc import Iterator

import msgspec

from services.paper_binance.exchange.public_trades import agg_trade_event, aggregates, trade_event
from services.paper_binance.exchange.venue import Venue
from services.paper_binance.stream.trade_feed import TradeFeed, TradeNews
from services.paper_binance.wire.market_payloads import (
    AggTradeEvent,
    BookTickerEvent,
    DepthEvent,
    MarkPriceEvent,
    TradeEvent,
    best,
    mark_price_event,
    priced,
)
from services.paper_binance.wire.stream_names import Stream, StreamKind
from services.paper_binance.wire.vocabulary import is_forced
from services.paper_exchange.engine.events import BookChanged, Event, Filled, Printed
from services.paper_exchange.market.depth import DepthTracker
from services.paper_exchange.units import ZERO

MarketData = BookTickerEvent | DepthEvent | TradeEvent | AggTradeEvent | MarkPriceEvent
StreamPayload = MarketData | list[MarkPriceEvent] | TradeNews


class MarketNews(msgspec.Struct, frozen=True):
    """One message of one stream."""

    stream: Stream
    payload: StreamPayload


class MarketFeed:
    """The watched market streams and what each has yet to say."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._watched: dict[Stream, int] = {}
        self._diffs: dict[Stream, DepthTracker] = {}
        self._prints: dict[Stream, list[Printed]] = {}
        self._best: dict[str, tuple[str, str, str, str]] = {}
        self._traded = TradeFeed(venue)

    def watch(self, stream: Stream, now_ms: int) -> None:
        """Begin a stream; it first speaks at its next interval."""
        if stream in self._watched:
            return
        self._watched[stream] = _next_due_ms(stream, now_ms)
        if stream.kind is StreamKind.DEPTH_DIFF and stream.symbol in self._venue.contracts:
            last_id = self._venue.engine.book(stream.symbol, 1).last_id
            self._diffs[stream] = DepthTracker(last_id)
        elif stream.kind is StreamKind.AGG_TRADE:
            self._prints[stream] = []
        self._traded.watch(stream, now_ms)

    def unwatch(self, stream: Stream) -> None:
        self._watched.pop(stream, None)
        self._diffs.pop(stream, None)
        self._prints.pop(stream, None)
        self._traded.unwatch(stream)

    def observe(self, events: list[Event], now_ms: int) -> Iterator[MarketNews]:
        """Note what happened; yield what real-time streams say about it."""
        for event in events:
            if isinstance(event, BookChanged):
                self._observe_diff(event)
                yield from self._book_tickers(event, now_ms)
            elif isinstance(event, Printed):
                self._observe_print(event)
                yield from self._trades(event, now_ms)
            elif isinstance(event, Filled) and is_forced(event.order):
                self._traded.observe_forced(event)

    def tick(self, now_ms: int) -> Iterator[MarketNews]:
        """Yield what is due by now on the streams with an interval."""
        due = [s for s, due_ms in self._watched.items() if s.interval_ms and due_ms <= now_ms]
        for stream in due:
            self._watched[stream] = _next_due_ms(stream, now_ms)
            yield from self._due(stream, now_ms)

    def _observe_diff(self, event: BookChanged) -> None:
        for stream, tracker in self._diffs.items():
            if stream.symbol == event.symbol:
                tracker.observe(event)

    def _observe_print(self, event: Printed) -> None:
        for stream, prints in self._prints.items():
            if stream.symbol == event.symbol:
                prints.append(event)

    def _trades(self, event: Printed, now_ms: int) -> Iterator[MarketNews]:
        stream = Stream(StreamKind.TRADE, event.symbol)
        if stream in self._watched:
            contract = self._venue.contract(event.symbol)
            yield MarketNews(stream, trade_event(event, contract, now_ms))

    def _book_tickers(self, event: BookChanged, now_ms: int) -> Iterator[MarketNews]:
        stream = Stream(StreamKind.BOOK_TICKER, event.symbol)
        if stream not in self._watched:
            return
        ticker = self._book_ticker(event.symbol, now_ms)
        top = (ticker.bid_px, ticker.bid_qty, ticker.ask_px, ticker.ask_qty)
        if self._best.get(event.symbol) != top:
            self._best[event.symbol] = top
            yield MarketNews(stream, ticker)

    def _due(self, stream: Stream, now_ms: int) -> Iterator[MarketNews]:
        tellers = {
            StreamKind.DEPTH_DIFF: self._diff,
            StreamKind.DEPTH_PARTIAL: self._partial,
            StreamKind.AGG_TRADE: self._agg_trades,
            StreamKind.MARK_PRICE: self._marks,
            StreamKind.BOOK_TICKER: self._all_book_tickers,
        }
        tell = tellers.get(stream.kind, self._told_of_trades)
        return tell(stream, now_ms)

    def _told_of_trades(self, stream: Stream, now_ms: int) -> Iterator[MarketNews]:
        for payload in self._traded.due(stream, now_ms):
            yield MarketNews(stream, payload)

    def _diff(self, stream: Stream, now_ms: int) -> Iterator[MarketNews]:
        tracker = self._diffs.get(stream)
        diff = tracker.publish() if tracker is not None else None
        if diff is None:
            return
        contract = self._venue.contract(stream.symbol)
        event = DepthEvent(
            event_ms=now_ms,
            ts_ms=now_ms,
            symbol=contract.symbol,
            pair=contract.symbol,
            first_id=diff.first_id,
            last_id=diff.last_id,
            previous_id=diff.prev_id,
            bids=priced(diff.bids, contract),
            asks=priced(diff.asks, contract),
        )
        yield MarketNews(stream, event)

    def _partial(self, stream: Stream, now_ms: int) -> Iterator[MarketNews]:
        contract = self._venue.contracts.get(stream.symbol)
        if contract is None:
            return
        view = self._venue.engine.book(stream.symbol, stream.depth)
        event = DepthEvent(
            event_ms=now_ms,
            ts_ms=now_ms,
            symbol=contract.symbol,
            pair=contract.symbol,
            first_id=view.last_id,
            last_id=view.last_id,
            previous_id=view.last_id - 1,
            bids=priced(view.bids, contract),
            asks=priced(view.asks, contract),
        )
        yield MarketNews(stream, event)

    def _agg_trades(self, stream: Stream, now_ms: int) -> Iterator[MarketNews]:
        prints = self._prints.get(stream, [])
        joined_prints = aggregates(prints)
        prints.clear()
        for joined in joined_prints:
            contract = self._venue.contract(stream.symbol)
            yield MarketNews(stream, agg_trade_event(joined, contract, now_ms))

    def _all_book_tickers(self, stream: Stream, now_ms: int) -> Iterator[MarketNews]:
        for symbol in self._venue.contracts:
            yield MarketNews(stream, self._book_ticker(symbol, now_ms))

    def _marks(self, stream: Stream, now_ms: int) -> Iterator[MarketNews]:
        if stream.symbol in self._venue.contracts:
            yield MarketNews(stream, self._mark(stream.symbol, now_ms))
        elif not stream.symbol:
            marks = [self._mark(symbol, now_ms) for symbol in self._venue.contracts]
            yield MarketNews(stream, marks)

    def _mark(self, symbol: str, now_ms: int) -> MarkPriceEvent:
        return mark_price_event(symbol, self._venue.engine.mark_px(symbol) or ZERO, now_ms)

    def _book_ticker(self, symbol: str, now_ms: int) -> BookTickerEvent:
        contract = self._venue.contract(symbol)
        view = self._venue.engine.book(symbol, 1)
        bid_px, bid_qty = best(view.bids, contract)
        ask_px, ask_qty = best(view.asks, contract)
        return BookTickerEvent(
            update_id=view.last_id,
            event_ms=now_ms,
            ts_ms=now_ms,
            symbol=symbol,
            pair=symbol,
            bid_px=bid_px,
            bid_qty=bid_qty,
            ask_px=ask_px,
            ask_qty=ask_qty,
        )


def _next_due_ms(stream: Stream, now_ms: int) -> int:
    """Return the next multiple of the stream's interval, as all connections share it."""
    interval_ms = stream.interval_ms or 1
    return (now_ms // interval_ms + 1) * interval_ms
