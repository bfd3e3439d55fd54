"""When a stream's size must be told."""

import pytest

from tandem.bus.port import LogState
from tandem.domain.units import NS_PER_DAY
from tandem.runtime.watch.log_budget import MIB, Excess, LogBudget, excess

BUDGET = LogBudget("OMS", 1_000, 100 * MIB)


def state(messages: int, stored: int = 0) -> LogState:
    return LogState(1, messages, 0, messages, stored * MIB)


@pytest.mark.parametrize(
    ("messages", "level"), [(799, None), (800, 80), (999, 80), (1_000, 100), (5_000, 100)]
)
def test_e7_a_log_that_nears_its_budget_is_told_by_level(messages: int, level: int | None) -> None:
    found = tuple(excess(BUDGET, state(messages), 3 * NS_PER_DAY))

    expected = [] if level is None else [f"OMS-messages-{level}-3"]
    assert [one.key for one in found] == expected


def test_e7_a_store_that_fills_is_told_apart_from_the_messages() -> None:
    (one,) = excess(BUDGET, state(10, stored=85), 0)

    text = "OMS has 85 MB stored, 80 % of its budget of 100 or more"
    assert one == Excess("OMS-MB", "OMS-MB-80-0", text)


def test_e7_the_next_day_tells_anew() -> None:
    (one,), (other,) = (tuple(excess(BUDGET, state(900), day * NS_PER_DAY)) for day in (1, 2))

    assert one.key != other.key
    assert one.what == other.what
