"""What an account pays and why: the one rate of this venue, and the volumes of the last days."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from services.paper_exchange.market.intervals import DAY_MS, span_of
from services.paper_exchange.units import MS_PER_S, ZERO
from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.exchange.market_stats import CoinStats
from services.paper_hyperliquid.exchange.outbox import FillOf
from services.paper_hyperliquid.wire.account_payloads import DayVolume, FeeScheduleRow, FeesRow
from services.paper_hyperliquid.wire.numbers import ms_of, text_of

DAYS_SHOWN: Final = 15
# Hyperliquid docs, fees: the base rates of spot, which does not trade here.
SPOT_TAKER: Final = "0.0007"
SPOT_MAKER: Final = "0.0004"


def user_fees(
    settings: Settings, fills: Sequence[FillOf], stats: Iterable[CoinStats], now_ms: int
) -> FeesRow:
    """Return the rates and, oldest first, the volumes of each of the last days."""
    cross, add = text_of(settings.taker_fee), text_of(settings.maker_fee)
    today_ms, _ = span_of("1d", now_ms)
    first_ms = today_ms - (DAYS_SHOWN - 1) * DAY_MS
    coins = tuple(stats)
    return FeesRow(
        daily_user_vlm=tuple(
            _day(start_ms, fills, coins) for start_ms in range(first_ms, today_ms + 1, DAY_MS)
        ),
        fee_schedule=FeeScheduleRow(
            cross=cross, add=add, spot_cross=SPOT_TAKER, spot_add=SPOT_MAKER
        ),
        user_cross_rate=cross,
        user_add_rate=add,
        user_spot_cross_rate=SPOT_TAKER,
        user_spot_add_rate=SPOT_MAKER,
    )


def _day(start_ms: int, fills: Sequence[FillOf], coins: tuple[CoinStats, ...]) -> DayVolume:
    end_ms = start_ms + DAY_MS - 1
    mine = [one.fill for one in fills if start_ms <= ms_of(one.fill.ts_ns) <= end_ms]
    everybody = sum((coin.quote_volume(start_ms, end_ms) for coin in coins), ZERO)
    return DayVolume(
        date=datetime.fromtimestamp(start_ms // MS_PER_S, UTC).date().isoformat(),
        user_cross=text_of(_notional(f.px * f.qty for f in mine if not f.is_maker)),
        user_add=text_of(_notional(f.px * f.qty for f in mine if f.is_maker)),
        exchange=text_of(everybody),
    )


def _notional(values: Iterable[Decimal]) -> Decimal:
    return sum(values, ZERO)
