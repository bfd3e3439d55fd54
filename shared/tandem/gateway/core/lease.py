"""Who may send for one account: a lease that is renewed, released, or taken when left (pure).

1. A holder trusts its lease until it *began* the last stored write + ttl - margin, by its own
   monotonic clock. Another copy takes it only ttl + margin after it *saw* that write, or once it
   was released. What is written before is seen after, so no two copies ever trust it at once, as
   long as their clocks run at one rate; nobody's wall clock matters.
2. A missing record is waited for like a live one: a store that lost it makes no second sender.
3. Every write names the revision it replaces. A refusal, or somebody else's record, ends the lease
   at once; a write without an answer prolongs nothing until its record is read back, and then
   from the first write on that had no answer.
4. A copy whose own lease ran out takes it again at once as long as its record is the newest ever
   since: nobody else held it. A new connection to the store ends that: it may be another store.
5. Each time it is taken it has a term higher than any known before, also by the same copy after
   its lease ran out: a term is one unbroken right to send.
6. One write or look is under way at a time.
"""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from tandem.domain.units import NS_PER_MS

RENEWALS_A_TTL = 4
LOOKS_A_TTL = 8
MOST_TERMS = 2**62  # what the facts that name a term can hold, and its successors
MARGINS_A_TTL = 10


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds the lease: a process by its token, its term, and whether it gave it back."""

    holder: str
    term: Annotated[int, msgspec.Meta(ge=0, le=MOST_TERMS)]
    is_released: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """Replace the revision `expected_seq` (0: there is none) by this record."""

    record: Record
    expected_seq: int


@dataclass(frozen=True, slots=True)
class Look:
    """Read the newest record."""


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """How long a lease is good for, and what both sides leave of it to be sure."""

    ttl_ns: int
    margin_ns: int


def lease_times(ttl_ms: int) -> LeaseTimes:
    ttl_ns = ttl_ms * NS_PER_MS
    return LeaseTimes(ttl_ns, ttl_ns // MARGINS_A_TTL)


class Lease:
    """One copy's part in it, and what it knows of the others'."""

    def __init__(self, run: str, times: LeaseTimes) -> None:
        self._run = run
        self._times = times
        self._term = 0
        self._highest = 0
        self._until_ns = 0
        self._seq = 0
        self._record: Record | None = None
        self._seen_ns: int | None = None
        self._looked_ns = 0
        self._must_look = True
        self._begun_ns = 0
        self._unanswered_ns: int | None = None
        self._writing: Write | None = None
        self._is_other_alive = False
        self._is_unbroken = False
        self._is_leaving = False
        self._is_stepping_aside = False

    def term_at(self, mono_ns: int) -> int:
        """Return the term in which this copy may send at that moment; 0: it may not."""
        return self._term if mono_ns < self._until_ns else 0

    def holds(self, mono_ns: int) -> bool:
        return bool(self.term_at(mono_ns))

    def is_standby(self, mono_ns: int) -> bool:
        """Tell whether another copy was seen to renew its lease within the time it has."""
        if self._seen_ns is None or not self._is_other_alive:
            return False
        return mono_ns - self._seen_ns < self._patience_ns()

    @property
    def is_left(self) -> bool:
        """Tell whether no record says that this copy holds the lease."""
        record = self._record
        return record is None or record.is_released or record.holder != self._run

    def outranked(self, term: int) -> None:
        """Learn of another copy's term from the log: a store that was wiped counts on from it."""
        self._highest = max(self._highest, term)
        if 0 < self._term <= term:
            self._lose()
            self.unseen()

    def leave(self) -> None:
        """Give the lease back and take it no more."""
        self._is_leaving = True

    def step_aside(self) -> None:
        """Give the lease back because another copy is fitter, and go on taking part."""
        self._is_stepping_aside = True

    def due(self, mono_ns: int, handicap_ns: int | None) -> Write | Look | None:
        """Return what to do now.

        `handicap_ns` is how much longer than others this copy lets a free lease lie, None when
        it is not fit to take it at all.
        """
        if self._must_look or self._seen_ns is None:
            return Look()
        if self._is_leaving:
            return None if self.is_left else self._write(is_released=True)
        if self.holds(mono_ns):
            is_released, self._is_stepping_aside = self._is_stepping_aside, False
            if is_released:
                return self._write(is_released=True)
            renew_ns = self._times.ttl_ns // RENEWALS_A_TTL
            return self._write() if mono_ns - self._begun_ns >= renew_ns else None
        waited_ns = mono_ns - self._seen_ns
        if handicap_ns is not None and waited_ns >= handicap_ns + self._wait_ns():
            return Write(Record(holder=self._run, term=self._next_term()), self._seq)
        look_ns = self._times.ttl_ns // LOOKS_A_TTL
        return Look() if mono_ns - self._looked_ns >= look_ns else None

    def _write(self, *, is_released: bool = False) -> Write:
        term = self._record.term if self._record is not None else self._term
        return Write(Record(holder=self._run, term=term, is_released=is_released), self._seq)

    def _next_term(self) -> int:
        return max(self._highest, self._record.term if self._record is not None else 0) + 1

    def _patience_ns(self) -> int:
        return self._times.ttl_ns + self._times.margin_ns

    def _wait_ns(self) -> int:
        """Return for how long the record must not change before it may be replaced."""
        record = self._record
        is_free = record is not None and (record.is_released or self._is_unbroken)
        return 0 if is_free else self._patience_ns()

    def begin(self, write: Write, mono_ns: int) -> None:
        """A write is about to be made; one that gives the lease back ends it already now."""
        self._writing, self._begun_ns = write, mono_ns
        if write.record.is_released:
            self._lose()

    def stored(self, seq: int, mono_ns: int) -> None:
        """The write was stored."""
        write, self._writing = self._writing, None
        if write is None:
            return
        was_held = self.term_at(mono_ns) == write.record.term
        is_taken = write.record.term > self._highest
        self._know(seq, write.record, mono_ns)
        if (was_held or is_taken) and not write.record.is_released:
            self._term = write.record.term
            self._until_ns = self._begun_ns + self._times.ttl_ns - self._times.margin_ns
            self._is_unbroken = mono_ns < self._until_ns

    def refused(self) -> None:
        """The write was not stored: another revision is the newest."""
        self._writing = None
        self._must_look = True
        self._lose()

    def unanswered(self) -> None:
        """Whether the write is stored, or will be, is not known."""
        self._writing = None
        self._must_look = True
        if self._unanswered_ns is None:
            self._unanswered_ns = self._begun_ns

    def saw(self, seq: int, record: Record | None, mono_ns: int) -> None:
        """The newest record was read (None and 0: there is none)."""
        self._must_look = False
        self._looked_ns = mono_ns
        if self._seen_ns is not None and (seq, record) == (self._seq, self._record):
            return
        was_watched, unanswered_ns = self._seen_ns is not None, self._unanswered_ns
        self._know(seq, record, mono_ns)
        if record is None or record.holder != self._run or record.term != self._term:
            self._lose()
            self._is_unbroken = False
            self._is_other_alive = was_watched and _is_live(record)
        elif self.holds(mono_ns) and unanswered_ns is not None and not record.is_released:
            until_ns = unanswered_ns + self._times.ttl_ns - self._times.margin_ns
            self._until_ns = max(self._until_ns, until_ns)

    def look_again(self) -> None:
        """Somebody says that the record was replaced."""
        self._must_look = True

    def unseen(self) -> None:
        """The connection to the store was new: what was seen before may be another store's."""
        self._must_look = True
        self._seen_ns = None
        self._writing = None
        self._is_other_alive = self._is_unbroken = False

    def _know(self, seq: int, record: Record | None, mono_ns: int) -> None:
        self._seq, self._record, self._seen_ns = seq, record, mono_ns
        self._unanswered_ns = None
        self._highest = max(self._highest, record.term if record is not None else 0)

    def _lose(self) -> None:
        self._term = self._until_ns = 0


def _is_live(record: Record | None) -> bool:
    return record is not None and not record.is_released
