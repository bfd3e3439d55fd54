"""How much of what was asked for: the bounds that an order's reports and fills keep to (pure).

1. What the log asked for is the bound of an order of ours; of any other order, the most that the
   venue said of it. An order that was made larger at the venue keeps the larger bound.
2. Memory is bounded: the orders longest without news are forgotten, and with them a check only.
"""

from collections import OrderedDict
from decimal import Decimal
from typing import Final, TypeVar

from msgspec import Struct

from tandem.domain.ids import ClientOrderId, Ticker, VenueOrderId
from tandem.messages.reports import FillReport, OrderReport
from tandem.messages.rules import is_plain

MAX_ORDERS: Final = 20_000

Oid = tuple[Ticker, VenueOrderId]
Key = TypeVar("Key")


class OrderTerms(Struct, frozen=True):
    """An order's ticker and the most that it may be, signed: negative sells."""

    ticker: Ticker
    amount: Decimal

    def with_at_least(self, amount: Decimal) -> "OrderTerms":
        return self if abs(amount) <= abs(self.amount) else OrderTerms(self.ticker, amount)


class Terms:
    """The bounds of the orders seen lately, by client id and by the venue's."""

    def __init__(self, max_orders: int = MAX_ORDERS) -> None:
        self._max = max_orders
        self._by_cloid: OrderedDict[ClientOrderId, OrderTerms] = OrderedDict()
        self._by_oid: OrderedDict[Oid, OrderTerms] = OrderedDict()

    def asked(self, cloid: ClientOrderId, ticker: Ticker, amount: Decimal) -> None:
        """The log asks for an order; the first to ask under a client id has the order."""
        if is_plain(amount) and amount:
            self._by_cloid.setdefault(cloid, OrderTerms(ticker, amount))
            self._forget(self._by_cloid)

    def told(self, report: OrderReport) -> None:
        """The venue said how large an order is, soundly."""
        if not report.amount:
            return
        cloid, oid = report.client_order_id, report.venue_order_id
        if cloid is not None and cloid in self._by_cloid:
            self._by_cloid[cloid] = self._by_cloid[cloid].with_at_least(report.amount)
        if oid is not None:
            key = report.ticker, oid
            held = self._named(report) or OrderTerms(report.ticker, report.amount)
            self._by_oid[key] = held.with_at_least(report.amount)
            self._by_oid.move_to_end(key)
            self._forget(self._by_oid)

    def of(self, fact: OrderReport | FillReport) -> OrderTerms | None:
        """Return the bounds of the order that a fact is about, None when none are known."""
        return self._named(fact)

    def _named(self, fact: OrderReport | FillReport) -> OrderTerms | None:
        cloid, oid = fact.client_order_id, fact.venue_order_id
        asked = self._by_cloid.get(cloid) if cloid is not None else None
        if asked is not None or oid is None:
            return asked
        return self._by_oid.get((fact.ticker, oid))

    def _forget(self, orders: OrderedDict[Key, OrderTerms]) -> None:
        if len(orders) > self._max:
            orders.popitem(last=False)
