"""Copies that share an address never use more than it has together, whoever sends."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.transport.priority import Priority
from tandem.transport.rate_limit import Budgets, Cost, RateLimit
from tandem.transport.sharing import QUERIES_POOL, Sharing

LIMIT = 1_200
MINUTE_MS = 60_000
DEAREST = {Priority.UPKEEP: 20, Priority.QUESTION: 20}
ORDERS = (Priority.CANCEL, Priority.HEDGE, Priority.QUOTE)


@pytest.mark.parametrize("copies", range(1, 9))
def test_shares_of_all_copies_are_no_more_than_the_address_has(copies: int) -> None:
    whole, queries = Sharing(copies, 80).weight("weight", LIMIT, MINUTE_MS, DEAREST)
    assert whole.capacity + (copies - 1) * queries.capacity == LIMIT * 80 // 100
    assert whole.others == (copies - 1) * queries.capacity
    assert whole.capacity > queries.capacity


def test_one_copy_has_all_of_it() -> None:
    whole, queries = Sharing(1, 90).weight("weight", LIMIT, MINUTE_MS, DEAREST)
    assert (whole.capacity, queries.capacity, whole.others) == (1_080, 648, 0)


@dataclass
class Copy:
    """A copy's budgets; what it reads of the log it counts while another sends."""

    limits: tuple[RateLimit, ...]
    budgets: Budgets = field(init=False)

    def __post_init__(self) -> None:
        self.budgets = Budgets(self.limits)

    def ask(self, units: int, now_ms: int, priority: Priority) -> bool:
        costs = [Cost("weight", units)]
        if priority not in ORDERS:
            costs.append(Cost(QUERIES_POOL, units))
        if self.budgets.wait_ms(costs, now_ms, priority):
            return False
        self.budgets.take(costs, now_ms, priority)
        return True


Step = tuple[int, int, int, Priority, bool]
STEPS = st.lists(
    st.tuples(
        st.integers(0, 4_000),
        st.integers(0, 1),
        st.integers(1, 45),
        st.sampled_from(Priority),
        st.booleans(),
    ),
    max_size=200,
)


@given(STEPS)
def test_e11_two_copies_together_stay_within_the_limit_of_the_address(steps: list[Step]) -> None:
    sharing = Sharing(copies=2, percent=100)
    copies = [Copy(sharing.weight("weight", LIMIT, MINUTE_MS, DEAREST)) for _ in range(2)]
    sender, now_ms, taken = 0, 0, []
    for gap_ms, who, units, priority, is_takeover in steps:
        now_ms += gap_ms
        sender = 1 - sender if is_takeover else sender
        if priority in ORDERS and copies[sender].ask(1, now_ms, priority):
            taken.append((now_ms, 1))
            # The other one reads in the log what was sent.
            copies[1 - sender].budgets.take([Cost("weight", 1)], now_ms, priority)
        elif priority not in ORDERS and copies[who].ask(units, now_ms, priority):
            taken.append((now_ms, units))
    for end_ms, _ in taken:
        inside = sum(units for at_ms, units in taken if end_ms - MINUTE_MS < at_ms <= end_ms)
        assert inside <= LIMIT


def test_e11_both_copies_at_once_reach_and_never_pass_the_limit() -> None:
    copies = [Copy(Sharing(2, 100).weight("weight", LIMIT, MINUTE_MS, DEAREST)) for _ in range(2)]
    used = 0
    for copy in copies:
        for priority in Priority:
            if priority not in ORDERS:
                used += sum(copy.ask(1, 0, priority) for _ in range(LIMIT))
    for priority in ORDERS:
        used += sum(copies[0].ask(1, 0, priority) for _ in range(LIMIT))
    assert LIMIT * 9 // 10 < used <= LIMIT
