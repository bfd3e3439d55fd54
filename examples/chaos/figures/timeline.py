"""What the services and the log say about a stretch of time, so that its seconds are explained.

1. Logs that were rotated, cut or garbled by a kill are read as far as they are readable.
2. A phase's moment is when it was over for the last time before the end of the stretch.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tandem.domain.units import MS_PER_S

# What a process logs when a step of its recovery is done.
PHASES = {
    "starting": "started",
    "fold caught up": "fold caught up",
    "channel up": "channel up",
    "lease gained": "lease",
    "caught up with the log": "fence",
    "backfilled": "resynced",
    "decision": "decided",
    "request": "sent",
}
MOST_TOLD = 60
SAID = ("channel", "cloid", "error", "reason", "term", "epoch", "tickers", "cleared", "wait_ms")


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that happened: who says it, what, and details."""

    at_ms: int
    who: str
    what: str
    more: str = ""


def logged(directory: Path) -> Iterator[Note]:
    """Yield what every service has logged."""
    for file in sorted(directory.glob("*.log")):
        for line in file.read_text(errors="replace").splitlines():
            note = _note(file.stem, line)
            if note is not None:
                yield note


def _note(who: str, line: str) -> Note | None:
    try:
        said = json.loads(line)
        at_ms = int(datetime.fromisoformat(said["timestamp"]).timestamp() * MS_PER_S)
        more = " ".join(f"{name}={said[name]}" for name in SAID if name in said)
        return Note(at_ms, who, str(said["event"]), more)
    except (ValueError, KeyError, TypeError):
        return None


def between(notes: Iterable[Note], from_ms: int, until_ms: int) -> list[Note]:
    """Return what happened in a stretch, in order."""
    found = [note for note in notes if from_ms <= note.at_ms <= until_ms]
    return sorted(found, key=lambda note: note.at_ms)


def phases(notes: Iterable[Note], from_ms: int) -> Mapping[str, int]:
    """Return when each phase was over, relative to the start of the stretch."""
    found: dict[str, int] = {}
    for note in notes:
        if note.what in PHASES:
            found[PHASES[note.what]] = note.at_ms - from_ms
    return dict(sorted(found.items(), key=lambda one: one[1]))


def told(notes: Iterable[Note], from_ms: int) -> list[str]:
    """Return notes as lines, relative to the start of the stretch."""
    lines = [
        f"{note.at_ms - from_ms:+d} {note.who}: {note.what} {note.more}".rstrip() for note in notes
    ]
    return lines[:MOST_TOLD]
