"""Each of the later faults alone, in a world in which nothing else goes wrong."""

from dataclasses import replace

import pytest

from tests.simulation import course
from tests.simulation.course import Result
from tests.simulation.plan import TOGGLES, plan

SEEDS = (1, 2)


def struck_by(seed: int, *names: str) -> Result:
    """Run a world of single copies in which only these faults strike."""
    calm = plan(seed, frozenset(TOGGLES) - set(names), 3)
    return course.run(replace(calm, later=frozenset(names)))


@pytest.mark.parametrize("seed", SEEDS)
def test_exchanges_that_restart_with_an_order_in_hand_keep_their_books(seed: int) -> None:
    result = struck_by(seed, "venue restart")

    assert result.violations == []
    assert result.counts["venue restart"]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fault", ["deleveraging", "autoclose"])
def test_what_a_venue_closes_moves_the_position_and_no_hedge(seed: int, fault: str) -> None:
    result = struck_by(seed, fault)

    assert result.violations == []
    assert result.counts["forced fills"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_refusal_that_no_table_lists_is_a_refusal(seed: int) -> None:
    result = struck_by(seed, "unlisted refusals")

    assert result.violations == []
    assert result.counts["unlisted refusals heard"]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_orders_of_a_dead_strategy_go(seed: int) -> None:
    result = struck_by(seed, "ends dead")

    assert result.violations == []
    assert result.counts["cleared by death"]


@pytest.mark.parametrize("seed", SEEDS)
def test_orders_that_are_kept_outlive_their_strategy(seed: int) -> None:
    result = struck_by(seed, "ends dead", "keeps orders")

    assert result.violations == []
    assert result.counts["orders kept"]
    assert not result.counts.get("cleared by death")
