"""From when one copy of each part is up until what is owed is covered; no wait hides."""

from examples.chaos.figures.recovery import Recovery, recoveries
from examples.chaos.figures.stretch import Stretch
from examples.chaos.figures.uptime import Spell

NATS = Spell("nats", "nats", 0)


def wait(from_ms: int, until_ms: int) -> Stretch:
    return Stretch(from_ms, until_ms, is_maker=True)


def test_the_clock_starts_when_the_last_part_is_up_again() -> None:
    spells = [NATS, Spell("hedger", "a", 0, 1_000), Spell("hedger", "a", 3_000)]
    found = recoveries(spells, [wait(900, 3_700)])
    assert found[-1] == Recovery(3_000, 3_000, 3_700, is_interrupted=False)
    assert found[-1].ms == 700


def test_while_a_part_is_down_nothing_is_counted() -> None:
    spells = [NATS, Spell("hedger", "a", 0, 1_000), Spell("hedger", "a", 3_000)]
    assert recoveries(spells, [wait(1_500, 2_000)]) == []


def test_a_blow_that_leaves_a_copy_alive_starts_the_clock_at_once() -> None:
    spells = [NATS, Spell("g", "one", 0, 1_000), Spell("g", "two", 0)]
    assert recoveries(spells, [wait(1_100, 2_500)])[-1] == Recovery(1_000, 1_100, 2_500, False)


def test_what_falls_due_later_counts_from_then() -> None:
    spells = [NATS, Spell("g", "one", 0, 1_000), Spell("g", "two", 0)]
    waits = [wait(1_000, 1_010), wait(9_000, 9_300)]
    assert recoveries(spells, waits)[-1] == Recovery(1_000, 9_000, 9_300, False)


def test_the_longest_wait_is_the_recovery() -> None:
    waits = [wait(0, 100), wait(0, 5_000), wait(0, 200)]
    assert [one.ms for one in recoveries([NATS], waits)] == [5_000]


def test_a_wait_that_outlives_the_next_blow_still_counts_whole() -> None:
    """Or else a desk that is struck every second would look as if it recovered in one."""
    spells = [NATS, Spell("g", "one", 0), Spell("g", "two", 0, 1_000), Spell("g", "two", 2_000)]
    found = recoveries(spells, [wait(100, 8_000)])
    assert [one.ms for one in found] == [7_900, 7_000, 6_000]
    assert not any(one.is_interrupted for one in found)


def test_a_desk_that_goes_down_again_interrupts_its_recovery() -> None:
    spells = [NATS, Spell("hedger", "a", 0, 4_000), Spell("hedger", "a", 5_000)]
    found = recoveries(spells, [wait(1_000, 5_500)])
    assert found == [
        Recovery(0, 1_000, 4_000, is_interrupted=True),
        Recovery(5_000, 5_000, 5_500, is_interrupted=False),
    ]


def test_another_copy_than_at_the_start_is_another_recovery() -> None:
    """The copy that was up dies while its successor starts: the clock starts at the death."""
    spells = [NATS, Spell("hedger", "a", 0, 2_000), Spell("hedger", "b", 1_500)]
    found = recoveries(spells, [wait(0, 3_000)])
    assert [(one.at_ms, one.ms, one.is_interrupted) for one in found] == [
        (0, 2_000, True),
        (1_500, 1_500, False),
        (2_000, 1_000, False),
    ]


def test_nothing_owed_is_no_recovery() -> None:
    assert recoveries([NATS], []) == []
