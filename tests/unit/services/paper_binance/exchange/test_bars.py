from decimal import Decimal

from services.paper_binance.exchange.bars import Bar, Minutes
from services.paper_exchange.engine.events import Printed
from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.intervals import DAY_MS

MINUTE_MS = 60_000
BEGIN_MS = 1_590_969_600_000


def printed(trade_id: int, at_ms: int, px: str, side: Side = Side.BUY) -> Printed:
    ts_ns = (BEGIN_MS + at_ms) * 1_000_000
    return Printed(ts_ns, "SOLUSDT", trade_id, Decimal(px), Decimal(2), side, None, None)


def of(*prints: Printed) -> Minutes:
    minutes = Minutes()
    for one in prints:
        minutes.add(one)
    return minutes


def test_d3_a_bar_is_what_its_trades_were() -> None:
    minutes = of(
        printed(1, 0, "10"), printed(2, 1, "14"), printed(3, 59_999, "9", Side.SELL),
        printed(4, MINUTE_MS, "11", Side.SELL),
    )  # fmt: skip

    bar = minutes.span(BEGIN_MS, BEGIN_MS + MINUTE_MS - 1)

    assert bar == Bar(
        open_ms=BEGIN_MS, close_ms=BEGIN_MS + MINUTE_MS - 1, first_id=1, last_id=3,
        open_px=Decimal(10), high_px=Decimal(14), low_px=Decimal(9), close_px=Decimal(9),
        last_qty=Decimal(2), volume=Decimal(6), quote_volume=Decimal(66),
        taker_buy_volume=Decimal(4), taker_buy_quote=Decimal(48), count=3,
    )  # fmt: skip


def test_d3_minutes_add_up_to_longer_candles() -> None:
    minutes = of(*(printed(n, n * MINUTE_MS, str(10 + n)) for n in range(7)))

    first, second = minutes.candles("5m")

    assert (first.open_px, first.close_px, first.count) == (Decimal(10), Decimal(14), 5)
    assert (second.open_ms, second.first_id, second.last_id) == (BEGIN_MS + 5 * MINUTE_MS, 5, 6)
    assert minutes.candles("1m")[0].close_px == Decimal(10)


def test_a_span_without_a_trade_has_no_bar() -> None:
    minutes = of(printed(1, 0, "10"))

    assert minutes.span(BEGIN_MS + MINUTE_MS, BEGIN_MS + 2 * MINUTE_MS) is None
    assert minutes.day(BEGIN_MS + 2 * DAY_MS) is None
    assert Minutes().day(BEGIN_MS) is None


def test_a_clock_that_steps_back_begins_no_earlier_minute() -> None:
    minutes = of(printed(1, MINUTE_MS, "10"), printed(2, 0, "12"))

    (bar,) = minutes.candles("1m")

    assert (bar.open_ms, bar.count) == (BEGIN_MS + MINUTE_MS, 2)
