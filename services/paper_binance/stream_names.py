"""Stream names and connection paths: which category carries what (Binance docs, stream routing).

1. A stream of another category than the connection's subscribes with success and stays silent.
2. An unrouted connection carries public streams only, as production does since April 2026.
"""

import re
from enum import StrEnum
from urllib.parse import parse_qsl

import msgspec


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
    AGG_TRADE = "aggTrade"
    MARK_PRICE = "markPrice"


CATEGORY_OF = {
    StreamKind.BOOK_TICKER: Category.PUBLIC,
    StreamKind.DEPTH_DIFF: Category.PUBLIC,
    StreamKind.DEPTH_PARTIAL: Category.PUBLIC,
    StreamKind.AGG_TRADE: Category.MARKET,
    StreamKind.MARK_PRICE: Category.MARKET,
}

DEPTH_SPEEDS_MS = (100, 250, 500)
DEFAULT_DEPTH_MS = 250
AGG_TRADE_MS = 100
MARK_PRICE_MS = 3_000
FAST_MARK_PRICE_MS = 1_000
ALL_BOOK_TICKERS_MS = 5_000

DEPTH = re.compile(r"([^@]+)@depth(5|10|20)?(?:@(100|250|500)ms)?")
MARK_PRICE = re.compile(r"(?:([^@!]+)@markPrice|!markPrice@arr)(@1s)?")
PLAIN = re.compile(r"([^@!]+)@(bookTicker|aggTrade)")


class Stream(msgspec.Struct, frozen=True):
    """One market data stream; `symbol` "" means all of them.

    `interval_ms` 0 is real time, `depth` 0 the whole book.
    """

    kind: StreamKind
    symbol: str
    interval_ms: int = 0
    depth: int = 0


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """What a WebSocket's address asks for."""

    category: Category
    is_combined: bool
    streams: tuple[str, ...] = ()
    listen_keys: tuple[str, ...] = ()
    events: tuple[frozenset[str], ...] = ()


def parse_stream(name: str) -> Stream | None:
    """Return the market data stream of this name, None when it is not served here."""
    if name == "!bookTicker":
        return Stream(StreamKind.BOOK_TICKER, "", ALL_BOOK_TICKERS_MS)
    if found := PLAIN.fullmatch(name):
        interval_ms = AGG_TRADE_MS if found[2] == "aggTrade" else 0
        return Stream(StreamKind(found[2]), found[1].upper(), interval_ms)
    if found := DEPTH.fullmatch(name):
        kind = StreamKind.DEPTH_PARTIAL if found[2] else StreamKind.DEPTH_DIFF
        interval_ms = int(found[3] or DEFAULT_DEPTH_MS)
        return Stream(kind, found[1].upper(), interval_ms, int(found[2] or 0))
    if found := MARK_PRICE.fullmatch(name):
        interval_ms = FAST_MARK_PRICE_MS if found[2] else MARK_PRICE_MS
        return Stream(StreamKind.MARK_PRICE, (found[1] or "").upper(), interval_ms)
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
