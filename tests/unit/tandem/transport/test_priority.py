from itertools import pairwise

import pytest

from tandem.transport.priority import ORDERS, QUERIES, WEIGHT, Division, Priority

DIVISIONS = [ORDERS, QUERIES, WEIGHT]


@pytest.mark.parametrize("division", DIVISIONS)
def test_rooms_and_the_shared_one_are_all_there_is(division: Division) -> None:
    assert sum(division.own_units(1_000)) + max(division.ceiling_units(1_000)) == 1_000


@pytest.mark.parametrize("division", DIVISIONS)
def test_further_down_is_never_a_higher_ceiling(division: Division) -> None:
    assert all(upper >= lower for upper, lower in pairwise(division.ceiling_units(1_000)))


def test_class_that_is_not_named_has_the_ceiling_of_the_one_before() -> None:
    ceilings = Division(own={}, ceilings={Priority.PROOF: 50}).ceiling_units(100)
    assert ceilings == (100, 100, 50, 50, 50, 50, 50)


def test_questions_are_last_and_cancels_first() -> None:
    assert (min(Priority), max(Priority)) == (Priority.CANCEL, Priority.QUESTION)


def test_backfill_has_room_for_a_run_whatever_the_doubts_take() -> None:
    """Hyperliquid with two copies: positions 2, fills 20 to 45, open orders 20."""
    share = 1_200 * 90 // 100 * 44 // 100
    assert QUERIES.own_units(share)[Priority.BACKFILL] >= 67
