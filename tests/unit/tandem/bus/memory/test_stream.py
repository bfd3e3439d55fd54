from tandem.bus.memory.stream import MemoryStream
from tandem.bus.port import Entry, LogState


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now_ns = 5

    def wall_ns(self) -> int:
        return self.now_ns

    def monotonic_ns(self) -> int:
        return self.now_ns

    async def sleep(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)


def stream(*, keeps_newest: bool = False) -> MemoryStream:
    return MemoryStream(Clock(), keeps_newest=keeps_newest)


def test_the_first_content_of_a_subject_stays() -> None:
    facts = stream()
    first, again = facts.store("a", b"1"), facts.store("a", b"2")

    assert (first.already, again.already) == (False, True)
    assert facts.find("a") == Entry(1, 5, "a", b"1")


def test_the_newest_content_of_a_subject_replaces_the_older() -> None:
    marks = stream(keeps_newest=True)
    marks.store("a", b"1")
    marks.store("a", b"2")

    assert marks.find("a") == Entry(2, 5, "a", b"2")
    assert marks.get(1) is None
    assert marks.state().messages == 1


def test_expired_entries_free_their_subjects() -> None:
    facts = stream()
    for subject in "abc":
        facts.store(subject, b"x")

    facts.expire(before_seq=3)

    assert facts.state() == LogState(first_seq=3, last_seq=3, created_ns=5, messages=1)
    assert not facts.store("a", b"y").already


def test_a_cut_stream_uses_its_sequences_again() -> None:
    facts = stream()
    for subject in "abc":
        facts.store(subject, b"x")

    facts.cut(after_seq=1)

    assert facts.store("d", b"y").seq == 2
    assert facts.find("b") is None


def test_an_empty_stream_begins_past_its_last_sequence() -> None:
    facts = stream()
    facts.store("a", b"x")
    facts.expire(before_seq=2)

    assert facts.state().first_seq == 2


def test_a_watcher_sees_what_is_stored_until_it_is_taken_off() -> None:
    facts = stream()
    seen: list[Entry] = []
    facts.watch(seen.append)
    facts.store("a", b"x")

    facts.unwatch(seen.append)
    facts.store("b", b"x")

    assert [entry.subject for entry in seen] == ["a"]
    assert [entry.subject for entry in facts.after(1)] == ["b"]
