"""Which quantity of an ended order is proven, and when.

1. The proven quantity is the sum of distinct fills, never a word or a difference of the venue's.
2. The sum is final when it agrees with what the ending report claims, or when a complete list of
   fills was asked for well after the end was told: a slow answer is as old as its question.
3. A fill counts once, whatever source repeats it. What is proven is told again when its fills or
   a list are: the same fact under the same identity, so nothing depends on who took it first.
4. Lists of fills that overlap cover one stretch of time; a gap between two begins a new one.
5. Memory is bounded: the orders longest without news are forgotten.
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


class _Order:
    """What is known of one order: distinct fills, its end, what the end claims, its placing."""

    __slots__ = ("claimed", "end", "fills", "placed_ns", "total")

    def __init__(self) -> None:
        self.fills: dict[ExecId, Decimal] = {}
        self.end: OrderReport | None = None
        self.claimed = Decimal(0)
        self.placed_ns = 0
        self.total = Decimal(0)

    def take(self, fill: FillReport) -> None:
        self.total += fill.last_qty - self.fills.get(fill.exec_id, Decimal(0))
        self.fills[fill.exec_id] = fill.last_qty

    @property
    def agrees(self) -> bool:
        return self.end is not None and self.claimed == self.total

    def proven(self) -> OrderReport | None:
        """Return the end with the sum of fills as its quantity, None before the end."""
        return None if self.end is None else msgspec.structs.replace(self.end, cum_qty=self.total)


class Proofs:
    """Joins fills with the ends of their orders."""

    def __init__(self, orders_max: int = ORDERS_MAX) -> None:
        self._orders: OrderedDict[VenueOrderId, _Order] = OrderedDict()
        self._orders_max = orders_max
        self._disputed: dict[VenueOrderId, OrderReport] = {}
        self._covered_ns: tuple[int, int] | None = None

    def fill(self, report: FillReport) -> OrderReport | None:
        """Take a fill; return the end of its order if the sum is what it claims."""
        order = self._order(report.venue_order_id)
        order.take(report)
        self._note_dispute(report.venue_order_id, order)
        return order.proven() if order.agrees else None

    def end(self, report: OrderReport, claimed: Decimal, placed_ns: int) -> OrderReport:
        """Take the report of an order's end; return it with its quantity where that is proven."""
        if report.venue_order_id is None:
            return report
        order = self._order(report.venue_order_id)
        order.end, order.claimed, order.placed_ns = report, claimed, placed_ns
        self._note_dispute(report.venue_order_id, order)
        return (order.proven() if order.agrees else None) or report

    def listed(self, since_ns: int, until_ns: int) -> tuple[OrderReport, ...]:
        """Take that every fill of a stretch of time was listed; return the ends this proves."""
        begin_ns, end_ns = self._covered_ns or (since_ns, until_ns)
        if since_ns > end_ns:
            begin_ns = since_ns
        self._covered_ns = min(begin_ns, since_ns), max(end_ns, until_ns)
        return tuple(
            msgspec.structs.replace(end, cum_qty=self._orders[oid].total)
            for oid, end in self._disputed.items()
            if _is_within(self._covered_ns, self._orders[oid].placed_ns, end.ts_recv_ns)
        )

    def _note_dispute(self, oid: VenueOrderId, order: _Order) -> None:
        self._disputed.pop(oid, None)
        if order.end is not None and not order.agrees:
            self._disputed[oid] = order.end

    def _order(self, oid: VenueOrderId) -> _Order:
        order = self._orders.setdefault(oid, _Order())
        self._orders.move_to_end(oid)
        if len(self._orders) > self._orders_max:
            forgotten, _ = self._orders.popitem(last=False)
            self._disputed.pop(forgotten, None)
        return order


def _is_within(covered_ns: tuple[int, int], placed_ns: int, ended_ns: int) -> bool:
    begin_ns, end_ns = covered_ns
    return placed_ns >= begin_ns and end_ns - ended_ns >= SETTLE_NS
