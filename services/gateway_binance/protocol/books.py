"""Public frames to books and marks: the newest top over the newest twenty levels.

1. A partial depth frame is the whole top; a newer best price (by update id) trims what it
   overtook and never waits for the next depth frame.
2. A book's time never goes back. An event older than the held one of its kind changes nothing,
   twice in a row; the third says that the held one was not the venue's: a socket tells in order,
   and one wrong id must not shut out every true event.
3. Streams that carry both markets are filtered: `st` 2 is COIN-M.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

import msgspec
from msgspec import Struct, field

from services.gateway_binance.protocol.vocabulary import ns_of_ms
from tandem.domain.ids import Ticker
from tandem.gateway.port.channel import BookUpdate, Level, MarkUpdate
from tandem.gateway.port.decoding import UnreadableError, decode, usable

COIN_MARGINED = 2
MAX_OLDER = 2
Levels = tuple[Level, ...]
Pair = tuple[Decimal, Decimal]


class BookTicker(Struct, frozen=True, kw_only=True, tag_field="e", tag="bookTicker"):
    update_id: int = field(name="u")
    event_ms: int = field(name="E", default=0)
    time_ms: int = field(name="T", default=0)
    symbol: str = field(name="s")
    bid_px: Decimal = field(name="b")
    bid_qty: Decimal = field(name="B")
    ask_px: Decimal = field(name="a")
    ask_qty: Decimal = field(name="A")
    market: int = field(name="st", default=1)


class DepthUpdate(Struct, frozen=True, kw_only=True, tag_field="e", tag="depthUpdate"):
    event_ms: int = field(name="E", default=0)
    time_ms: int = field(name="T", default=0)
    symbol: str = field(name="s")
    update_id: int = field(name="u")
    bids: tuple[Pair, ...] = field(name="b")
    asks: tuple[Pair, ...] = field(name="a")
    market: int = field(name="st", default=1)


class MarkPriceUpdate(Struct, frozen=True, kw_only=True, tag_field="e", tag="markPriceUpdate"):
    event_ms: int = field(name="E")
    symbol: str = field(name="s")
    mark: Decimal = field(name="p")
    market: int = field(name="st", default=1)


MarketEvent = BookTicker | DepthUpdate | MarkPriceUpdate


class _Wrapped(Struct, frozen=True):
    data: MarketEvent


_wrapped = msgspec.json.Decoder(_Wrapped)


def decode_market_frame(frame: bytes) -> MarketEvent | None:
    """Return the market event of a combined stream's frame, None for any other frame."""
    try:
        event = decode(_wrapped, frame).data
    except UnreadableError:
        return None
    return None if event.market == COIN_MARGINED else event


def mark_update(event: MarkPriceUpdate) -> MarkUpdate:
    return MarkUpdate(Ticker(event.symbol), usable(event.mark, "p"), ns_of_ms(event.event_ms))


@dataclass(frozen=True, slots=True)
class BookView:
    """What is known of one book: the last depth frame, the last best prices, the newest time.

    `depth_id` and `top_id` are the venue's update ids of both, -1 before the first; the counts say
    how many events in a row were older.
    """

    depth_id: int = -1
    bids: Levels = ()
    asks: Levels = ()
    top_id: int = -1
    best_bid: Level | None = None
    best_ask: Level | None = None
    time_ms: int = 0
    older_depths: int = 0
    older_tops: int = 0

    def with_event(self, event: BookTicker | DepthUpdate) -> "BookView":
        """Return the view after one event; an older one changes nothing twice.

        Raises:
            UnreadableError: a number that no book can have.
        """
        time_ms = max(self.time_ms, event.time_ms or event.event_ms)
        if isinstance(event, BookTicker):
            return self._with_top(event, time_ms)
        return self._with_depth(event, time_ms)

    def _with_top(self, event: BookTicker, time_ms: int) -> "BookView":
        if event.update_id < self.top_id and self.older_tops < MAX_OLDER:
            return replace(self, time_ms=time_ms, older_tops=self.older_tops + 1)
        bid, ask = _level(event.bid_px, event.bid_qty), _level(event.ask_px, event.ask_qty)
        depth = (self.depth_id, self.bids, self.asks)
        return BookView(*depth, event.update_id, bid, ask, time_ms, self.older_depths, 0)

    def _with_depth(self, event: DepthUpdate, time_ms: int) -> "BookView":
        if event.update_id < self.depth_id and self.older_depths < MAX_OLDER:
            return replace(self, time_ms=time_ms, older_depths=self.older_depths + 1)
        bids, asks = _levels(event.bids), _levels(event.asks)
        top = (self.top_id, self.best_bid, self.best_ask)
        return BookView(event.update_id, bids, asks, *top, time_ms, 0, self.older_tops)

    def update(self, ticker: Ticker) -> BookUpdate:
        """Return the whole top of the book as it stands."""
        bids, asks, bid, ask = self.bids, self.asks, self.best_bid, self.best_ask
        if bid is not None and ask is not None and self.top_id > self.depth_id:
            bids = _with_best([each for each in bids if each.price < bid.price], bid)
            asks = _with_best([each for each in asks if each.price > ask.price], ask)
        return BookUpdate(ticker, bids, asks, ns_of_ms(self.time_ms))


def _levels(pairs: tuple[Pair, ...]) -> Levels:
    return tuple([_level(price, qty) for price, qty in pairs])


def _level(price: Decimal, qty: Decimal) -> Level:
    return Level(usable(price, "book price"), usable(qty, "book quantity"))


def _with_best(behind: list[Level], best: Level) -> Levels:
    """Return a side with its best level, or an empty one: quantity 0 means that it is empty."""
    return (best, *behind) if best.qty else ()
