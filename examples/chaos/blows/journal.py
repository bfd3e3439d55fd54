"""What was done to the system and when: kept to say what went on at a moment.

It is written as it goes, a line when a blow begins and one when it is over: a run that is stopped
leaves it behind.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tandem.domain.units import NS_PER_MS


@dataclass(slots=True)
class Event:
    """One blow that fell. `until_ms` is None while it lasts; wall time, as the venues' trades."""

    kind: str
    what: str
    from_ms: int
    from_mono_ns: int
    until_ms: int | None = None


@dataclass(slots=True)
class Journal:
    """Every blow of a run, in the order in which they fell."""

    wall_ns: Callable[[], int]
    monotonic_ns: Callable[[], int]
    file: Path | None = None
    events: list[Event] = field(default_factory=list)

    def begin(self, kind: str, what: str) -> Event:
        event = Event(kind, what, self.wall_ns() // NS_PER_MS, self.monotonic_ns())
        self.events.append(event)
        self._write(event)
        return event

    def end(self, event: Event) -> None:
        event.until_ms = self.wall_ns() // NS_PER_MS
        self._write(event)

    def _write(self, event: Event) -> None:
        if self.file is not None:
            with self.file.open("ab") as lines:
                lines.write(msgspec.json.encode(event) + b"\n")

    def count(self) -> Counter[str]:
        """Return how often each kind of blow fell."""
        return Counter(event.kind for event in self.events)

    def during(self, from_ms: int, until_ms: int, lead_ms: int = 0) -> list[str]:
        """Return what went on between two moments, or began up to `lead_ms` before."""
        return [
            f"{event.what} at {event.from_ms - from_ms:+} ms for {_length(event)}"
            for event in self.events
            if event.from_ms <= until_ms and _end(event) >= from_ms - lead_ms
        ]


def _end(event: Event) -> int:
    return event.from_ms if event.until_ms is None else event.until_ms


def _length(event: Event) -> str:
    return "ever" if event.until_ms is None else f"{event.until_ms - event.from_ms} ms"
