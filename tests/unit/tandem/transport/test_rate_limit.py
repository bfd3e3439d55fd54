"""Budgets: never more than the capacity in any period, classes with room, and who goes first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.transport.priority import ORDERS, QUERIES, WEIGHT, Division, Priority
from tandem.transport.rate_limit import (
    LOOK_AGAIN_MS,
    MOST_WAITING,
    Budgets,
    Cost,
    Place,
    RateLimit,
    Usage,
)

HEDGE, QUOTE, CANCEL = Priority.HEDGE, Priority.QUOTE, Priority.CANCEL
# Of 10 units 4 are for hedges alone; of the other 6 a quote may fill all.
PLAIN = RateLimit("orders", 10, 1_000, Division(own={HEDGE: 40}, ceilings={}))
PERIOD_MS = 1_000


def cost(units: int) -> tuple[Cost, ...]:
    return (Cost("orders", units),)


def entered(budgets: Budgets, priority: Priority, units: int) -> Place:
    place = budgets.enter(priority, cost(units))
    assert place is not None
    return place


def test_fresh_budget_has_room() -> None:
    assert Budgets([PLAIN]).wait_ms(cost(6), 0, QUOTE) == 0


def test_own_room_is_kept_from_other_classes() -> None:
    budgets = Budgets([PLAIN])
    budgets.take(cost(6), 0, QUOTE)
    assert budgets.wait_ms(cost(1), 10, QUOTE) == 990
    assert budgets.wait_ms(cost(4), 10, HEDGE) == 0
    assert budgets.wait_ms(cost(5), 10, HEDGE) == 990


def test_own_room_is_used_before_the_shared_one() -> None:
    budgets = Budgets([PLAIN])
    budgets.take(cost(4), 0, HEDGE)
    assert budgets.wait_ms(cost(6), 10, QUOTE) == 0


def test_waits_until_enough_has_left_the_window() -> None:
    budgets = Budgets([PLAIN])
    for at_ms in (0, 100, 200):
        budgets.take(cost(2), at_ms, QUOTE)
    assert budgets.wait_ms(cost(3), 300, QUOTE) == 800


def test_room_returns_after_the_period() -> None:
    budgets = Budgets([PLAIN])
    budgets.take(cost(6), 0, QUOTE)
    assert budgets.wait_ms(cost(6), 1_000, QUOTE) == 0


def test_request_larger_than_its_room_waits_for_an_empty_one() -> None:
    budgets = Budgets([PLAIN])
    budgets.take(cost(1), 0, QUOTE)
    assert budgets.wait_ms(cost(50), 1, QUOTE) == 999
    assert budgets.wait_ms(cost(50), 1_000, QUOTE) == 0


def test_no_room_at_all_does_not_wait_for_ever() -> None:
    budgets = Budgets([RateLimit("orders", 10, 1_000, Division({HEDGE: 100}, {}))])
    budgets.take(cost(12), 0, HEDGE)
    assert budgets.wait_ms(cost(1), 0, QUOTE) == 0


def test_unknown_pool_costs_nothing() -> None:
    budgets = Budgets([PLAIN])
    budgets.take((Cost("other", 5),), 0, QUOTE)
    assert budgets.wait_ms((Cost("other", 5),), 0, QUOTE) == 0
    assert budgets.used() == {"orders": 0}


def test_what_the_venue_knows_beyond_us_counts() -> None:
    budgets = Budgets([PLAIN])
    budgets.take(cost(2), 0, QUOTE)
    budgets.observe([Usage("orders", 6), Usage("other", 9)], 10)
    assert budgets.used() == {"orders": 6}
    assert budgets.wait_ms(cost(1), 20, QUOTE) == 980


def test_lower_count_of_the_venue_frees_nothing() -> None:
    budgets = Budgets([PLAIN])
    budgets.take(cost(5), 0, QUOTE)
    budgets.observe([Usage("orders", 1)], 10)
    assert budgets.used() == {"orders": 5}


def test_what_others_are_granted_is_no_use_of_ours() -> None:
    budgets = Budgets([RateLimit("orders", 10, 1_000, PLAIN.division, others=5)])
    budgets.observe([Usage("orders", 5)], 0)
    assert budgets.wait_ms(cost(6), 0, QUOTE) == 0
    budgets.observe([Usage("orders", 8)], 0)
    budgets.observe([Usage("orders", 8)], 1)
    assert budgets.wait_ms(cost(3), 2, QUOTE) == 0
    assert budgets.wait_ms(cost(4), 2, QUOTE) > 0


def test_pause_of_the_venue_holds_everything() -> None:
    budgets = Budgets([PLAIN])
    budgets.pause(500)
    budgets.pause(200)
    assert budgets.wait_ms(cost(1), 100, HEDGE) == 400


@pytest.mark.parametrize("priority", list(Priority))
def test_limit_of_orders_holds_new_orders_alone(priority: Priority) -> None:
    budgets = Budgets([PLAIN])
    budgets.pause(500, orders_only=True)
    budgets.pause(300, orders_only=True)
    waits = 400 if priority in {HEDGE, QUOTE} else 0
    assert budgets.wait_ms((), 100, priority) == waits


def test_resized_pool_keeps_what_was_taken() -> None:
    budgets = Budgets([PLAIN])
    budgets.take(cost(6), 0, QUOTE)
    budgets.resize([RateLimit("orders", 20, 1_000, PLAIN.division), RateLimit("weight", 5, 1_000)])
    assert budgets.wait_ms(cost(6), 10, QUOTE) == 0
    assert budgets.wait_ms(cost(7), 10, QUOTE) > 0
    assert budgets.used() == {"orders": 6, "weight": 0}


def test_requests_of_one_millisecond_leave_the_window_together() -> None:
    budgets = Budgets([PLAIN])
    budgets.take(cost(2), 0, QUOTE)
    budgets.take(cost(4), 0, QUOTE)
    assert budgets.wait_ms(cost(1), 999, QUOTE) == 1
    assert budgets.wait_ms(cost(6), 1_000, QUOTE) == 0


def test_what_is_counted_late_is_counted_at_the_newest_time() -> None:
    budgets = Budgets([PLAIN])
    budgets.take(cost(1), 500, HEDGE)
    budgets.take(cost(6), 100, QUOTE)
    assert budgets.wait_ms(cost(1), 600, QUOTE) == 900


def test_who_waits_goes_before_who_comes_later_and_before_lower_classes() -> None:
    budgets = Budgets([PLAIN])
    first = entered(budgets, QUOTE, 3)
    second = entered(budgets, QUOTE, 3)
    assert budgets.wait_ms(cost(3), 0, QUOTE, first) == 0
    assert budgets.wait_ms(cost(3), 0, QUOTE, second) == LOOK_AGAIN_MS
    assert budgets.wait_ms(cost(3), 0, QUOTE) == LOOK_AGAIN_MS
    assert budgets.wait_ms(cost(3), 0, CANCEL) == 0
    assert budgets.wait_ms(cost(3), 0, Priority.QUESTION) == LOOK_AGAIN_MS
    budgets.leave(first)
    assert budgets.wait_ms(cost(3), 0, QUOTE, second) == 0


def test_who_waits_for_other_room_is_in_nobodys_way() -> None:
    budgets = Budgets([PLAIN, RateLimit("weight", 100, 1_000)])
    assert budgets.enter(CANCEL, (Cost("weight", 1),)) is not None
    assert budgets.wait_ms(cost(3), 0, QUOTE) == 0


def test_own_room_is_enough_whoever_waits() -> None:
    budgets = Budgets([PLAIN])
    entered(budgets, CANCEL, 10)
    assert budgets.wait_ms(cost(4), 0, HEDGE) == 0
    assert budgets.wait_ms(cost(5), 0, HEDGE) == LOOK_AGAIN_MS


def test_too_many_of_one_class_may_not_wait() -> None:
    budgets, most = Budgets([PLAIN]), MOST_WAITING[Priority.QUESTION]
    for _ in range(most):
        entered(budgets, Priority.QUESTION, 1)
    assert budgets.enter(Priority.QUESTION, cost(1)) is None
    assert budgets.waiting(Priority.QUESTION) == most
    assert budgets.enter(Priority.BACKFILL, cost(1)) is not None


DIVISIONS = (ORDERS, QUERIES, WEIGHT)
Asked = tuple[int, int, Priority]
FLOODS = st.lists(
    st.tuples(st.integers(0, 300), st.integers(1, 9), st.sampled_from(Priority)), max_size=80
)


def played(budgets: Budgets, asked: list[Asked]) -> list[Asked]:
    """Return what was let out, with its time; what does not fit at once is not asked again."""
    now_ms, taken = 0, []
    for gap_ms, units, priority in asked:
        now_ms += gap_ms
        if budgets.wait_ms(cost(units), now_ms, priority) == 0:
            budgets.take(cost(units), now_ms, priority)
            taken.append((now_ms, units, priority))
    return taken


def most_in_a_window(taken: list[Asked]) -> int:
    return max(
        (
            sum(units for at_ms, units, _ in taken if end_ms - PERIOD_MS < at_ms <= end_ms)
            for end_ms, _, _ in taken
        ),
        default=0,
    )


@given(st.sampled_from(DIVISIONS), FLOODS)
def test_e11_any_window_stays_within_capacity(division: Division, asked: list[Asked]) -> None:
    limit = RateLimit("orders", 100, PERIOD_MS, division)
    fitting = [one for one in asked if one[1] <= _reach(limit, one[2])]
    assert most_in_a_window(played(Budgets([limit]), fitting)) <= limit.capacity


def _reach(limit: RateLimit, priority: Priority) -> int:
    own = limit.division.own_units(limit.capacity)
    return own[priority] + limit.division.ceiling_units(limit.capacity)[priority]


@given(st.sampled_from(DIVISIONS), FLOODS, st.sampled_from(Priority))
def test_e11_no_class_starves_another_of_its_own_room(
    division: Division, asked: list[Asked], spared: Priority
) -> None:
    limit = RateLimit("orders", 100, PERIOD_MS, division)
    budgets = Budgets([limit])
    flood = [one for one in asked if one[2] is not spared and one[1] <= _reach(limit, one[2])]
    now_ms = sum(gap_ms for gap_ms, _, _ in flood)
    played(budgets, flood)
    entered(budgets, Priority.CANCEL, 100)
    own = division.own_units(limit.capacity)[spared]
    if own:
        assert budgets.wait_ms(cost(own), now_ms, spared) == 0


@given(st.sampled_from(DIVISIONS), FLOODS)
def test_e11_a_flood_of_lower_classes_leaves_room_for_each_one_before_them(
    division: Division, asked: list[Asked]
) -> None:
    """Whatever those after it took, a class has what lies between its ceiling and theirs."""
    limit = RateLimit("orders", 100, PERIOD_MS, division)
    ceilings, own = (
        division.ceiling_units(limit.capacity),
        division.own_units(limit.capacity),
    )
    for upper in Priority:
        lower = [one for one in asked if one[2] > upper and one[1] <= _reach(limit, one[2])]
        below = max((ceilings[one] for one in Priority if one > upper), default=0)
        kept = own[upper] + max(0, ceilings[upper] - below)
        budgets = Budgets([limit])
        played(budgets, lower)
        now_ms = sum(gap_ms for gap_ms, _, _ in lower)
        if kept:
            assert budgets.wait_ms(cost(kept), now_ms, upper) == 0
