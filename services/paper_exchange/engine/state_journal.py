"""What an exchange must still know after a restart: noted as it happens, told again at the start.

1. An entry states something whole (an order, a fill, an account): told twice it changes nothing.
2. The entries of one operation are handed over together, by `commit`, before anybody hears of it.
3. An entry is told again to the code that noted it, so that what is derived is derived once.
4. A number is handed out once, also across restarts: numbers are reserved before they are used.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from services.paper_exchange.units import NS_PER_S

RESERVED_COUNT = 1_000
# 2026-01-01. More ids a second than an exchange of one process can use up.
FIRST_BOOKS_NS = 1_767_225_600_000_000_000
IDS_PER_S = 1_000


def ids_used_before(now_ns: int) -> int:
    """Return how many ids books that begin now leave out: former books may have used them."""
    return max(0, now_ns - FIRST_BOOKS_NS) * IDS_PER_S // NS_PER_S


class Entry(msgspec.Struct, frozen=True, tag=True):
    """One thing to be remembered; its class's name is its tag."""


EntryT = TypeVar("EntryT", bound=Entry)
Sink = Callable[[Sequence[Entry]], None]


class NumbersEntry(Entry, frozen=True):
    """Below `reserved` every number of a series may have been handed out."""

    series: str
    reserved: int


class NumberSeries:
    """Hands out whole numbers in turn; the journal is told a block ahead."""

    def __init__(self, name: str, first: int, note: Callable[[Entry], None]) -> None:
        self._name = name
        self._next = self._reserved = first
        self._note = note

    def take(self) -> int:
        """Return the next number."""
        self.reach(self._next + 1)
        return self._next - 1

    def reach(self, following: int, count: int = RESERVED_COUNT) -> None:
        """Go on at `following`, and reserve `count` numbers where it is past what is reserved."""
        self._next = following
        if following > self._reserved:
            self._reserved = following + count
            self._note(self.entry())

    @property
    def next(self) -> int:
        return self._next

    def entry(self) -> NumbersEntry:
        return NumbersEntry(self._name, self._reserved)

    def restore(self, reserved: int) -> None:
        """Go on where nothing can have been handed out."""
        self._next = self._reserved = reserved


class StateJournal:
    """Collects the entries of one operation; without a sink it keeps nothing."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._sink: Sink | None = None
        self._restorers: dict[type[Entry], Callable[[Entry], None]] = {}
        self._standing: list[Callable[[], Iterable[Entry]]] = []
        self._series: dict[str, NumberSeries] = {}
        self.keep(NumbersEntry, self._restore_numbers, self._numbers)

    def keep(
        self,
        kind: type[EntryT],
        restore: Callable[[EntryT], None],
        standing: Callable[[], Iterable[Entry]] = tuple,
    ) -> None:
        """Take on a kind of entry.

        Args:
            kind: its class.
            restore: takes an entry over, at the start and without noting it.
            standing: what of this kind holds now, leaving out what is history.
        """
        self._restorers[kind] = restore  # type: ignore[assignment]  # looked up by its own type
        self._standing.append(standing)

    def numbers(self, name: str, first: int) -> NumberSeries:
        """Return a new series of numbers that outlives the process."""
        series = self._series[name] = NumberSeries(name, first, self.note)
        return series

    @property
    def kinds(self) -> tuple[type[Entry], ...]:
        return tuple(self._restorers)

    def note(self, entry: Entry) -> None:
        """Remember an entry, with what else the operation under way does."""
        if self._sink is not None:
            self._entries.append(entry)

    def commit(self) -> None:
        """Hand over what was noted; what the sink does not take is handed over with the next."""
        if self._entries and self._sink is not None:
            self._sink(self._entries)
            self._entries.clear()

    def restore(self, entries: Iterable[Entry]) -> None:
        """Take over what was noted before, in its order."""
        for entry in entries:
            self._restorers[type(entry)](entry)

    def standing(self) -> Iterator[Entry]:
        """Return what holds now; whoever takes it over knows all but history."""
        for entries in self._standing:
            yield from entries()

    def begin(self, sink: Sink) -> None:
        """Note from now on."""
        self._sink = sink

    def _restore_numbers(self, entry: NumbersEntry) -> None:
        series = self._series.get(entry.series)
        if series is not None:
            series.restore(entry.reserved)

    def _numbers(self) -> Iterator[Entry]:
        for series in self._series.values():
            yield series.entry()
