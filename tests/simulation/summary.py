"""What a set of runs contained, and which fault never fired: that is a defect of the simulation."""

from collections import Counter
from collections.abc import Iterable

from tests.simulation.plan import CHAOS, LATER_CHAOS

AMBIENT_COUNTS = (
    "lost request",
    "late request",
    "lost answer",
    "late answer",
    "cut before",
    "cut after",
    "drop event",
    "repeat event",
    "late event",
    "events muted",
    "5xx executed",
    "5xx not executed",
    "orders refused",
    "lagging lookups",
    "duplicate client ids refused",
    "duplicate nonces refused",
    "outside the window",
    "actions stalled",
    "external fills",
)
OUTCOMES = (
    "crashes",
    "takeovers",
    "duplicates",
    "in-doubt sends",
    "resent orders",
    "resent appends",
    "lost proposals",
    "late fills",
    "fills before ack",
)
LATER_COUNTS = (
    "restart before an order",
    "restart after an order",
    "unlisted refusals",
    "unlisted refusals heard",
    "forced fills",
    "cleared by death",
    "orders of the dead",
    "orders kept",
)
EXPECTED = (*CHAOS, *LATER_CHAOS, *LATER_COUNTS, *AMBIENT_COUNTS, *OUTCOMES)


def never_fired(counts: Counter[str], expected: Iterable[str] = EXPECTED) -> tuple[str, ...]:
    return tuple(name for name in expected if not counts[name])


def lines(counts: Counter[str]) -> list[str]:
    """Return the counts for people, two columns."""
    names = sorted(name for name in counts if name != "virtual ms")
    return [f"  {name:<34}{counts[name]:>12,}" for name in names]
