"""What the middle of the hedge's book was when the maker filled, for the taker's fills (pure).

1. A decision names when the log had the makers' fills that it is for. The gateway that hedges looks
   up its newest book at each of these times, and keeps what it said until the taker's fills come.
2. A book that no price would be taken from then (stale, crossed, empty, too wide) gives no middle,
   and neither does a time that lies further back than books are kept.
"""

from collections import OrderedDict

import msgspec

from tandem.domain.ids import ClientOrderId
from tandem.gateway.account.facts import GatewayFact
from tandem.gateway.core import pricing
from tandem.gateway.core.market import Market
from tandem.gateway.core.pending_order import Now
from tandem.gateway.core.pricing import PricingRules
from tandem.messages.hedges import Decision
from tandem.messages.reports import FillReport, MidAt

MOST_TAKERS = 4_096


class FillMids:
    """The middles that were found for the takers of decisions, by client id."""

    def __init__(self, market: Market, rules: PricingRules) -> None:
        self._market, self._rules = market, rules
        self._found: OrderedDict[ClientOrderId, tuple[MidAt, ...]] = OrderedDict()

    def take(self, decision: Decision, now: Now) -> None:
        """Look up what the book was at the fills that a decision is for."""
        mids = tuple(
            found
            for at_ns in decision.fills_ns
            if (found := self._at(decision, at_ns, now)) is not None
        )
        if not mids:
            return
        for taker in decision.takers:
            self._found[taker.client_order_id] = mids
            if len(self._found) > MOST_TAKERS:
                self._found.popitem(last=False)

    def _at(self, decision: Decision, at_ns: int, now: Now) -> MidAt | None:
        mono_ns = now.mono_ns - (now.log_ns - at_ns)
        book = self._market.top_at(decision.ticker, mono_ns)
        if book is None or book.mid is None or pricing.book_fault(book, mono_ns, self._rules):
            return None
        return MidAt(at_ns=at_ns, mid=book.mid)

    def completed(self, fact: GatewayFact) -> GatewayFact:
        """Return a taker's fill with the middles found for it; any other fact as it is."""
        if not isinstance(fact, FillReport) or fact.client_order_id is None:
            return fact
        mids = self._found.get(fact.client_order_id)
        return msgspec.structs.replace(fact, mids=mids) if mids else fact
