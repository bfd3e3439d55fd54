"""What the account's stream told, against what the venue's lists show it should have (pure).

A stream may go mute with its socket open, and silence is normal while nothing happens. A fill or
an order that a list shows, that happened while the stream was up and that the stream does not
tell within the grace, is the proof that it is mute.
"""

from tandem.domain.order import OrderStatus
from tandem.gateway.requests import Report
from tandem.gateway.seen import SeenSubjects
from tandem.messages.reports import FillReport, OrderReport

NS_PER_MS = 1_000_000
# What may be told late, and by how much our measure of the venue's clock may be off.
GRACE_MS = 3_000
CLOCK_MS = 500
MAX_UNTOLD = 10_000


class Heard:
    """Facts by name: of an order, that it exists and that it ended; of a fill, itself."""

    def __init__(self) -> None:
        self._since_ns: int | None = None
        self._told = SeenSubjects()
        self._untold: dict[str, int] = {}

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
        for name in _names(fact):
            self._told.add(name)
            self._untold.pop(name, None)

    def listed(self, fact: Report) -> None:
        """An answer showed this."""
        names = _names(fact)
        if not names or self._since_ns is None or len(self._untold) >= MAX_UNTOLD:
            return
        if fact.ts_event_ns > self._since_ns and names[-1] not in self._told:
            self._untold[names[-1]] = fact.ts_event_ns

    def missed(self, venue_ms: int) -> tuple[str, ...]:
        """Return the names of what the stream should have told by now."""
        before_ns = (venue_ms - GRACE_MS) * NS_PER_MS
        return tuple(name for name, ts_ns in self._untold.items() if ts_ns < before_ns)


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
