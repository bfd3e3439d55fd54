"""Stream names and connection paths: which category carries what (Binance docs, stream routing).

Names of individual trades are not documented for futures; clients hear them as public streams.

1. A stream of another category than the connection's subscribes with success and stays silent.
2. An unrouted connection carries public streams only, as production does since April 2026.
"""

import re
from enum import StrEnum
from urllib.parse import parse_qsl

import msgspec

from services.paper_exchange.market.intervals import INTERVALS


class Category(StrEnum):
    """What a connection may carry; UNROUTED is a path without a prefix."""

    PUBLIC = "public"
    MARKET = "market"
    PRIVATE = "private"
    UNROUTED = "unrouted"

    @property
    def carries(self) -> "Category":
        return Category.PUBLIC if self is Category.UNROUTED else self


class StreamKind(StrEnum):
    """The market data streams served here."""

    BOOK_TICKER = "bookTicker"
    DEPTH_DIFF = "depth"
    DEPTH_PARTIAL = "depthN"
    TRADE = "trade"
    AGG_TRADE = "aggTrade"
    MARK_PRICE = "markPrice"
    KLINE = "kline"
    CONTINUOUS_KLINE = "continuousKline"
    MINI_TICKER = "miniTicker"
    TICKER = "ticker"
    FORCE_ORDER = "forceOrder"


CATEGORY_OF = {
    StreamKind.BOOK_TICKER: Category.PUBLIC,
    StreamKind.DEPTH_DIFF: Category.PUBLIC,
    StreamKind.DEPTH_PARTIAL: Category.PUBLIC,
    StreamKind.TRADE: Category.PUBLIC,
    StreamKind.AGG_TRADE: Category.MARKET,
    StreamKind.MARK_PRICE: Category.MARKET,
    StreamKind.KLINE: Category.MARKET,
    StreamKind.CONTINUOUS_KLINE: Category.MARKET,
    StreamKind.MINI_TICKER: Category.MARKET,
    StreamKind.TICKER: Category.MARKET,
    StreamKind.FORCE_ORDER: Category.MARKET,
}

DEPTH_SPEEDS_MS = (100, 250, 500)
DEFAULT_DEPTH_MS = 250
RPI_DEPTH_MS = 500
MARK_PRICE_MS = 3_000
FAST_MARK_PRICE_MS = 1_000
KLINE_MS = 250
# Binance docs, the streams' update speeds; 0 is real time.
SPEEDS_MS = {
    "bookTicker": 0,
    "trade": 0,
    "aggTrade": 100,
    "miniTicker": 2_000,
    "ticker": 2_000,
    "forceOrder": 1_000,
}
ALL_SPEEDS_MS = {
    "!bookTicker": 5_000,
    "!miniTicker@arr": 1_000,
    "!ticker@arr": 1_000,
    "!forceOrder@arr": 1_000,
}

DEPTH = re.compile(r"([^@!]+)@depth(5|10|20)?(?:@(100|250|500)ms)?")
RPI_DEPTH = re.compile(r"([^@!]+)@rpiDepth@500ms")
MARK_PRICE = re.compile(r"(?:([^@!]+)@markPrice|!markPrice@arr)(@1s)?")
KLINE = re.compile(rf"([^@!]+)@kline_({'|'.join(INTERVALS)})")
CONTINUOUS = re.compile(rf"([^@!]+)_perpetual@continuousKline_({'|'.join(INTERVALS)})")
PLAIN = re.compile(rf"([^@!]+)@({'|'.join(SPEEDS_MS)})")


class Stream(msgspec.Struct, frozen=True):
    """One market data stream; `symbol` "" means all of them.

    `interval_ms` 0 is real time, `depth` 0 the whole book, `interval` the length of its candles.
    """

    kind: StreamKind
    symbol: str
    interval_ms: int = 0
    depth: int = 0
    interval: str = ""


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """What a WebSocket's address asks for."""

    category: Category
    is_combined: bool
    streams: tuple[str, ...] = ()
    listen_keys: tuple[str, ...] = ()
    events: tuple[frozenset[str], ...] = ()


def parse_stream(name: str) -> Stream | None:
    """Return the market data stream of this name, None when it is not served here."""
    if name in ALL_SPEEDS_MS:
        kind = StreamKind(name.removeprefix("!").removesuffix("@arr"))
        return Stream(kind, "", ALL_SPEEDS_MS[name])
    if found := PLAIN.fullmatch(name):
        return Stream(StreamKind(found[2]), found[1].upper(), SPEEDS_MS[found[2]])
    if found := MARK_PRICE.fullmatch(name):
        interval_ms = FAST_MARK_PRICE_MS if found[2] else MARK_PRICE_MS
        return Stream(StreamKind.MARK_PRICE, (found[1] or "").upper(), interval_ms)
    return _parse_depth(name) or _parse_candles(name)


def _parse_depth(name: str) -> Stream | None:
    if found := DEPTH.fullmatch(name):
        kind = StreamKind.DEPTH_PARTIAL if found[2] else StreamKind.DEPTH_DIFF
        interval_ms = int(found[3] or DEFAULT_DEPTH_MS)
        return Stream(kind, found[1].upper(), interval_ms, int(found[2] or 0))
    if found := RPI_DEPTH.fullmatch(name):
        return Stream(StreamKind.DEPTH_DIFF, found[1].upper(), RPI_DEPTH_MS)
    return None


def _parse_candles(name: str) -> Stream | None:
    for form, kind in ((KLINE, StreamKind.KLINE), (CONTINUOUS, StreamKind.CONTINUOUS_KLINE)):
        if found := form.fullmatch(name):
            return Stream(kind, found[1].upper(), KLINE_MS, interval=found[2])
    return None


def parse_connection(path: str, query: str) -> Connection | None:
    """Return what an address asks for, None when it is not a stream address.

    Accepted: `[/<category>]/ws[/<name>…]` and `[/<category>]/stream[?streams=<name>/…]`, and on
    both `listenKey=` (each with an `events=` that follows it); other query names are ignored.
    """
    parts = [part for part in path.split("/") if part]
    category = Category.UNROUTED
    if parts and parts[0] in {"public", "market", "private"}:
        category = Category(parts.pop(0))
    if not parts or parts[0] not in {"ws", "stream"}:
        return None
    pairs = parse_qsl(query)
    names = [*parts[1:], *(n for key, v in pairs if key == "streams" for n in v.split("/") if n)]
    keys, events = _listen_keys(pairs)
    return Connection(
        category=category,
        is_combined=parts[0] == "stream",
        streams=tuple(names),
        listen_keys=keys,
        events=events,
    )


def _listen_keys(
    pairs: list[tuple[str, str]],
) -> tuple[tuple[str, ...], tuple[frozenset[str], ...]]:
    """Return the keys and, for each, the event names it is limited to (none: all)."""
    keys: list[str] = []
    events: list[frozenset[str]] = []
    for name, value in pairs:
        if name == "listenKey":
            keys.append(value)
            events.append(frozenset())
        elif name == "events" and keys:
            events[-1] = frozenset(word for word in value.split("/") if word)
    return tuple(keys), tuple(events)
