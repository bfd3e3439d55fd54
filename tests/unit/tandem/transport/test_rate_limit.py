"""Budgets: never more than the capacity in any period, and a reserve for the urgent."""

from hypothesis import given
from hypothesis import strategies as st

from tandem.transport.rate_limit import Budgets, Cost, RateLimit, Usage

ORDERS = RateLimit("orders", capacity=10, period_ms=1_000, reserve=4)


def cost(units: int) -> tuple[Cost, ...]:
    return (Cost("orders", units),)


def test_fresh_budget_has_room() -> None:
    assert Budgets([ORDERS]).wait_ms(cost(6), 0, urgent=False) == 0


def test_reserve_is_kept_from_ordinary_requests() -> None:
    budgets = Budgets([ORDERS])
    budgets.take(cost(6), 0)
    assert budgets.wait_ms(cost(1), 10, urgent=False) == 990
    assert budgets.wait_ms(cost(4), 10, urgent=True) == 0


def test_waits_until_enough_has_left_the_window() -> None:
    budgets = Budgets([ORDERS])
    for at_ms in (0, 100, 200):
        budgets.take(cost(2), at_ms)
    assert budgets.wait_ms(cost(3), 300, urgent=False) == 800


def test_room_returns_after_the_period() -> None:
    budgets = Budgets([ORDERS])
    budgets.take(cost(10), 0)
    assert budgets.wait_ms(cost(6), 1_000, urgent=False) == 0


def test_request_larger_than_the_room_waits_for_an_empty_window() -> None:
    budgets = Budgets([ORDERS])
    budgets.take(cost(1), 0)
    assert budgets.wait_ms(cost(50), 1, urgent=False) == 999
    assert budgets.wait_ms(cost(50), 1_000, urgent=False) == 0


def test_unknown_pool_costs_nothing() -> None:
    budgets = Budgets([ORDERS])
    budgets.take((Cost("other", 5),), 0)
    assert budgets.wait_ms((Cost("other", 5),), 0, urgent=False) == 0
    assert budgets.used() == {"orders": 0}


def test_what_the_venue_knows_beyond_us_counts() -> None:
    budgets = Budgets([ORDERS])
    budgets.take(cost(2), 0)
    budgets.observe([Usage("orders", 6), Usage("other", 9)], 10)
    assert budgets.used() == {"orders": 6}
    assert budgets.wait_ms(cost(1), 20, urgent=False) == 980


def test_lower_count_of_the_venue_frees_nothing() -> None:
    budgets = Budgets([ORDERS])
    budgets.take(cost(5), 0)
    budgets.observe([Usage("orders", 1)], 10)
    assert budgets.used() == {"orders": 5}


def test_pause_of_the_venue_holds_even_the_urgent() -> None:
    budgets = Budgets([ORDERS])
    budgets.pause(500)
    budgets.pause(200)
    assert budgets.wait_ms(cost(1), 100, urgent=True) == 400


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 8), st.booleans()), max_size=40))
def test_any_window_stays_within_capacity(requests: list[tuple[int, int, bool]]) -> None:
    budgets, now_ms, taken = Budgets([ORDERS]), 0, []
    for gap_ms, units, urgent in requests:
        now_ms += gap_ms
        if budgets.wait_ms(cost(units), now_ms, urgent=urgent) == 0:
            budgets.take(cost(units), now_ms)
            taken.append((now_ms, units))
    for end_ms, _ in taken:
        inside = sum(units for at_ms, units in taken if end_ms - 1_000 < at_ms <= end_ms)
        assert inside <= ORDERS.capacity


def test_resized_pool_keeps_what_was_taken() -> None:
    budgets = Budgets([ORDERS])
    budgets.take(cost(6), 0)
    budgets.resize([RateLimit("orders", 20, 1_000, 4), RateLimit("weight", 5, 1_000)])
    assert budgets.wait_ms(cost(10), 10, urgent=False) == 0
    assert budgets.used() == {"orders": 6, "weight": 0}


def test_requests_of_one_millisecond_leave_the_window_together() -> None:
    budgets = Budgets([ORDERS])
    budgets.take(cost(2), 0)
    budgets.take(cost(4), 0)
    assert budgets.wait_ms(cost(1), 999, urgent=False) == 1
    assert budgets.wait_ms(cost(6), 1_000, urgent=False) == 0
