"""What a bus counts about itself; the runtime publishes it."""

from dataclasses import dataclass


@dataclass(slots=True)
class BusCounters:
    """Totals since the connection was made."""

    stored: int = 0
    already: int = 0
    retried: int = 0
    refused: int = 0
    refused_questions: int = 0
    reconnects: int = 0
    gaps: int = 0
    errors: int = 0
    misdirected: int = 0
