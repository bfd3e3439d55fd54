"""What a recorded tape says: lines of real venue messages to market events, read lazily.

A line is the local receive time in nanoseconds, a space, and the message as it arrived: Binance
USDⓈ-M combined streams (bookTicker, depth, trade) with a REST snapshot of the book, or
Hyperliquid channels (l2Book, trades). Events carry the receive time, which alone never runs
backwards across streams.
"""

import gzip
from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec

from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.events import (
    BookTicker,
    DepthDelta,
    DepthSnapshot,
    Level,
    Levels,
    MarketEvent,
    Trade,
)


class _BinanceDepth(msgspec.Struct, tag_field="e", tag="depthUpdate"):
    s: str
    u: int
    b: Levels
    a: Levels


class _BinanceTicker(msgspec.Struct, tag_field="e", tag="bookTicker"):
    s: str
    u: int
    b: Decimal
    B: Decimal
    a: Decimal
    A: Decimal


class _BinanceTrade(msgspec.Struct, tag_field="e", tag="trade"):
    s: str
    p: Decimal
    q: Decimal
    m: bool


class _BinanceFrame(msgspec.Struct):
    data: _BinanceDepth | _BinanceTicker | _BinanceTrade


class _BinanceSnapshot(msgspec.Struct):
    last_id: int = msgspec.field(name="lastUpdateId")
    bids: Levels
    asks: Levels


class _HyperliquidLevel(msgspec.Struct):
    px: Decimal
    sz: Decimal


class _HyperliquidBook(msgspec.Struct):
    coin: str
    levels: tuple[tuple[_HyperliquidLevel, ...], tuple[_HyperliquidLevel, ...]]


class _HyperliquidTrade(msgspec.Struct):
    coin: str
    px: Decimal
    sz: Decimal
    side: Literal["A", "B"]


class _HyperliquidBookFrame(msgspec.Struct, tag_field="channel", tag="l2Book"):
    data: _HyperliquidBook


class _HyperliquidTradesFrame(msgspec.Struct, tag_field="channel", tag="trades"):
    data: tuple[_HyperliquidTrade, ...]


_HyperliquidFrame = _HyperliquidBookFrame | _HyperliquidTradesFrame

_binance: msgspec.json.Decoder[_BinanceFrame] = msgspec.json.Decoder(_BinanceFrame)
_hyperliquid: msgspec.json.Decoder[_HyperliquidFrame] = msgspec.json.Decoder(_HyperliquidFrame)

_snapshot: msgspec.json.Decoder[_BinanceSnapshot] = msgspec.json.Decoder(_BinanceSnapshot)

_BINANCE_STREAM = b'{"stream"'
_BINANCE_SNAPSHOT = b'{"lastUpdateId"'
KEPT_DELTAS = 200


class TapeLineError(ValueError):
    """A tape holds a line that is not `<time> <message>` in a known format."""


def open_recording(path: Path) -> Iterator[MarketEvent]:
    """Read a recorded tape, gzipped when its name ends in .gz, a line at a time."""
    with path.open("rb") as file:
        yield from decode_lines(gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file)


def decode_lines(lines: Iterable[bytes]) -> Iterator[MarketEvent]:
    """Decode a tape's lines; a line that does not decode names its number."""
    recording = Recording()
    for number, line in enumerate(lines, start=1):
        received, _, message = line.partition(b" ")
        try:
            events = recording.decode(int(received), message)
        except (msgspec.MsgspecError, ValueError) as error:
            raise TapeLineError(f"tape line {number}: {error}") from error
        yield from events


class Recording:
    """Decodes one tape's messages in turn.

    A REST snapshot names no symbol and arrives later than deltas that are newer than it, so the
    latest deltas and book ticker are kept, and said again after it (Binance docs, how to manage a
    local order book).
    """

    def __init__(self) -> None:
        self._deltas: deque[DepthDelta] = deque(maxlen=KEPT_DELTAS)
        self._ticker: BookTicker | None = None

    def decode(self, ts_ns: int, message: bytes) -> tuple[MarketEvent, ...]:
        """Return what one venue message says, in its order."""
        if message.startswith(_BINANCE_STREAM):
            return (self._seen(_from_binance(ts_ns, _binance.decode(message).data)),)
        if message.startswith(_BINANCE_SNAPSHOT):
            return self._from_snapshot(ts_ns, _snapshot.decode(message))
        return _from_hyperliquid(ts_ns, _hyperliquid.decode(message))

    def _seen(self, event: MarketEvent) -> MarketEvent:
        if isinstance(event, DepthDelta):
            self._deltas.append(event)
        elif isinstance(event, BookTicker):
            self._ticker = event
        return event

    def _from_snapshot(self, ts_ns: int, snapshot: _BinanceSnapshot) -> tuple[MarketEvent, ...]:
        if not self._deltas:
            raise ValueError("a snapshot names no symbol and follows no depth message")
        symbol = self._deltas[-1].symbol
        events: list[MarketEvent] = [DepthSnapshot(symbol, ts_ns, snapshot.bids, snapshot.asks)]
        newer = (d for d in self._deltas if d.last_id > snapshot.last_id and d.symbol == symbol)
        events.extend(msgspec.structs.replace(delta, ts_ns=ts_ns) for delta in newer)
        if self._ticker is not None and self._ticker.symbol == symbol:
            events.append(msgspec.structs.replace(self._ticker, ts_ns=ts_ns))
        return tuple(events)


def _from_binance(ts_ns: int, data: _BinanceDepth | _BinanceTicker | _BinanceTrade) -> MarketEvent:
    if isinstance(data, _BinanceDepth):
        return DepthDelta(data.s, ts_ns, data.b, data.a, data.u)
    if isinstance(data, _BinanceTicker):
        return BookTicker(data.s, ts_ns, Level(data.b, data.B), Level(data.a, data.A), data.u)
    # m: the buyer is the maker, so the aggressor sold (Binance docs, trade streams).
    side = Side.SELL if data.m else Side.BUY
    return Trade(data.s, ts_ns, data.p, data.q, side)


def _from_hyperliquid(ts_ns: int, frame: _HyperliquidFrame) -> tuple[MarketEvent, ...]:
    if isinstance(frame, _HyperliquidBookFrame):
        bids, asks = (tuple(Level(at.px, at.sz) for at in side) for side in frame.data.levels)
        return (DepthSnapshot(frame.data.coin, ts_ns, bids, asks),)
    return tuple(
        Trade(t.coin, ts_ns, t.px, t.sz, Side.BUY if t.side == "B" else Side.SELL)
        for t in frame.data
    )
