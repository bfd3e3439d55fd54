"""Which quantity of an ended order is proven, and when.

1. The proven quantity is the sum of distinct fills, never a word or a difference of the venue's.
2. The sum is final when it agrees with what the ending report claims, or when a complete list of
   fills was read well after the end.
3. A fill counts once, whatever source repeats it; one that comes after the proof raises it with
   the next complete list.
4. Memory is bounded: the orders longest without news are forgotten.
"""

from collections import OrderedDict
from decimal import Decimal
from typing import Final

import msgspec

from tandem.domain.ids import ExecId, VenueOrderId
from tandem.messages.reports import FillReport, OrderReport

ORDERS_MAX: Final = 20_000
# A fill may be listed a moment after the order's end is told (seen with status queries).
SETTLE_NS: Final = 5_000_000_000
NS_PER_MS: Final = 1_000_000


class _Order:
    """What is known of one order: distinct fills, its end, and what the end claims."""

    __slots__ = ("claimed", "end", "fills", "first_ns", "proven")

    def __init__(self) -> None:
        self.fills: dict[ExecId, Decimal] = {}
        self.first_ns: int | None = None
        self.end: OrderReport | None = None
        self.claimed: Decimal | None = None
        self.proven: Decimal | None = None

    @property
    def total(self) -> Decimal:
        return sum(self.fills.values(), Decimal(0))

    def prove(self) -> OrderReport | None:
        """Return the end with the sum of fills as its quantity, unless that was said before."""
        if self.end is None or self.proven == self.total:
            return None
        self.proven = self.total
        return msgspec.structs.replace(self.end, cum_qty=self.total)


class Proofs:
    """Joins fills with the ends of their orders."""

    def __init__(self, orders_max: int = ORDERS_MAX) -> None:
        self._orders: OrderedDict[VenueOrderId, _Order] = OrderedDict()
        self._orders_max = orders_max

    def fill(self, report: FillReport) -> OrderReport | None:
        """Take a fill; return the end of its order if this completes the sum it claims."""
        order = self._order(report.venue_order_id)
        order.fills[report.exec_id] = report.last_qty
        return order.prove() if order.claimed == order.total else None

    def end(self, report: OrderReport, claimed: Decimal, placed_ns: int) -> OrderReport:
        """Take the report of an order's end; return it with its quantity where that is proven."""
        if report.venue_order_id is None:
            return report
        order = self._order(report.venue_order_id)
        order.end, order.claimed, order.first_ns = report, claimed, placed_ns
        if order.total != claimed:
            return report
        order.proven = claimed
        return msgspec.structs.replace(report, cum_qty=order.total)

    def listed(self, since_ms: int, read_ns: int) -> tuple[OrderReport, ...]:
        """Return the ends that a complete list of fills since `since_ms`, read now, proves."""
        proven = [
            order.prove()
            for order in self._orders.values()
            if _is_covered(order, since_ms * NS_PER_MS, read_ns)
        ]
        return tuple(report for report in proven if report is not None)

    def _order(self, oid: VenueOrderId) -> _Order:
        order = self._orders.setdefault(oid, _Order())
        self._orders.move_to_end(oid)
        if len(self._orders) > self._orders_max:
            self._orders.popitem(last=False)
        return order


def _is_covered(order: _Order, since_ns: int, read_ns: int) -> bool:
    if order.end is None or order.first_ns is None:
        return False
    return order.first_ns >= since_ns and read_ns - order.end.ts_recv_ns >= SETTLE_NS
