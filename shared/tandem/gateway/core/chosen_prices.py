"""Which orders got their price from the gateway, whoever tells of them (pure).

1. A venue that has no word for `price_match` never says that an order was asked for with it. The
   acknowledgement does, and it may be lost: what is then told by the stream, a list or a lookup is
   completed from what the log asked for.
2. Memory is bounded: the orders that were asked for longest ago are forgotten.
"""

from collections import OrderedDict

import msgspec

from tandem.domain.ids import ClientOrderId
from tandem.gateway.account.facts import GatewayFact
from tandem.messages.intents import NewOrder
from tandem.messages.reports import OrderReport

MOST_ORDERS = 4_096


class Emulation:
    """The orders of one account whose price the venue did not choose, by client id."""

    def __init__(self, *, has_price_match: bool) -> None:
        self._has_price_match = has_price_match
        self._orders: OrderedDict[ClientOrderId, None] = OrderedDict()

    def asked(self, order: NewOrder) -> None:
        """Learn from the log what an order was asked for with."""
        if order.price_match is None or self._has_price_match:
            return
        self._orders[order.client_order_id] = None
        if len(self._orders) > MOST_ORDERS:
            self._orders.popitem(last=False)

    def completed(self, fact: GatewayFact) -> GatewayFact:
        """Return an order's report with what it was asked for; any other fact as it is."""
        if not self._orders or not isinstance(fact, OrderReport) or fact.emulated:
            return fact
        if fact.client_order_id not in self._orders:
            return fact
        return msgspec.structs.replace(fact, emulated=True)
