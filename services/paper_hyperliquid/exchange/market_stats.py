"""What the venue remembers of public trading: latest trades, day volume, one-minute candles.

Sizes are bounded: RECENT_MAX trades and MINUTES_MAX candles per coin.
"""

from collections import deque
from decimal import Decimal
from typing import Final, Literal, get_args

from msgspec import Struct

from services.paper_exchange.engine.events import Printed
from services.paper_exchange.engine.orders import AccountId, OrderId, Side
from services.paper_exchange.market.intervals import span_of
from services.paper_exchange.units import ZERO
from services.paper_hyperliquid.auth.nonces import DAY_MS
from services.paper_hyperliquid.wire.market_payloads import Candle, TradeRow
from services.paper_hyperliquid.wire.numbers import ms_of, text_of
from services.paper_hyperliquid.wire.rows import hash_of, side_letter, tid_of

RECENT_MAX: Final = 100
MINUTES_MAX: Final = 5_000
MINUTE_MS: Final = 60_000
TAPE_ADDRESS: Final = AccountId("0x" + "ee" * 20)

# Hyperliquid docs, candle snapshot.
Interval = Literal[
    "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d", "3d", "1w", "1M"
]
INTERVALS: Final = frozenset(get_args(Interval))


class Bar(Struct):
    """Open, high, low, close and volume of a span of time."""

    start_ms: int
    open_px: Decimal
    high_px: Decimal
    low_px: Decimal
    close_px: Decimal
    base_volume: Decimal = ZERO
    quote_volume: Decimal = ZERO
    count: int = 0

    def add(self, px: Decimal, qty: Decimal) -> None:
        self.high_px = max(self.high_px, px)
        self.low_px = min(self.low_px, px)
        self.close_px = px
        self.base_volume += qty
        self.quote_volume += px * qty
        self.count += 1

    def merge(self, later: "Bar") -> None:
        """Take in a later bar."""
        self.high_px = max(self.high_px, later.high_px)
        self.low_px = min(self.low_px, later.low_px)
        self.close_px = later.close_px
        self.base_volume += later.base_volume
        self.quote_volume += later.quote_volume
        self.count += later.count


class CoinStats:
    """One coin's trading."""

    def __init__(self) -> None:
        self.recent: deque[TradeRow] = deque(maxlen=RECENT_MAX)
        self._minutes: deque[Bar] = deque(maxlen=MINUTES_MAX)

    def add(self, trade: Printed, row: TradeRow) -> None:
        """Take in one trade and the row it is published as."""
        self.recent.append(row)
        start_ms = row.time - row.time % MINUTE_MS
        if not self._minutes or self._minutes[-1].start_ms != start_ms:
            self._minutes.append(Bar(start_ms, trade.px, trade.px, trade.px, trade.px))
        self._minutes[-1].add(trade.px, trade.qty)

    def day(self, now_ms: int) -> Bar | None:
        """Return the last 24 hours as one bar; None when nothing traded."""
        bars = [bar for bar in self._minutes if bar.start_ms > now_ms - DAY_MS]
        return _merged(bars, now_ms - DAY_MS) if bars else None

    def latest(self, interval: str, now_ms: int) -> Bar | None:
        """Return the candle that is open now; None when nothing traded in it."""
        start_ms, _ = span_of(interval, now_ms)
        bars: deque[Bar] = deque()
        for bar in reversed(self._minutes):
            if bar.start_ms < start_ms:
                break
            bars.appendleft(bar)
        return _merged(list(bars), start_ms) if bars else None

    def quote_volume(self, start_ms: int, end_ms: int) -> Decimal:
        """Return what the minutes that are kept of a span add up to."""
        kept = (bar for bar in self._minutes if start_ms <= bar.start_ms <= end_ms)
        return sum((bar.quote_volume for bar in kept), ZERO)

    def candles(self, interval: str, start_ms: int, end_ms: int) -> list[Bar]:
        """Return the bars of an interval that start within a range, oldest first."""
        spans: dict[int, list[Bar]] = {}
        for bar in self._minutes:
            spans.setdefault(span_of(interval, bar.start_ms)[0], []).append(bar)
        return [_merged(bars, span) for span, bars in spans.items() if start_ms <= span <= end_ms]


def _merged(bars: list[Bar], start_ms: int) -> Bar:
    first = bars[0]
    merged = Bar(start_ms, first.open_px, first.high_px, first.low_px, first.close_px)
    for bar in bars:
        merged.merge(bar)
    return merged


def candle_row(coin: str, interval: str, bar: Bar) -> Candle:
    return Candle(
        t=bar.start_ms,
        T=span_of(interval, bar.start_ms)[1],
        s=coin,
        i=interval,
        o=text_of(bar.open_px),
        c=text_of(bar.close_px),
        h=text_of(bar.high_px),
        l=text_of(bar.low_px),
        v=text_of(bar.base_volume),
        n=bar.count,
    )


def trade_row(trade: Printed, users: tuple[str, str]) -> TradeRow:
    """Return a public trade between a buyer and a seller."""
    return TradeRow(
        coin=trade.symbol,
        side=side_letter(trade.side is Side.BUY),
        px=text_of(trade.px),
        sz=text_of(trade.qty),
        time=ms_of(trade.ts_ns),
        hash=hash_of(trade.trade_id),
        tid=tid_of(trade.trade_id, _id(trade.taker_order_id) + _id(trade.maker_order_id)),
        users=users,
    )


def _id(order_id: OrderId | None) -> int:
    return 0 if order_id is None else int(order_id)
