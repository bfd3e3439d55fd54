import pytest

from services.paper_exchange.market.intervals import DAY_MS, INTERVALS, span_of

# Wednesday, 10 June 2020, 12:34:56.789 UTC.
AT_MS = 1_591_792_496_789


@pytest.mark.parametrize(
    ("interval", "open_ms", "length_ms"),
    [
        ("1m", 1_591_792_440_000, 60_000),
        ("4h", 1_591_790_400_000, 4 * 3_600_000),
        ("1d", 1_591_747_200_000, DAY_MS),
        # Monday, 8 June.
        ("1w", 1_591_574_400_000, 7 * DAY_MS),
        ("1M", 1_590_969_600_000, 30 * DAY_MS),
    ],
)
def test_d3_candles_are_aligned_as_the_venue_aligns_them(
    interval: str, open_ms: int, length_ms: int
) -> None:
    assert span_of(interval, AT_MS) == (open_ms, open_ms + length_ms - 1)


def test_a_december_ends_with_its_year() -> None:
    open_ms, close_ms = span_of("1M", 1_609_459_199_999)

    assert (open_ms, close_ms) == (1_606_780_800_000, 1_609_459_199_999)


@pytest.mark.parametrize("interval", INTERVALS)
def test_spans_of_an_interval_leave_no_gap(interval: str) -> None:
    open_ms, close_ms = span_of(interval, AT_MS)

    assert open_ms <= AT_MS <= close_ms
    assert span_of(interval, open_ms) == (open_ms, close_ms)
    assert span_of(interval, close_ms + 1)[0] == close_ms + 1
