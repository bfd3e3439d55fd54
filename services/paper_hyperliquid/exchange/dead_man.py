"""When an account's scheduled cancel fires (Hyperliquid docs, scheduleCancel).

One timer per account; it needs enough traded volume, lies some seconds ahead, and fires a bounded
number of times per UTC day.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from services.paper_exchange.engine.orders import AccountId
from services.paper_exchange.engine.state_journal import Entry, StateJournal
from services.paper_hyperliquid.auth.nonces import DAY_MS
from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.wire.errors import RequestError, schedule_needs_volume

_CENT: Final = Decimal("0.01")


class TimersEntry(Entry, frozen=True):
    """Every account's timer in the journal, and how often those of a day have fired."""

    due_ms: dict[AccountId, int]
    firings: tuple[tuple[AccountId, int, int], ...]


class DeadMan:
    """Every account's timer."""

    def __init__(self, settings: Settings, journal: StateJournal | None = None) -> None:
        self._journal = journal or StateJournal()
        self._journal.keep(TimersEntry, self._restore, self._entries)
        self._settings = settings
        self._due_ms: dict[AccountId, int] = {}
        self._firings: dict[tuple[AccountId, int], int] = {}

    def schedule(
        self, account: AccountId, time_ms: int | None, volume: Decimal, now_ms: int
    ) -> None:
        """Set or clear the timer, or raise RequestError."""
        required = self._settings.schedule_volume_required_usd
        if volume < required:
            raise RequestError(schedule_needs_volume(required, str(volume.quantize(_CENT))))
        if time_ms is None:
            self._due_ms.pop(account, None)
            self._note()
            return
        if time_ms < now_ms + self._settings.schedule_min_ahead_ms:
            raise RequestError("Scheduled cancel time must be at least 5 seconds in the future.")
        day = self._firings.get((account, now_ms // DAY_MS), 0)
        if day >= self._settings.schedule_firings_per_day_max:
            raise RequestError("Too many scheduled cancels triggered today.")
        self._due_ms[account] = time_ms
        self._note()

    def take_due(self, now_ms: int) -> tuple[AccountId, ...]:
        """Return the accounts whose timer has run out, and count the firing."""
        due = tuple(account for account, at_ms in self._due_ms.items() if at_ms <= now_ms)
        for account in due:
            del self._due_ms[account]
            key = (account, now_ms // DAY_MS)
            self._firings[key] = self._firings.get(key, 0) + 1
        if due:
            self._note()
        return due

    def _note(self) -> None:
        for entry in self._entries():
            self._journal.note(entry)

    def _entries(self) -> Iterator[TimersEntry]:
        firings = ((account, day, count) for (account, day), count in self._firings.items())
        yield TimersEntry(dict(self._due_ms), tuple(firings))

    def _restore(self, entry: TimersEntry) -> None:
        self._due_ms = dict(entry.due_ms)
        self._firings = {(account, day): count for account, day, count in entry.firings}
