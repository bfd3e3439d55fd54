import pytest

from services.hedger.fold import timers
from services.hedger.fold.timers import TimerKey, Wakes
from tandem.messages.hedges import TimerFired
from tandem.runtime.fold.port import ArmTimer


@pytest.mark.parametrize("wakes", list(Wakes))
def test_a_key_names_what_it_wakes(wakes: Wakes) -> None:
    key = TimerKey(wakes, "0.17", "a:b")

    assert timers.parse(timers.arm(key, 5).key) == key


@pytest.mark.parametrize("key", ["", "bucket", "bucket:1", "other:1:h"])
def test_a_foreign_key_wakes_nothing(key: str) -> None:
    assert timers.parse(key) is None


def test_a_timer_that_came_early_is_armed_as_its_next_try() -> None:
    fired = TimerFired(key="bucket:1:h", attempt=2, due_ns=9)

    assert timers.again(fired) == ArmTimer("bucket:1:h", 3, 9)
