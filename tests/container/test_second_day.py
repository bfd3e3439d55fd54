"""The desk taken down without its volumes and brought up again: what it held is there tomorrow."""

import pytest

from tests.container.commanding import commanded
from tests.container.stack import Stack

pytestmark = pytest.mark.timeout(420)


def test_the_desk_goes_on_with_what_it_held_the_day_before(stack: Stack) -> None:
    """Up means that the walkthrough's audit has passed: on either day."""
    with commanded(stack, "keep") as strategy:
        strategy.hedges()
        assert strategy.is_acknowledged()
        strategy.does("balance")
        before = strategy.does("held")
    assert before["orders"][0] != []
    assert all(before["positions"])

    stack.compose("down")
    stack.up()

    with commanded(stack) as strategy:
        assert strategy.does("held") == before
        strategy.hedges()
        strategy.does("balance")
