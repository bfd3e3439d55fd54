"""What the sender of an account may have sent of late, as a copy that does not send knows (pure).

Only one copy sends, and all of them follow the log: whatever it sent was asked for there. So a
copy that takes over counts what the log asked for within the budgets' longest period as sent, and
needs no word of its predecessor. What was sent twice, or without an intent (sweeps, clearing), it
does not see: for these no copy uses all that the venue grants.
"""

from collections import deque
from collections.abc import Sequence

from tandem.domain.units import NS_PER_MS
from tandem.gateway.core.clocks import TERMS
from tandem.gateway.core.pending_order import Taker
from tandem.gateway.port.requests import CancelOne, OrderRequest, PlaceOrder
from tandem.messages.hedges import Decision
from tandem.messages.intents import CancelOrder, NewOrder
from tandem.transport.priority import Priority

LONGEST_PERIOD_NS = 60_000_000_000
MOST_KEPT = 10_000
MADE_AT_MOST = 2

Asked = Decision | NewOrder | CancelOrder
Sent = tuple[int, type[OrderRequest], Priority]


def priority_of(ask: NewOrder | Taker | None) -> Priority:
    """Return with which priority an order is sent: hedges outrank quotes."""
    return Priority.HEDGE if isinstance(ask, Taker) else Priority.QUOTE


def lead_ms(ages_ns: Sequence[int]) -> int:
    """Return how far ahead of time the nonces of so old requests may have run, oldest first.

    Each takes TERMS milliseconds; a request that was made again took another.
    """
    lead = 0
    for made, age_ns in enumerate(reversed(ages_ns), start=1):
        lead = max(lead, MADE_AT_MOST * TERMS * made - age_ns // NS_PER_MS)
    return lead


class Presumed:
    """The requests that were asked for, by the log's time."""

    def __init__(self) -> None:
        self._asked: deque[Sent] = deque(maxlen=MOST_KEPT)

    def take(self, asked: Asked, ts_ns: int) -> None:
        """Take what the log asks for; who reads it does not send."""
        while self._asked and self._asked[0][0] <= ts_ns - LONGEST_PERIOD_NS:
            self._asked.popleft()
        match asked:
            case Decision():
                self._asked.extend((ts_ns, PlaceOrder, Priority.HEDGE) for _ in asked.takers)
            case NewOrder():
                self._asked.append((ts_ns, PlaceOrder, Priority.QUOTE))
            case CancelOrder():
                self._asked.append((ts_ns, CancelOne, Priority.CANCEL))

    def settle(self, log_ns: int) -> tuple[Sent, ...]:
        """Return what was asked for within the period until now: the age of each, and forget it."""
        asked, self._asked = self._asked, deque(maxlen=MOST_KEPT)
        return tuple(
            (max(0, log_ns - ts_ns), kind, priority)
            for ts_ns, kind, priority in asked
            if ts_ns > log_ns - LONGEST_PERIOD_NS
        )
