"""What the account's stream told, against what the venue's lists show it should have (pure).

A stream may go mute with its socket open, and silence is normal while nothing happens.

1. A fill or an order that a list shows, that happened while the stream was up and that the stream
   does not tell within the grace after that, is missed. The grace counts from the list, so that a
   stall of ours, which delays stream and lists alike, proves nothing.
2. A stream that told no more than it missed, of what happened since the first thing missed, is
   mute. One that told more lost a few events, which the lists have replaced already.
"""

from collections import deque
from dataclasses import dataclass

from tandem.domain.order import OrderStatus
from tandem.domain.units import NS_PER_MS
from tandem.gateway.account.recent_set import SeenSubjects
from tandem.gateway.port.requests import Report
from tandem.messages.reports import FillReport, OrderReport

# How late a stream may tell, and by how much our measure of the venue's clock may be off.
GRACE_MS = 3_000
CLOCK_MS = 500
MAX_UNTOLD = 10_000
# As hashes, which take half of the memory: two that are alike only hide that one was missed. It
# must be more than a list reaches back, at hundreds of fills a second too.
MAX_TOLD = 80_000


@dataclass(frozen=True, slots=True)
class Missed:
    """What the stream did not tell, and whether it tells anything."""

    names: tuple[str, ...]
    is_mute: bool


@dataclass(frozen=True, slots=True)
class _Listed:
    """When something happened and when a list first showed it."""

    ts_event_ns: int
    venue_ms: int


class Heard:
    """Facts by name: of an order, that it exists and that it ended; of a fill, itself."""

    def __init__(self) -> None:
        self._since_ns: int | None = None
        self._told = SeenSubjects(MAX_TOLD)
        self._untold: dict[str, _Listed] = {}
        self._told_ns: deque[int] = deque(maxlen=MAX_UNTOLD)

    @property
    def is_waiting(self) -> bool:
        """Something was listed that the stream may still tell."""
        return bool(self._untold)

    def opened(self, venue_ms: int) -> None:
        """The stream is up since `venue_ms`: what happened before it may not tell."""
        self._since_ns = (venue_ms + CLOCK_MS) * NS_PER_MS
        self._untold.clear()

    def closed(self) -> None:
        self._since_ns = None
        self._untold.clear()

    def told(self, fact: Report) -> None:
        """The stream told this."""
        names = _names(fact)
        if names:
            self._told_ns.append(fact.ts_event_ns)
        for name in names:
            self._told.add(hash(name))
            self._untold.pop(name, None)

    def listed(self, fact: Report, venue_ms: int) -> None:
        """An answer showed this at `venue_ms`."""
        names = _names(fact)
        if not names or self._since_ns is None or len(self._untold) >= MAX_UNTOLD:
            return
        if fact.ts_event_ns > self._since_ns and hash(names[-1]) not in self._told:
            self._untold.setdefault(names[-1], _Listed(fact.ts_event_ns, venue_ms))

    def judge(self, venue_ms: int) -> Missed | None:
        """Return what the stream should have told by now, each once; None: nothing."""
        due = {
            name: listed
            for name, listed in self._untold.items()
            if venue_ms - listed.venue_ms >= GRACE_MS
        }
        if not due:
            return None
        for name in due:
            del self._untold[name]
            self._told.add(hash(name))
        first_ns = min(listed.ts_event_ns for listed in due.values())
        told = sum(ts_ns >= first_ns for ts_ns in self._told_ns)
        self._told_ns.clear()
        return Missed(tuple(due), is_mute=told <= len(due))


def _names(fact: Report) -> tuple[str, ...]:
    """Return what telling a fact tells, the most that it says last."""
    if isinstance(fact, FillReport):
        return (f"fill {fact.ticker} {fact.exec_id}",)
    if not isinstance(fact, OrderReport) or fact.venue_order_id is None or fact.in_doubt:
        return ()
    if fact.order_status is OrderStatus.REJECTED:
        return ()
    order = f"order {fact.ticker} {fact.venue_order_id}"
    return (order, f"end of {order}") if fact.order_status.is_terminal else (order,)
