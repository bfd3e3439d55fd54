from collections.abc import Iterator, Sequence

import msgspec
import pytest

from services.paper_exchange.shell.audit import (
    ControlError,
    PauseTape,
    ResumeTape,
    SeekTape,
    SpeedTape,
)
from services.paper_exchange.shell.tape_driver import MAX_BATCH, TapeDriver, TapeOptions

MS = 1_000_000
FIRST_NS = 7_000 * MS


class Tick(msgspec.Struct, frozen=True):
    ts_ns: int


class Recorder:
    def __init__(self) -> None:
        self.calls: list[tuple[str, list[int]]] = []

    def apply(self, events: Sequence[Tick]) -> None:
        self.calls.append(("apply", [positions(event) for event in events]))

    def skip(self, events: Sequence[Tick]) -> None:
        self.calls.append(("skip", [positions(event) for event in events]))

    def rewind(self) -> None:
        self.calls.append(("rewind", []))


class HandClock:
    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


def positions(event: Tick) -> int:
    return (event.ts_ns - FIRST_NS) // MS


def driver(
    times_ms: Sequence[int], **options: object
) -> tuple[TapeDriver[Tick], Recorder, HandClock]:
    def open_tape() -> Iterator[Tick]:
        return iter([Tick(FIRST_NS + ms * MS) for ms in times_ms])

    recorder, clock = Recorder(), HandClock()
    settings = msgspec.convert({"source": "test", **options}, TapeOptions)
    return TapeDriver(open_tape, recorder, clock, settings), recorder, clock


def test_only_due_events_are_applied_and_late_ones_together() -> None:
    tape, recorder, clock = driver([0, 10, 20, 30])
    clock.ns = 25 * MS

    wait_ns = tape.step()

    assert (recorder.calls, wait_ns) == ([("apply", [0, 10, 20])], 5 * MS)


def test_speed_shortens_the_wait() -> None:
    tape, _, _ = driver([0, 10], speed=5.0)

    assert tape.step() == 2 * MS


def test_an_offset_skips_what_lies_before_it() -> None:
    tape, recorder, _ = driver([0, 10, 20], offset_ms=10)

    tape.step()

    assert recorder.calls == [("skip", [0]), ("apply", [10])]


def test_a_paused_tape_applies_nothing_until_resumed() -> None:
    tape, recorder, clock = driver([0, 10], paused=True)
    clock.ns = 50 * MS
    assert tape.step() is None

    tape.control(ResumeTape())
    tape.step()

    assert recorder.calls == [("apply", [0])]


def test_pausing_keeps_the_position() -> None:
    tape, _, clock = driver([0, 100])
    clock.ns = 40 * MS

    tape.control(PauseTape())
    clock.ns = 400 * MS

    assert tape.state().position_ns == 40 * MS


def test_seeking_forward_skips_quietly() -> None:
    tape, recorder, _ = driver([0, 10, 20, 30])
    tape.step()

    tape.control(SeekTape(20))
    tape.step()

    assert recorder.calls == [("apply", [0]), ("skip", [10]), ("apply", [20])]


def test_seeking_back_starts_over() -> None:
    tape, recorder, clock = driver([0, 10, 20])
    clock.ns = 15 * MS
    tape.step()

    tape.control(SeekTape(10))
    tape.step()

    assert recorder.calls[1:] == [("rewind", []), ("skip", [0]), ("apply", [10])]


def test_the_tape_restarts_at_its_end() -> None:
    tape, recorder, clock = driver([0, 10])
    clock.ns = 10 * MS

    waits = [tape.step(), tape.step()]

    assert recorder.calls == [("apply", [0, 10]), ("rewind", []), ("apply", [0])]
    assert (waits, tape.state().restart_count) == ([0, 10 * MS], 1)


def test_a_tape_that_does_not_restart_ends() -> None:
    tape, _, _ = driver([0], restarts=False)

    assert (tape.step(), tape.state().ended) == (None, True)


def test_an_empty_tape_waits_to_be_woken() -> None:
    tape, recorder, _ = driver([])

    assert (tape.step(), recorder.calls) == (None, [])


def test_a_long_backlog_yields_between_batches() -> None:
    tape, recorder, clock = driver(range(MAX_BATCH + 1))
    clock.ns = 10_000 * MS

    assert tape.step() == 0
    assert len(recorder.calls[0][1]) == MAX_BATCH


@pytest.mark.parametrize("action", [SpeedTape(0.0), SpeedTape(-1.0), SeekTape(-1)])
def test_impossible_requests_are_refused(action: SpeedTape | SeekTape) -> None:
    tape, _, _ = driver([0])

    with pytest.raises(ControlError, match=r"speed|position_ms"):
        tape.control(action)


def test_the_speed_can_be_changed() -> None:
    tape, _, _ = driver([0, 10])
    tape.control(SpeedTape(10.0))

    assert tape.step() == 1 * MS
