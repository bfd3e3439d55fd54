"""What the distinct fills of one order add up to (pure)."""

from decimal import Decimal

import msgspec
from msgspec import Struct

from tandem.domain.seen_ids import SeenIds
from tandem.domain.units import ZERO
from tandem.messages.reports import FillReport


class FillSum(Struct, array_like=True):
    """What an order's distinct fills add up to, and the latest of them in venue order.

    Sums, not a list: an order with thousands of fills costs a step a fill.
    """

    seen: SeenIds = msgspec.field(default_factory=SeenIds)
    qty: Decimal = ZERO
    paid: Decimal = ZERO
    last_ts_ns: int = 0
    last_exec_id: str = ""
    last_qty: Decimal = ZERO

    def add(self, fill: FillReport) -> bool:
        """Count a fill once, whenever it comes and however often it is told; was it new?"""
        if not self.seen.add(fill.exec_id):
            return False
        self.qty += fill.last_qty
        self.paid += fill.last_qty * fill.last_px
        if (fill.ts_event_ns, fill.exec_id) >= (self.last_ts_ns, self.last_exec_id):
            self.last_ts_ns, self.last_exec_id = fill.ts_event_ns, fill.exec_id
            self.last_qty = fill.last_qty
        return True

    def join(self, other: "FillSum") -> None:
        """Take in another record's fills of the same order; both counted disjoint fills."""
        self.seen.join(other.seen)
        self.qty += other.qty
        self.paid += other.paid
        if (other.last_ts_ns, other.last_exec_id) > (self.last_ts_ns, self.last_exec_id):
            self.last_ts_ns, self.last_exec_id = other.last_ts_ns, other.last_exec_id
            self.last_qty = other.last_qty
