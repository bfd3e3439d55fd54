"""A list of fills is asked for window by window, and what is not kept is told."""

from decimal import Decimal as D

import pytest

from tandem.domain.execution import ReportSource
from tandem.domain.ids import Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.order import Side
from tandem.domain.units import NS_PER_MS
from tandem.gateway.port.fill_windows import MARGIN_MS, FillLimits
from tandem.gateway.port.requests import FillsQuery
from tandem.messages.reports import FillReport

DAY = 86_400_000
NOW = 1_000 * DAY
WEEKS = FillLimits(window_ms=7 * DAY, kept_ms=90 * DAY)


def windows(limits: FillLimits, since_ms: int) -> list[tuple[int, int | None]]:
    query = FillsQuery((), since_ms)
    asked: FillsQuery | None = limits.first(query, NOW)
    found = []
    while asked is not None:
        found.append((asked.since_ms, asked.until_ms))
        asked = limits.following(query, asked, NOW)
    return found


def fill(number: int) -> FillReport:
    return FillReport(
        exc=Exc("v"),
        ticker=Ticker("SOL"),
        exec_id=ExecId(str(number)),
        venue_order_id=VenueOrderId("1"),
        side=Side.BUY,
        last_qty=D(1),
        last_px=D(1),
        source=ReportSource.QUERY,
        ts_event_ns=(500 + number) * NS_PER_MS,
    )


def test_d7_ten_days_are_two_windows_without_a_gap() -> None:
    since = NOW - 10 * DAY
    assert windows(WEEKS, since) == [(since, since + 7 * DAY - 1), (since + 7 * DAY, None)]


@pytest.mark.parametrize("ago", [0, 1, 7 * DAY - MARGIN_MS - 1])
def test_what_one_window_holds_is_asked_for_up_to_now(ago: int) -> None:
    assert windows(WEEKS, NOW - ago) == [(NOW - ago, None)]


def test_d7_a_window_that_ends_as_it_is_asked_for_is_followed_by_another() -> None:
    since = NOW - 7 * DAY + MARGIN_MS
    assert len(windows(WEEKS, since)) == 2


def test_d7_it_begins_where_the_venue_keeps_fills_and_says_what_is_lost() -> None:
    found = windows(WEEKS, NOW - 100 * DAY)

    assert found[0][0] == NOW - 90 * DAY
    assert [(until or NOW) + 1 for _, until in found[:-1]] == [since for since, _ in found[1:]]
    assert found[-1][1] is None
    assert WEEKS.lost_until_ms(FillsQuery((), NOW - 100 * DAY), {}, NOW) == NOW - 90 * DAY
    assert WEEKS.lost_until_ms(FillsQuery((), NOW - 89 * DAY), {}, NOW) is None


def test_a_venue_without_bounds_is_asked_once() -> None:
    assert windows(FillLimits(), 0) == [(0, None)]
    told = FillLimits().told([fill(1)])
    assert (told, FillLimits().lost_until_ms(FillsQuery((), 0), told, NOW)) == ({}, None)


def test_before_the_clock_is_measured_nothing_is_bounded() -> None:
    query = FillsQuery((), 5)
    assert WEEKS.first(query, 0) == query
    assert WEEKS.lost_until_ms(query, {}, 0) is None


def test_d7_as_many_fills_as_are_kept_mean_that_there_may_have_been_more() -> None:
    limits, query = FillLimits(kept_count=3), FillsQuery((), 5)
    told = [fill(1), fill(2), fill(2), fill(3)]

    assert limits.lost_until_ms(query, limits.told(told), NOW) == 501
    assert limits.lost_until_ms(query, limits.told(told[:3]), NOW) is None
