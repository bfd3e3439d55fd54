"""What was said during a stretch: read from the services' logs, in order, with its phases."""

from pathlib import Path

from examples.chaos.figures.timeline import Note, between, logged, phases, told


def test_a_log_is_read_as_far_as_it_can_be(tmp_path: Path) -> None:
    (tmp_path / "hedger.log").write_text(
        '{"event": "starting", "timestamp": "1970-01-01T00:00:01.500000Z", "error": "none"}\n'
        '{"event": "kil\n'
        "panic: no JSON\n"
        '{"event": "no time"}\n'
        "[]\n"
    )
    assert list(logged(tmp_path)) == [Note(1_500, "hedger", "starting", "error=none")]


def test_notes_of_a_stretch_come_in_order_and_relative_to_its_start() -> None:
    notes = [Note(900, "a", "x"), Note(2_100, "b", "y", "more"), Note(1_000, "c", "z")]
    assert told(between(notes, 1_000, 2_500), 1_000) == ["+0 c: z", "+1100 b: y more"]


def test_a_phase_ends_when_it_was_over_last() -> None:
    notes = [
        Note(1_200, "g", "lease gained"),
        Note(1_900, "g", "lease gained"),
        Note(2_000, "log", "decision"),
        Note(2_100, "g", "channel down"),
    ]
    assert phases(notes, 1_000) == {"lease": 900, "decided": 1_000}
