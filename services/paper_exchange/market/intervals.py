"""When candles begin and end, in UTC; weeks begin on Mondays (Binance docs, klines).

How Hyperliquid aligns weeks is not documented; here both venues' candles begin together.
"""

from datetime import UTC, datetime

from services.paper_exchange.units import MS_PER_S

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
MONTH = "1M"
MONTHS = 12
# Weeks begin on Mondays; the first Monday of the epoch was its fifth day.
FIRST_MONDAY_MS = 4 * DAY_MS

LENGTHS_MS = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": HOUR_MS,
    "2h": 2 * HOUR_MS,
    "4h": 4 * HOUR_MS,
    "6h": 6 * HOUR_MS,
    "8h": 8 * HOUR_MS,
    "12h": 12 * HOUR_MS,
    "1d": DAY_MS,
    "3d": 3 * DAY_MS,
    "1w": WEEK_MS,
}
INTERVALS = (*LENGTHS_MS, MONTH)


def span_of(interval: str, time_ms: int) -> tuple[int, int]:
    """Return the first millisecond of the candle that holds a time, and its last one."""
    if interval == MONTH:
        return _month(time_ms)
    length_ms = LENGTHS_MS[interval]
    offset_ms = FIRST_MONDAY_MS if length_ms == WEEK_MS else 0
    open_ms = time_ms - (time_ms - offset_ms) % length_ms
    return open_ms, open_ms + length_ms - 1


def _month(time_ms: int) -> tuple[int, int]:
    at = datetime.fromtimestamp(time_ms // MS_PER_S, UTC)
    years, month = divmod(at.month, MONTHS)
    first = datetime(at.year, at.month, 1, tzinfo=UTC)
    following = datetime(at.year + years, month + 1, 1, tzinfo=UTC)
    return _ms(first), _ms(following) - 1


def _ms(day: datetime) -> int:
    return int(day.timestamp()) * MS_PER_S
