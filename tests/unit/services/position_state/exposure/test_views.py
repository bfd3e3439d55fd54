from decimal import Decimal as D

from services.position_state.exposure import views
from tandem.domain.ids import HedgeId
from tandem.domain.order import OrderStatus
from tandem.domain.units import NS_PER_MS
from tandem.messages.queries import ExposureCause, ExposureView
from tests.unit.services.hedger.desk import HYPERLIQUID, SOL, Desk, two_venues


def row(desk: Desk) -> ExposureView:
    (shown,) = views.rows(desk.exposure, desk.now_ns)
    return shown


def overdue(desk: Desk) -> list[views.Overdue]:
    return list(views.overdue(desk.exposure, desk.now_ns))


def levels(desk: Desk) -> list[int]:
    return [one.level for one in overdue(desk)]


def test_what_is_naked_is_told_with_its_worth_its_age_and_whose_it_is() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")
    desk.mark(HYPERLIQUID, SOL, "150")
    desk.maker_fill(hedge, "2")
    desk.now_ns += 40 * NS_PER_MS
    desk.maker_fill(hedge, "0.5")
    shown = row(desk)
    assert (shown.naked, shown.notional, shown.age_ms) == (D("2.5"), D(375), 40)
    assert (shown.hedge_id, shown.cause) == ("h1", ExposureCause.UNDECIDED)
    assert shown.fact == desk.log[-1].subject


def test_the_cause_follows_the_hedge() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")
    assert row(desk).cause is ExposureCause.NONE
    desk.maker_fill(hedge, "2")
    (decision,) = desk.decide()
    assert (row(desk).cause, row(desk).in_flight) == (ExposureCause.IN_FLIGHT, D(2))
    cloid = decision.takers[0].client_order_id
    desk.doubt(cloid)
    assert row(desk).cause is ExposureCause.IN_DOUBT
    desk.taker_report(cloid, OrderStatus.EXPIRED, "1.5")
    assert (row(desk).cause, row(desk).naked) == (ExposureCause.UNDECIDED, D("0.5"))


def test_dust_is_told_and_overdue_never() -> None:
    desk = two_venues(lot="0.5")
    hedge = desk.hedge("h1", "-3")
    desk.maker_fill(hedge, "0.4")
    desk.now_ns += 60_000 * NS_PER_MS
    assert (row(desk).cause, row(desk).naked) == (ExposureCause.DUST, D("0.4"))
    assert levels(desk) == []


def test_what_stays_naked_is_overdue_from_l1_on() -> None:
    desk = two_venues()
    desk.hedge("h1", "-3")
    desk.maker_fill(HedgeId("h1"), "2")
    told = []
    for ms in (0, 249, 1, 750, 4_000, 25_000):
        desk.now_ns += ms * NS_PER_MS
        told.append(levels(desk))
    assert told == [[], [], [1], [2], [3], [4]]


def test_small_fills_that_wait_for_more_are_overdue_later() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3", coalesce_ms=2_000)
    desk.maker_fill(hedge, "1")
    desk.now_ns += 2_200 * NS_PER_MS
    assert levels(desk) == []
    desk.now_ns += 50 * NS_PER_MS
    assert levels(desk) == [1]


def test_a_makers_end_lets_nothing_wait() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3", coalesce_ms=2_000)
    desk.maker_fill(hedge, "1")
    desk.maker_report(hedge, OrderStatus.CANCELLED, "1")
    desk.now_ns += 250 * NS_PER_MS
    assert levels(desk) == [1]


def test_old_dust_does_not_age_what_fills_on_top_of_it() -> None:
    desk = two_venues(lot="0.5")
    hedge = desk.hedge("h1", "-3")
    desk.maker_fill(hedge, "0.4")
    desk.now_ns += 60_000 * NS_PER_MS
    desk.maker_fill(hedge, "1")
    desk.now_ns += 100 * NS_PER_MS
    assert (row(desk).naked, row(desk).age_ms) == (D("1.4"), 60_100)
    assert levels(desk) == []
    desk.now_ns += 150 * NS_PER_MS
    assert [(one.level, one.for_ms) for one in overdue(desk)] == [(1, 250)]


def test_fills_that_go_on_do_not_put_off_the_alarm_of_what_waited_its_time() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3", coalesce_ms=1_000)
    for _ in range(6):
        desk.maker_fill(hedge, "0.1")
        desk.now_ns += 500 * NS_PER_MS
    assert levels(desk) == [2]


def test_after_dust_small_fills_wait_for_more_again() -> None:
    desk = two_venues(lot="0.5")
    hedge = desk.hedge("h1", "-3", coalesce_ms=1_000)
    desk.maker_fill(hedge, "0.4")
    desk.now_ns += 60_000 * NS_PER_MS
    desk.maker_fill(hedge, "1")
    desk.now_ns += 1_200 * NS_PER_MS
    assert levels(desk) == []
    desk.now_ns += 50 * NS_PER_MS
    assert levels(desk) == [1]
