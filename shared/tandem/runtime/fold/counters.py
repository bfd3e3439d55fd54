"""What a fold's runtime counts about itself."""

from dataclasses import dataclass


@dataclass(slots=True)
class FoldCounters:
    """Totals since the process started."""

    read: int = 0
    malformed: int = 0
    unfoldable: int = 0
    speechless: int = 0
    unwritable: int = 0
    appended: int = 0
    deltas: int = 0
    conflicts: int = 0
    proposed: int = 0
    won: int = 0
    lost: int = 0
    timers_fired: int = 0
    snapshots: int = 0
    cuts: int = 0
    pauses: int = 0
