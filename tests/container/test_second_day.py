"""The desk taken down without its volumes and brought up again: what it held is there tomorrow."""

from collections.abc import Iterator

import pytest

from tests.container.commanding import commanded
from tests.container.stack import Stack, running

pytestmark = pytest.mark.timeout(420)


@pytest.fixture
def desk(version: str) -> Iterator[Stack]:
    """A desk of its own, the walkthrough's audit passed."""
    with running(Stack(version)) as up:
        yield up


def test_the_desk_goes_on_with_what_it_held_the_day_before(desk: Stack) -> None:
    """Up means that the walkthrough's audit has passed: on either day."""
    with commanded(desk, "keep") as strategy:
        strategy.hedges()
        assert strategy.is_acknowledged()
        strategy.does("balance")
        before = strategy.does("held")
    assert before["orders"][0] != []
    assert all(before["positions"])

    desk.compose("down")
    desk.up()

    with commanded(desk) as strategy:
        assert strategy.does("held") == before
        strategy.hedges()
        strategy.does("balance")
