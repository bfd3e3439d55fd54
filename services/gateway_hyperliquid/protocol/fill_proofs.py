"""Which quantity of an ended order is proven, and when.

1. The proven quantity is the sum of distinct fills, never a word or a difference of the venue's.
2. The sum is final when it agrees with what the ending report claims, or when a complete list of
   fills was asked for well after the end was told: a slow answer is as old as its question. Then
   what lists have told is the sum: the stream may have told a fill with another size, which was
   refused, or was not.
3. A fill counts once, whatever source repeats it. What is proven is told again when its fills or
   a list are: the same fact under the same identity, so nothing depends on who took it first.
4. Lists of fills that overlap cover one stretch of time; a gap between two begins a new one.
5. Memory is bounded: of orders whose end is proven the newest are kept, most of them packed, for
   lists that repeat their fills; of the others those longest without news are forgotten.
6. What a list repeats of a packed order moves nothing: a list has thousands of such rows, and to
   take each order out and put it back packs a block anew each time, for seconds on end.
"""

from collections import OrderedDict
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Struct, field

from tandem.domain.execution import ReportSource
from tandem.domain.ids import VenueOrderId
from tandem.domain.seen_ids import SeenIds
from tandem.domain.units import ZERO
from tandem.messages.reports import FillReport, OrderReport
from tandem.runtime.archive import Archive

ORDERS_MAX: Final = 20_000
SETTLED_MAX: Final = 1_024
PACKED_MAX: Final = 20_000
# A fill may be listed a moment after the order's end is told (seen with status queries).
SETTLE_NS: Final = 5_000_000_000


class _Order(Struct, array_like=True):
    """What is known of one order: distinct fills, its end, what the end claims, its placing.

    `listed`: the fills that lists have told, whatever else did; `listed_total` is their sum.
    """

    fills: SeenIds = field(default_factory=SeenIds)
    end: OrderReport | None = None
    claimed: Decimal = ZERO
    placed_ns: int = 0
    total: Decimal = ZERO
    listed: SeenIds = field(default_factory=SeenIds)
    listed_total: Decimal = ZERO

    def take(self, fill: FillReport) -> None:
        if self.fills.add(fill.exec_id):
            self.total += fill.last_qty
        if fill.source is ReportSource.QUERY and self.listed.add(fill.exec_id):
            self.listed_total += fill.last_qty

    @property
    def agrees(self) -> bool:
        return self.end is not None and self.claimed == self.total

    def proven(self) -> OrderReport | None:
        """Return the end with the sum of fills as its quantity, None before the end."""
        return None if self.end is None else msgspec.structs.replace(self.end, cum_qty=self.total)


_pack: Final = msgspec.msgpack.Encoder()
_unpack: Final = msgspec.msgpack.Decoder(_Order)


class Proofs:
    """Joins fills with the ends of their orders."""

    def __init__(self, orders_max: int = ORDERS_MAX) -> None:
        self._orders: OrderedDict[VenueOrderId, _Order] = OrderedDict()
        self._orders_max = orders_max
        self._settled: dict[VenueOrderId, None] = {}
        self._packed = Archive()
        self._disputed: dict[VenueOrderId, OrderReport] = {}
        self._covered_ns: tuple[int, int] | None = None

    def fill(self, report: FillReport) -> OrderReport | None:
        """Take a fill; return the end of its order if the sum is what it claims."""
        packed = self._packed_order(report.venue_order_id)
        if packed is not None and report.exec_id in packed.fills:
            return packed.proven()
        order = self._order(report.venue_order_id)
        order.take(report)
        self._note_end(report.venue_order_id, order)
        return order.proven() if order.agrees else None

    def end(self, report: OrderReport, claimed: Decimal, placed_ns: int) -> OrderReport:
        """Take the report of an order's end; return it with its quantity where that is proven."""
        if report.venue_order_id is None:
            return report
        packed = self._packed_order(report.venue_order_id)
        if packed is not None and packed.claimed == claimed:
            return msgspec.structs.replace(report, cum_qty=packed.total)
        order = self._order(report.venue_order_id)
        order.end, order.claimed, order.placed_ns = report, claimed, placed_ns
        self._note_end(report.venue_order_id, order)
        return (order.proven() if order.agrees else None) or report

    def listed(self, since_ns: int, until_ns: int) -> tuple[OrderReport, ...]:
        """Take that every fill of a stretch of time was listed; return the ends this proves."""
        begin_ns, end_ns = self._covered_ns or (since_ns, until_ns)
        if since_ns > end_ns:
            begin_ns = since_ns
        self._covered_ns = min(begin_ns, since_ns), max(end_ns, until_ns)
        return tuple(
            msgspec.structs.replace(end, cum_qty=self._orders[oid].listed_total)
            for oid, end in self._disputed.items()
            if _is_within(self._covered_ns, self._orders[oid].placed_ns, end.ts_recv_ns)
        )

    def _note_end(self, oid: VenueOrderId, order: _Order) -> None:
        self._disputed.pop(oid, None)
        self._settled.pop(oid, None)
        if order.end is not None and not order.agrees:
            self._disputed[oid] = order.end
        elif order.end is not None:
            self._settled[oid] = None
            if len(self._settled) > SETTLED_MAX:
                self._put_away(next(iter(self._settled)))

    def _put_away(self, oid: VenueOrderId) -> None:
        del self._settled[oid]
        self._packed.put((oid,), 0, _pack.encode(self._orders.pop(oid)))
        self._packed.keep_newest(PACKED_MAX)

    def _packed_order(self, oid: VenueOrderId) -> _Order | None:
        """Return an order that is packed, as it is; its end agrees with its fills."""
        packed = None if oid in self._orders else self._packed.peek(oid)
        return _unpack.decode(packed) if packed is not None else None

    def _order(self, oid: VenueOrderId) -> _Order:
        order = self._orders.get(oid)
        if order is None:
            packed = self._packed.take(oid)
            order = self._orders[oid] = _Order() if packed is None else _unpack.decode(packed)
        self._orders.move_to_end(oid)
        if len(self._orders) > self._orders_max:
            forgotten, _ = self._orders.popitem(last=False)
            self._disputed.pop(forgotten, None)
            self._settled.pop(forgotten, None)
        return order


def _is_within(covered_ns: tuple[int, int], placed_ns: int, ended_ns: int) -> bool:
    begin_ns, end_ns = covered_ns
    return placed_ns >= begin_ns and end_ns - ended_ns >= SETTLE_NS
