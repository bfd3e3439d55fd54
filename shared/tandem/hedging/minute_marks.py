"""Which mark of an instrument a fill of some venue minute is valued at (pure).

A gateway logs an instrument's marks in the order of its minutes, so where a later minute is known
and this one is not, it will never be, and the first later one stands for it. Any order of arrival
of fills gives the same mark.
"""

from decimal import Decimal

from tandem.domain.units import NS_PER_MINUTE
from tandem.messages.reports import MarkReport

KEPT_MINUTES = 240


def minute_of(ts_ns: int) -> int:
    return ts_ns // NS_PER_MINUTE


def note(history: dict[int, Decimal], report: MarkReport) -> None:
    """Keep the mark of a minute, the first one told of it; the oldest minutes go."""
    history.setdefault(minute_of(report.ts_event_ns), report.mark or report.mid)
    while len(history) > KEPT_MINUTES:
        del history[min(history)]


def at(history: dict[int, Decimal], minute: int) -> Decimal | None:
    """Return the mark of a minute, or of the first known one after it; None: wait."""
    known = history.get(minute)
    if known is not None:
        return known
    later = [one for one in history if one > minute]
    return history[min(later)] if later else None
