"""Which intents still stand, by what the mirrors show: they are offered again whatever their age.

1. An order stands while its row is open: whoever sends it looks it up first, so that offering it
   again is harmless, and without it nobody knows whose it is.
2. A hedge stands while it is on its page, unfinished and unfilled. One that has filled long ago was
   hedged long ago by takers that nobody lists any more: what is known of those the hedger says
   (Carried), and without it the fills would be hedged a second time.
"""

from collections.abc import Mapping

from tandem.client.mirror.mirrors import ENDED_HEDGES, Hedges, Orders
from tandem.domain.ids import Exc
from tandem.messages.codec import Fact
from tandem.messages.intents import HedgeOrder, NewOrder


class Standing:
    """Looks at one client's mirrors."""

    def __init__(self, orders: Mapping[Exc, Orders], hedges: Hedges) -> None:
        self._orders, self._hedges = orders, hedges

    def holds(self, intent: Fact) -> bool:
        """Tell whether an intent is not over."""
        match intent:
            case NewOrder():
                orders = self._orders.get(intent.exc)
                return orders is not None and intent.client_order_id in orders.page.rows
            case HedgeOrder():
                row = self._hedges.links.rows.get(intent.hedge_id)
                return row is not None and row.state not in ENDED_HEDGES and not row.maker_filled
            case _:
                return False

    def has_filled(self, intent: Fact) -> bool:
        """Tell whether an intent is a hedge whose maker is known to have filled."""
        if not isinstance(intent, HedgeOrder):
            return False
        row = self._hedges.get(intent.hedge_id)
        return row is not None and bool(row.maker_filled)


class NothingStands:
    """Stands in where there are no mirrors."""

    def holds(self, _intent: Fact) -> bool:
        return False

    def has_filled(self, _intent: Fact) -> bool:
        return False
