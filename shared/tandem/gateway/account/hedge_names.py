"""Whose maker a hedge's client id is: what a hedge intent in the log has claimed (pure).

1. A maker is asked for in its strategy's name, by the hedger, after its hedge intent. An order by
   the same client id that says otherwise is not that maker and takes no place of it.
2. Where no hedge intent is known (it has expired, or a cut log gets it anew a moment later) nothing
   is contradicted: a maker that is at the venue must not be told as refused.
3. A claim is kept until its maker was asked for; of too many the oldest are forgotten.
"""

from typing import NamedTuple

from tandem.domain.ids import ClientOrderId, Exc, Strategy, maker_cloid
from tandem.messages.intents import HedgeOrder, MakerSpec, NewOrder

MOST_CLAIMS = 10_000


class Claim(NamedTuple):
    """Who hedges with this maker, and what it is."""

    strategy: Strategy
    maker: MakerSpec


class HedgeNames:
    """The makers of one account that were claimed and not asked for yet."""

    def __init__(self) -> None:
        self._claims: dict[ClientOrderId, Claim] = {}

    def take(self, hedge: HedgeOrder, exc: Exc) -> None:
        """Learn of a hedge intent; of one id the first in the log counts, for the hedger too."""
        if hedge.maker.exc != exc:
            return
        while len(self._claims) >= MOST_CLAIMS:
            del self._claims[next(iter(self._claims))]
        self._claims.setdefault(maker_cloid(hedge.hedge_id), Claim(hedge.strategy, hedge.maker))

    def contradiction(self, order: NewOrder) -> str:
        """Return why an order is not the maker that its client id names; empty: nothing says so."""
        claim = self._claims.get(order.client_order_id)
        if claim is None:
            return ""
        if order.strategy != claim.strategy:
            return f"{order.client_order_id}: the maker of a hedge of another strategy"
        maker = claim.maker
        asked = (order.ticker, order.amount, order.price)
        if asked != (maker.ticker, maker.amount, maker.price):
            return f"{order.client_order_id}: not the maker that its hedge asks for"
        del self._claims[order.client_order_id]
        return ""
