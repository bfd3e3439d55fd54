"""A stream in memory: what the server keeps, for tests and simulations.

1. Sequences only rise, also after entries were dropped; `cut` is the exception, as on a server
   whose disk came back shorter.
2. A stream that keeps the first refuses a subject that is taken; one that keeps the newest
   replaces it.
"""

from collections.abc import Callable

from tandem.bus.clock import Timing
from tandem.bus.filters import matcher
from tandem.bus.port import Appended, Entry, Guard, LogState

Watcher = Callable[[Entry], None]


class MemoryStream:
    """Entries by sequence and by subject."""

    def __init__(self, timing: Timing, *, keeps_newest: bool) -> None:
        self._timing = timing
        self._keeps_newest = keeps_newest
        self._entries: dict[int, Entry] = {}
        self._by_subject: dict[str, Entry] = {}
        self._last_seq = 0
        self._created_ns = timing.wall_ns()
        self._watchers: list[Watcher] = []

    def store(self, subject: str, payload: bytes) -> Appended:
        taken = self._by_subject.get(subject)
        if taken is not None and not self._keeps_newest:
            return Appended(0, already=True)
        if taken is not None:
            del self._entries[taken.seq]
        self._last_seq += 1
        entry = Entry(self._last_seq, self._timing.wall_ns(), subject, payload)
        self._entries[entry.seq] = entry
        self._by_subject[subject] = entry
        for watcher in tuple(self._watchers):
            watcher(entry)
        return Appended(entry.seq)

    @property
    def keeps_newest(self) -> bool:
        return self._keeps_newest

    def holds(self, guard: Guard) -> bool:
        newest = self.find(guard.subjects)
        return (newest.seq if newest is not None else 0) == guard.seq

    def replace(self, subject: str, payload: bytes, expected_seq: int) -> int | None:
        """Store if the newest of the subject is `expected_seq` (0: none); None: it is not."""
        newest = self._by_subject.get(subject)
        if (newest.seq if newest is not None else 0) != expected_seq:
            return None
        return self.store(subject, payload).seq

    def get(self, seq: int) -> Entry | None:
        return self._entries.get(seq)

    def find(self, subject: str) -> Entry | None:
        """Return the newest message under a subject or filter."""
        if "*" not in subject and not subject.endswith(">"):
            return self._by_subject.get(subject)
        is_wanted, stored = matcher((subject,)), reversed(self._entries.values())
        return next((entry for entry in stored if is_wanted(entry.subject)), None)

    def after(self, seq: int) -> tuple[Entry, ...]:
        newer = map(self._entries.get, range(seq + 1, self._last_seq + 1))
        return tuple(entry for entry in newer if entry is not None)

    def state(self) -> LogState:
        first_seq = next(iter(self._entries), self._last_seq + 1)
        return LogState(first_seq, self._last_seq, self._created_ns, len(self._entries))

    def watch(self, watcher: Watcher) -> None:
        self._watchers.append(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        if watcher in self._watchers:
            self._watchers.remove(watcher)

    def expire(self, before_seq: int) -> None:
        """Drop what is older than `before_seq`, as the retention does."""
        self._drop([seq for seq in self._entries if seq < before_seq])

    def cut(self, after_seq: int) -> None:
        """Lose everything past `after_seq` and use its sequences again, as after a lost disk."""
        self._drop([seq for seq in self._entries if seq > after_seq])
        self._last_seq = after_seq

    def begin_anew(self) -> None:
        """Be another stream under the same name: empty, made now."""
        self._drop(list(self._entries))
        self._last_seq = 0
        self._created_ns = max(self._timing.wall_ns(), self._created_ns + 1)

    def _drop(self, seqs: list[int]) -> None:
        for seq in seqs:
            entry = self._entries.pop(seq)
            if self._by_subject.get(entry.subject) is entry:
                del self._by_subject[entry.subject]
