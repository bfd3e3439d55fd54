"""One copy of a fold: its state, its place in the log, its clock; changed only by `read`.

1. The clock never falls, whatever the log's timestamps do.
2. A malformed message reaches the fold as its own error; it stops nothing.
"""

from typing import Generic, TypeVar

from msgspec import Struct

from tandem.bus.place import cursor_at
from tandem.bus.port import Cursor, Entry
from tandem.bus.subject_match import matcher
from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import Exc
from tandem.messages import subjects
from tandem.messages.codec import Fact, decode_fact
from tandem.runtime import standing
from tandem.runtime.effects import Effect, Fold, Head, LogEvent
from tandem.runtime.snapshots import Kept, Snapshot
from tandem.runtime.standing import Standing
from tandem.runtime.timers import Armed

S = TypeVar("S")


class Reading(Struct, frozen=True):
    """What one message was, and what follows from it."""

    fact: Fact | MalformedMessageError
    effects: tuple[Effect, ...]


class FoldCopy(Generic[S]):
    """Begins empty, before the first message of a log."""

    def __init__(self, fold: Fold[S], created_ns: int, accounts: frozenset[Exc]) -> None:
        self.state = fold.initial()
        self.standing = Standing(accounts=set(accounts))
        self.cursor = Cursor(created_ns=created_ns)
        self._fold = fold
        self._clock_ns = 0
        self._reads_all = subjects.ALL_FACTS in fold.filters
        self._is_for_fold = matcher(fold.filters)

    @classmethod
    def restored(cls, fold: Fold[S], snapshot: Snapshot) -> "FoldCopy[S]":
        """Return the copy that the snapshot was taken of."""
        kept = snapshot.kept
        copy = cls(fold, kept.cursor.created_ns, frozenset())
        copy.state = fold.load(snapshot.state)
        copy.standing = kept.standing
        copy.cursor = kept.cursor
        copy._clock_ns = kept.clock_ns
        return copy

    @property
    def head(self) -> Head:
        return Head(self.standing.epoch, self.cursor.seq, self._clock_ns)

    def read(self, entry: Entry) -> Reading:
        """Fold one message in."""
        fact = _decoded(entry.payload)
        self._clock_ns = max(self._clock_ns, entry.ts_ns)
        self.cursor = cursor_at(self.cursor.created_ns, entry)
        if not isinstance(fact, MalformedMessageError):
            standing.apply(self.standing, fact)
        if not (self._reads_all or self._is_for_fold(entry.subject)):
            return Reading(fact, ())
        event = LogEvent(entry.seq, self._clock_ns, entry.subject, fact, self.standing.epoch)
        return Reading(fact, self._fold.apply(self.state, event))

    def snapshot(self, armed: tuple[Armed, ...], complete_seq: int) -> Snapshot:
        """Return the copy as it is now; nothing up to `complete_seq` is unread."""
        kept = Kept(
            cursor=self.cursor,
            complete_seq=max(complete_seq, self.cursor.seq),
            clock_ns=self._clock_ns,
            standing=standing.copied(self.standing),
            armed=armed,
        )
        return Snapshot(kept, self._fold.dump(self.state))


def _decoded(payload: bytes) -> Fact | MalformedMessageError:
    try:
        return decode_fact(payload)
    except MalformedMessageError as error:
        return error
