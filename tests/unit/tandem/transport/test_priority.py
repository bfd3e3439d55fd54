from itertools import pairwise

import pytest

from tandem.transport.priority import ORDERS, QUERIES, WEIGHT, Division, Priority
from tandem.transport.rate_limit import Budgets, Cost
from tandem.transport.sharing import QUERIES_POOL, Sharing

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


# The limit of an address, the part of it that is used, and what its table and one list weigh.
BINANCE, HYPERLIQUID = (2_400, 80, 1, 46), (1_200, 90, 20, 22)
DEAREST = {
    BINANCE[0]: {Priority.UPKEEP: 5, Priority.QUESTION: 40},
    HYPERLIQUID[0]: {Priority.UPKEEP: 20, Priority.QUESTION: 20},
}


class Address:
    """What one of some copies may use of an address's weight, as `pieces` of questions take it."""

    def __init__(self, limit: int, percent: int, copies: int = 2) -> None:
        sharing = Sharing(copies, percent)
        self._budgets = Budgets(sharing.weight("weight", limit, 60_000, DEAREST[limit]))

    def takes(self, priority: Priority, units: int) -> bool:
        """Make a request if it may be made at once."""
        costs = (Cost("weight", units), Cost(QUERIES_POOL, units))
        if self._budgets.wait_ms(costs, 0, priority):
            return False
        self._budgets.take(costs, 0, priority)
        return True

    def is_flooded(self, priority: Priority, units: int) -> None:
        """Make requests until there is no room for another."""
        while self.takes(priority, units):
            pass


@pytest.mark.parametrize(("limit", "percent", "table", "piece"), [BINANCE, HYPERLIQUID])
def test_table_has_room_whatever_doubts_backfills_and_questions_take(
    limit: int, percent: int, table: int, piece: int
) -> None:
    address = Address(limit, percent)
    for flood in (Priority.PROOF, Priority.BACKFILL, Priority.QUESTION):
        address.is_flooded(flood, 2)

    assert address.takes(Priority.UPKEEP, table)


@pytest.mark.parametrize("copies", range(1, 9))
@pytest.mark.parametrize(("limit", "percent"), [BINANCE[:2], HYPERLIQUID[:2]])
def test_dearest_question_and_a_table_have_room_whatever_doubts_and_backfills_take(
    limit: int, percent: int, copies: int
) -> None:
    address = Address(limit, percent, copies)
    for flood in (Priority.PROOF, Priority.BACKFILL):
        address.is_flooded(flood, 2)

    for priority, units in DEAREST[limit].items():
        assert address.takes(priority, units)


def test_no_least_room_makes_rooms_larger_than_the_budget() -> None:
    division = Division(own={Priority.CANCEL: 50}, ceilings={}, least={Priority.QUESTION: 6})
    assert sum(division.own_units(12)) == 12
    assert sum(division.own_units(10)) == 5


@pytest.mark.parametrize(("limit", "percent", "table", "piece"), [BINANCE, HYPERLIQUID])
def test_tables_leave_room_in_the_shared_one_for_a_backfill_and_for_doubts(
    limit: int, percent: int, table: int, piece: int
) -> None:
    address = Address(limit, percent)
    own = QUERIES.own_units(Sharing(2, percent).capacity(limit) * 44 // 100)
    address.is_flooded(Priority.UPKEEP, table)
    address.is_flooded(Priority.QUESTION, 1)

    assert address.takes(Priority.BACKFILL, own[Priority.BACKFILL])
    assert address.takes(Priority.BACKFILL, piece)
    assert address.takes(Priority.PROOF, own[Priority.PROOF] + 2 * piece)
