"""What counts as time in which somebody could have been heard."""

from tandem.domain.units import NS_PER_MS
from tandem.gateway.account.listening import LOOK_NS, MOST_STEP_NS, HearingTime


def listened(*steps: tuple[int, bool]) -> int:
    """Return the milliseconds that count of steps, each with whether the bus is there after it."""
    time, mono_ns = HearingTime(), 10**12
    time.step(mono_ns, is_hearing=True)
    for ms, is_hearing in steps:
        mono_ns += ms * NS_PER_MS
        time.step(mono_ns, is_hearing=is_hearing)
    return time.now_ns // NS_PER_MS


def test_time_passes_step_by_step() -> None:
    assert listened((50, True), (50, True), (200, True)) == 300


def test_longest_step_that_counts_is_one_in_which_a_process_may_be_busy() -> None:
    assert listened((MOST_STEP_NS // NS_PER_MS, True)) == MOST_STEP_NS // NS_PER_MS


def test_step_in_which_the_process_was_frozen_counts_as_one_look() -> None:
    assert listened((600_000, True)) == LOOK_NS // NS_PER_MS
    assert listened(*[(600, True)] * 20) == 20 * LOOK_NS // NS_PER_MS


def test_clock_that_goes_back_counts_for_nothing() -> None:
    assert listened((-600_000, True), (50, True)) == 50


def test_bus_that_is_away_counts_for_nothing_and_takes_nothing_back() -> None:
    assert listened((100, True), (50, False), (50, False), (50, True), (50, True)) == 150
