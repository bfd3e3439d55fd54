"""One copy of a fold: its state, its place in the log, its clock; changed only by `read`.

1. The clock never falls, whatever the log's timestamps do.
2. A malformed message reaches the fold as its own error; it stops nothing.
3. A message that the fold cannot hold (an exception in `apply`, the last door) may have changed
   half of the state. So the copy is of no use then: one is made anew from before that message,
   which it passes over whole (`aside`), with an alarm. The same message breaks each copy at the
   same place, so all of them end in the same state.
"""

from collections.abc import Mapping
from typing import Generic, NamedTuple, TypeVar

from msgspec import Struct, structs

from tandem.bus.cursor import cursor_at
from tandem.bus.filters import matcher
from tandem.bus.port import Cursor, Entry
from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import Exc, exec_key
from tandem.messages import subjects
from tandem.messages.codec import Fact
from tandem.messages.facts import read_fact
from tandem.messages.reports import FillCost, FillReport
from tandem.runtime.fold import epochs, passed_over
from tandem.runtime.fold.epochs import Standing
from tandem.runtime.fold.passed_over import Faults
from tandem.runtime.fold.port import Append, Effect, Fold, Head, LogEvent
from tandem.runtime.fold.snapshots import Kept, Snapshot
from tandem.runtime.fold.timers import Armed

S = TypeVar("S")


class PutAside(NamedTuple):
    """What is passed over at a place of the log, and why; another message there is none of it."""

    subject: str
    why: str


class Reading(Struct, frozen=True):
    """What one message was, and what follows from it."""

    fact: Fact | MalformedMessageError
    effects: tuple[Effect, ...]


class UnfoldableError(Exception):
    """A fold has raised on a message; its state may be half changed."""

    def __init__(self, seq: int, cause: Exception) -> None:
        super().__init__(f"message {seq}: {type(cause).__name__}")
        self.seq = seq
        self.reason = f"{type(cause).__name__} in the fold"


class FoldCopy(Generic[S]):
    """Begins empty, before the first message of a log.

    `aside` names the messages to pass over, and why; whoever made the copy may add to it.
    """

    def __init__(
        self,
        fold: Fold[S],
        created_ns: int,
        accounts: frozenset[Exc],
        aside: Mapping[int, PutAside] | None = None,
    ) -> None:
        self.state = fold.initial()
        self.standing = Standing(accounts=set(accounts))
        self.cursor = Cursor(created_ns=created_ns)
        self._fold = fold
        self._aside: Mapping[int, PutAside] = {} if aside is None else aside
        self._passed: tuple[int, ...] = ()
        self._faults = Faults()
        self._clock_ns = 0
        self._reads_all = subjects.ALL_FACTS in fold.filters
        self._is_for_fold = matcher(fold.filters)

    @classmethod
    def restored(
        cls, fold: Fold[S], snapshot: Snapshot, aside: Mapping[int, PutAside] | None = None
    ) -> "FoldCopy[S]":
        """Return the copy that the snapshot was taken of."""
        kept = snapshot.kept
        copy = cls(fold, kept.cursor.created_ns, frozenset(), aside)
        copy.state = fold.load(snapshot.state)
        copy.standing = kept.standing
        copy.cursor = kept.cursor
        copy._clock_ns = kept.clock_ns
        copy._faults = kept.faults
        copy._passed = kept.aside
        return copy

    @property
    def head(self) -> Head:
        return Head(self.standing.epoch, self.cursor.seq, self._clock_ns)

    def read(self, entry: Entry) -> Reading:
        """Fold one message in.

        Raises:
            UnfoldableError: the fold cannot hold it; this copy is of no use any more.
        """
        fact = _decoded(entry)
        self._clock_ns = max(self._clock_ns, entry.ts_ns)
        self.cursor = cursor_at(self.cursor.created_ns, entry)
        aside = self._aside.get(entry.seq)
        if aside is not None and aside.subject == entry.subject:
            return self._pass_over(entry, aside.why)
        if not isinstance(fact, MalformedMessageError):
            epochs.apply(self.standing, fact)
        if not (self._reads_all or self._is_for_fold(entry.subject)):
            return Reading(fact, ())
        event = LogEvent(entry.seq, self._clock_ns, entry.subject, fact, self.standing.epoch)
        try:
            return Reading(fact, self._fold.apply(self.state, event))
        except MemoryError:
            raise  # of this process only: it must end, and begin anew
        except Exception as error:
            raise UnfoldableError(entry.seq, error) from error

    def _pass_over(self, entry: Entry, why: str) -> Reading:
        nth = passed_over.count(self._faults, entry.subject, self._clock_ns)
        passed = MalformedMessageError("message", why)
        if not nth:
            return Reading(passed, ())
        place = f"aside-{self.standing.epoch}.{entry.seq}"
        alarm = passed_over.alarm(self._fold.name, place, (entry.subject, why), nth)
        return Reading(passed, (Append(alarm),))

    def _passed_over(self) -> tuple[int, ...]:
        """Return what the state has passed over, also before this process: others ask for it."""
        since = (seq for seq in self._aside if seq <= self.cursor.seq)
        return tuple(sorted({*self._passed, *since}))

    def snapshot(self, armed: tuple[Armed, ...], complete_seq: int) -> Snapshot:
        """Return the copy as it is now; nothing up to `complete_seq` is unread."""
        kept = Kept(
            cursor=self.cursor,
            complete_seq=max(complete_seq, self.cursor.seq),
            clock_ns=self._clock_ns,
            standing=epochs.copied(self.standing),
            armed=armed,
            faults=passed_over.copied(self._faults),
            aside=self._passed_over(),
        )
        return Snapshot(kept, self._fold.dump(self.state))


def _decoded(entry: Entry) -> Fact | MalformedMessageError:
    try:
        return _under_one_identity(read_fact(entry.subject, entry.payload))
    except MalformedMessageError as error:
        return error


def _under_one_identity(fact: Fact) -> Fact:
    """Return a fact as if it had always been named as it is now: a fill counts once.

    While gateways of two versions run side by side, the log holds each fill under both identities.
    """
    if not isinstance(fact, FillReport | FillCost):
        return fact
    key = exec_key(fact.exec_id)
    return fact if key == fact.exec_id else structs.replace(fact, exec_id=key)
