"""What trades amounted to: minutes as they happened, and longer spans merged from them.

1. Per symbol the latest MINUTES_KEPT minutes with a trade are kept, oldest first.
2. A merged bar equals the bar of all its trades; a span without a trade has none.
"""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from services.paper_binance.wire.numbers import ms
from services.paper_exchange.engine.events import Printed
from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.intervals import DAY_MS, MINUTE_MS, span_of
from services.paper_exchange.units import ZERO

MINUTES_KEPT = 5_000


class Bar(msgspec.Struct):
    """Prices, volumes and trade ids of a span; `close_ms` is its last millisecond."""

    open_ms: int
    close_ms: int
    first_id: int
    last_id: int
    open_px: Decimal
    high_px: Decimal
    low_px: Decimal
    close_px: Decimal
    last_qty: Decimal
    volume: Decimal = ZERO
    quote_volume: Decimal = ZERO
    taker_buy_volume: Decimal = ZERO
    taker_buy_quote: Decimal = ZERO
    count: int = 0

    def add(self, printed: Printed) -> None:
        """Take in the next trade."""
        px, qty = printed.px, printed.qty
        self.high_px = max(self.high_px, px)
        self.low_px = min(self.low_px, px)
        self.close_px, self.last_qty, self.last_id = px, qty, printed.trade_id
        quote = px * qty
        self.volume += qty
        self.quote_volume += quote
        self.count += 1
        if printed.side is Side.BUY:
            self.taker_buy_volume += qty
            self.taker_buy_quote += quote

    def merge(self, later: "Bar") -> None:
        """Take in the bar of a later span."""
        self.high_px = max(self.high_px, later.high_px)
        self.low_px = min(self.low_px, later.low_px)
        self.close_px, self.last_qty, self.last_id = later.close_px, later.last_qty, later.last_id
        self.volume += later.volume
        self.quote_volume += later.quote_volume
        self.taker_buy_volume += later.taker_buy_volume
        self.taker_buy_quote += later.taker_buy_quote
        self.count += later.count


class Minutes:
    """One symbol's latest minutes."""

    def __init__(self) -> None:
        self._bars: deque[Bar] = deque(maxlen=MINUTES_KEPT)

    def add(self, printed: Printed) -> None:
        open_ms = ms(printed.ts_ns) // MINUTE_MS * MINUTE_MS
        # A venue clock that steps back adds to the minute that was begun last.
        if not self._bars or self._bars[-1].open_ms < open_ms:
            self._bars.append(_begun(printed, open_ms))
        self._bars[-1].add(printed)

    def span(self, open_ms: int, close_ms: int) -> Bar | None:
        """Return the bar of a span; None when nothing traded in it."""
        inside: deque[Bar] = deque()
        for bar in reversed(self._bars):
            if bar.open_ms < open_ms:
                break
            if bar.open_ms <= close_ms:
                inside.appendleft(bar)
        return _merged(inside, open_ms, close_ms) if inside else None

    def day(self, now_ms: int) -> Bar | None:
        """Return the last 24 hours, to the minute."""
        return self.span(now_ms - DAY_MS, now_ms)

    def candles(self, interval: str) -> list[Bar]:
        """Return the candles of every span that saw a trade, oldest first."""
        spans: dict[tuple[int, int], list[Bar]] = {}
        for bar in self._bars:
            spans.setdefault(span_of(interval, bar.open_ms), []).append(bar)
        return [_merged(bars, *span) for span, bars in spans.items()]


def _begun(printed: Printed, open_ms: int) -> Bar:
    px = printed.px
    last_ms = open_ms + MINUTE_MS - 1
    return Bar(open_ms, last_ms, printed.trade_id, printed.trade_id, px, px, px, px, printed.qty)


def _merged(bars: Iterable[Bar], open_ms: int, close_ms: int) -> Bar:
    """Merge at least one bar into the bar of a span."""
    first, *later = bars
    merged = msgspec.structs.replace(first, open_ms=open_ms, close_ms=close_ms)
    for bar in later:
        merged.merge(bar)
    return merged
