"""What a depth stream publishes: which levels changed since its last message, and under which ids.

1. A message's `first_id` is at most the previous message's `last_id` plus one: no change is lost.
2. `prev_id` equals the previous message's `last_id`, so a reader can tell a gap.
3. A level that changed several times appears once, with its latest quantity.
(Binance docs, how to manage a local order book.)
"""

from decimal import Decimal

import msgspec

from services.paper_exchange.engine.events import BookChanged
from services.paper_exchange.market.events import Level, Levels


class DepthDiff(msgspec.Struct, frozen=True):
    """One message: Binance's U, u, pu, b, a; quantities are absolute, 0 removes a level."""

    first_id: int
    last_id: int
    prev_id: int
    bids: Levels
    asks: Levels


class DepthTracker:
    """Collects one symbol's changes between the publications of one stream."""

    def __init__(self, last_id: int) -> None:
        self._prev_id = last_id
        self._last_id = last_id
        self._bids: dict[Decimal, Decimal] = {}
        self._asks: dict[Decimal, Decimal] = {}

    def observe(self, changed: BookChanged) -> None:
        """Note what an engine call changed in the published book."""
        self._bids.update(changed.bids)
        self._asks.update(changed.asks)
        self._last_id = changed.last_id

    def publish(self) -> DepthDiff | None:
        """Return what changed since the last call, or None when nothing did."""
        if self._last_id == self._prev_id:
            return None
        diff = DepthDiff(
            self._prev_id + 1,
            self._last_id,
            self._prev_id,
            tuple(Level(px, qty) for px, qty in sorted(self._bids.items(), reverse=True)),
            tuple(Level(px, qty) for px, qty in sorted(self._asks.items())),
        )
        self._bids, self._asks = {}, {}
        self._prev_id = self._last_id
        return diff
