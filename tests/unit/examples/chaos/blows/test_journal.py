"""What went on at a moment: blows that lasted then, or ended shortly before."""

import json
from pathlib import Path

from examples.chaos.blows.journal import Journal


class Times:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.ms = 0

    def ns(self) -> int:
        return self.ms * 1_000_000


def test_blows_around_a_moment_are_told_relative_to_it() -> None:
    times = Times()
    journal = Journal(times.ns, times.ns)
    for name, begin, end in (("early", 100, 200), ("during", 900, 1_100), ("late", 5_000, 5_001)):
        times.ms = begin
        event = journal.begin("kill", name)
        times.ms = end
        journal.end(event)
    assert journal.during(1_000, 2_000) == ["during at -100 ms for 200 ms"]
    assert len(journal.during(1_000, 2_000, lead_ms=900)) == 2
    assert journal.count() == {"kill": 3}


def test_a_blow_that_still_lasts_is_told() -> None:
    journal = Journal(lambda: 0, lambda: 0)
    journal.begin("freeze", "freeze hedger")
    assert journal.during(0, 10) == ["freeze hedger at +0 ms for ever"]


def test_the_journal_is_on_disk_as_the_run_goes(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    journal = Journal(lambda: 5_000_000, lambda: 0, file)
    event = journal.begin("wipe", "the log is deleted")
    assert json.loads(file.read_text())["until_ms"] is None
    journal.end(event)
    assert json.loads(file.read_text().splitlines()[-1])["until_ms"] == 5
