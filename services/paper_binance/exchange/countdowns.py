"""The dead man's switch: cancels a symbol's orders unless it is armed again in time.

1. An account has at most one countdown per symbol; each call replaces it, 0 disarms it.
"""

from collections.abc import Iterator

import msgspec

from services.paper_exchange.engine.orders import AccountId
from services.paper_exchange.engine.state_journal import Entry, StateJournal


class Countdown(msgspec.Struct, frozen=True):
    """Whose orders of which symbol are cancelled."""

    account_id: AccountId
    symbol: str


class CountdownEntry(Entry, frozen=True):
    """A countdown in the journal; `due_ms` 0: it is not armed."""

    countdown: Countdown
    due_ms: int


class Countdowns:
    """All armed countdowns."""

    def __init__(self, journal: StateJournal | None = None) -> None:
        self._due_ms: dict[Countdown, int] = {}
        self._journal = journal or StateJournal()
        self._journal.keep(CountdownEntry, self._restore, self._entries)

    def arm(self, countdown: Countdown, length_ms: int, now_ms: int) -> None:
        self._set(countdown, now_ms + length_ms if length_ms else 0)

    def fire(self, now_ms: int) -> tuple[Countdown, ...]:
        """Return and forget the countdowns that have run out."""
        due = tuple(countdown for countdown, due in self._due_ms.items() if due <= now_ms)
        for countdown in due:
            self._set(countdown, 0)
        return due

    def _set(self, countdown: Countdown, due_ms: int) -> None:
        entry = CountdownEntry(countdown, due_ms)
        self._restore(entry)
        self._journal.note(entry)

    def _restore(self, entry: CountdownEntry) -> None:
        if entry.due_ms:
            self._due_ms[entry.countdown] = entry.due_ms
        else:
            self._due_ms.pop(entry.countdown, None)

    def _entries(self) -> Iterator[CountdownEntry]:
        return (CountdownEntry(countdown, due_ms) for countdown, due_ms in self._due_ms.items())

    @property
    def is_armed(self) -> bool:
        return bool(self._due_ms)
