"""Where accounts' own orders rest: by price, then by time, behind the tape's displayed size.

1. Orders of one price are in the order of their arrival.
2. `queue_ahead` is displayed size that trades first; it never rises, never exceeds what is
   displayed at the price, and an earlier order never has more of it than a later one.
"""

from bisect import bisect_left, insort
from decimal import Decimal

import msgspec

from services.paper_exchange.engine.orders import AccountId, Order, OrderId, Side
from services.paper_exchange.units import ZERO


class Resting(msgspec.Struct):
    """One resting order's place: what is left of it and what trades before it."""

    order_id: OrderId
    account_id: AccountId
    side: Side
    px: Decimal
    leaves_qty: Decimal
    queue_ahead: Decimal


class RestingSide:
    """One side's queues, best price first."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self._best = -1 if side is Side.BUY else 0
        self._prices: list[Decimal] = []
        self._queues: dict[Decimal, list[Resting]] = {}

    def best_px(self) -> Decimal | None:
        return self._prices[self._best] if self._prices else None

    def prices(self) -> list[Decimal]:
        """Prices from the best outwards."""
        return self._prices[::-1] if self.side is Side.BUY else list(self._prices)

    def queue(self, px: Decimal) -> list[Resting]:
        return self._queues.get(px, [])

    def qty(self, px: Decimal) -> Decimal:
        queue = self._queues.get(px)
        return sum((r.leaves_qty for r in queue), ZERO) if queue else ZERO

    def add(self, resting: Resting) -> None:
        queue = self._queues.get(resting.px)
        if queue is None:
            insort(self._prices, resting.px)
            self._queues[resting.px] = [resting]
        else:
            queue.append(resting)

    def remove(self, resting: Resting) -> None:
        queue = self._queues[resting.px]
        queue.remove(resting)
        if not queue:
            del self._queues[resting.px]
            del self._prices[bisect_left(self._prices, resting.px)]

    def cap_queue(self, px: Decimal, displayed_qty: Decimal) -> None:
        """Displayed size left the level: nobody has more than that ahead (invariant 2)."""
        for resting in self._queues.get(px, ()):
            resting.queue_ahead = min(resting.queue_ahead, displayed_qty)

    def advance_queue(self, px: Decimal, traded_qty: Decimal) -> None:
        """Displayed size at the front traded: everybody behind it moves up."""
        for resting in self._queues.get(px, ()):
            resting.queue_ahead = max(ZERO, resting.queue_ahead - traded_qty)


class RestingBook:
    """Both sides, and where each order is."""

    def __init__(self) -> None:
        self.bids = RestingSide(Side.BUY)
        self.asks = RestingSide(Side.SELL)
        self._by_id: dict[OrderId, Resting] = {}

    def side(self, side: Side) -> RestingSide:
        return self.bids if side is Side.BUY else self.asks

    def get(self, order_id: OrderId) -> Resting | None:
        """The order's place, or None when it does not rest."""
        return self._by_id.get(order_id)

    def add(self, order: Order, px: Decimal, displayed_qty: Decimal) -> None:
        """Queue an order behind everything displayed at its price."""
        resting = Resting(
            order_id=order.order_id,
            account_id=order.account_id,
            side=order.side,
            px=px,
            leaves_qty=order.leaves_qty,
            queue_ahead=displayed_qty,
        )
        self._by_id[order.order_id] = resting
        self.side(order.side).add(resting)

    def remove(self, order_id: OrderId) -> Resting | None:
        """Take an order off; None when it did not rest."""
        resting = self._by_id.pop(order_id, None)
        if resting is not None:
            self.side(resting.side).remove(resting)
        return resting

    def set_leaves(self, order_id: OrderId, leaves_qty: Decimal) -> Resting | None:
        """Shrink an order in place, or take it off at 0; None when it did not rest."""
        resting = self._by_id.get(order_id)
        if resting is None:
            return None
        if not leaves_qty:
            return self.remove(order_id)
        resting.leaves_qty = leaves_qty
        return resting
