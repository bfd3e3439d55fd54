"""What the tape displays: price levels that stay uncrossed although no snapshot starts them.

1. The best bid is below the best ask, always.
2. A level's quantity is what the tape last named there, less what takers have consumed since.
3. A book ticker that repeats what the tape last named at its price brings nothing back; a
   different quantity, a delta or a snapshot does.
4. Deltas and book tickers carry ids of one sequence: an older one never undoes a newer one.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice

import msgspec

from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.events import (
    BookTicker,
    DepthDelta,
    DepthSnapshot,
    Level,
    Levels,
)
from services.paper_exchange.units import ZERO

BookEvent = DepthDelta | DepthSnapshot | BookTicker


class Touched(msgspec.Struct, frozen=True):
    """The prices of each side whose quantity an event changed; a price may repeat."""

    bids: list[Decimal]
    asks: list[Decimal]


class Ladder:
    """One side of the displayed book, best price first; levels have a quantity above 0."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self._best = -1 if side is Side.BUY else 0
        self._prices: list[Decimal] = []
        self._qty: dict[Decimal, Decimal] = {}

    def __len__(self) -> int:
        return len(self._prices)

    def best(self) -> Level | None:
        if not self._prices:
            return None
        px = self._prices[self._best]
        return Level(px, self._qty[px])

    def best_px(self) -> Decimal | None:
        return self._prices[self._best] if self._prices else None

    def qty(self, px: Decimal) -> Decimal:
        return self._qty.get(px, ZERO)

    def prices(self) -> Iterator[Decimal]:
        """Prices from the best outwards."""
        return reversed(self._prices) if self.side is Side.BUY else iter(self._prices)

    def levels(self, limit: int | None = None) -> Levels:
        """The best `limit` levels, or all."""
        return tuple(Level(px, self._qty[px]) for px in islice(self.prices(), limit))

    def set(self, px: Decimal, qty: Decimal) -> bool:
        """Put a quantity at a price, 0 to remove it; return whether that changed anything."""
        before = self._qty.get(px)
        if not qty:
            return before is not None and self._remove(px)
        if before is None:
            insort(self._prices, px)
        self._qty[px] = qty
        return before != qty

    def take(self, px: Decimal, qty: Decimal) -> None:
        """Consume part of a level."""
        self.set(px, self._qty[px] - qty)

    def is_better(self, px: Decimal, than: Decimal) -> bool:
        return px > than if self.side is Side.BUY else px < than

    def drop_better(self, than: Decimal) -> list[Decimal]:
        """Remove the levels strictly better than a price; return their prices."""
        dropped: list[Decimal] = []
        while self._prices and self.is_better(self._prices[self._best], than):
            px = self._prices.pop(self._best)
            del self._qty[px]
            dropped.append(px)
        return dropped

    def drop_reaching(self, px: Decimal) -> list[Decimal]:
        """Remove the levels at a price or better; return their prices."""
        dropped = self.drop_better(px)
        return [*dropped, px] if self.set(px, ZERO) else dropped

    def _remove(self, px: Decimal) -> bool:
        del self._prices[bisect_left(self._prices, px)]
        del self._qty[px]
        return True


class DisplayedBook:
    """The two ladders of one symbol as its tape fills them."""

    def __init__(self) -> None:
        self.bids = Ladder(Side.BUY)
        self.asks = Ladder(Side.SELL)
        self._delta_id = 0
        self._ticker_id = 0
        self._named_bid: Level | None = None
        self._named_ask: Level | None = None

    def ladder(self, side: Side) -> Ladder:
        return self.bids if side is Side.BUY else self.asks

    def clear(self) -> Touched:
        """Forget everything, sequence ids too: the tape starts again."""
        touched = Touched(list(self.bids.prices()), list(self.asks.prices()))
        self.bids, self.asks = Ladder(Side.BUY), Ladder(Side.SELL)
        self._delta_id = self._ticker_id = 0
        self._named_bid = self._named_ask = None
        return touched

    def apply(self, event: BookEvent) -> Touched:
        """Take over what the tape says; return the prices that it changed."""
        if isinstance(event, DepthDelta):
            return self._apply_delta(event)
        if isinstance(event, BookTicker):
            return self._apply_ticker(event)
        return self._apply_snapshot(event)

    def _apply_delta(self, event: DepthDelta) -> Touched:
        bids, asks = event.bids, event.asks
        if event.last_id:
            self._delta_id = event.last_id
            if event.last_id < self._ticker_id:
                bids = _behind(self.bids, self._named_bid, bids)
                asks = _behind(self.asks, self._named_ask, asks)
        touched = Touched(_set_all(self.bids, bids), _set_all(self.asks, asks))
        self._named_bid = _renamed(self._named_bid, bids)
        self._named_ask = _renamed(self._named_ask, asks)
        self._uncross(bids, asks, touched)
        return touched

    def _uncross(self, bids: Levels, asks: Levels, touched: Touched) -> None:
        """Drop what the named levels have overrun: the newer word wins (invariant 1)."""
        best_bid = max((level.px for level in bids if level.qty), default=None)
        if best_bid is not None and (overrun := self.asks.drop_reaching(best_bid)):
            touched.asks.extend(overrun)
            self._named_ask = None
        best_ask = min((level.px for level in asks if self.asks.qty(level.px)), default=None)
        if best_ask is not None and (overrun := self.bids.drop_reaching(best_ask)):
            touched.bids.extend(overrun)
            self._named_bid = None

    def _apply_ticker(self, event: BookTicker) -> Touched:
        is_late = event.last_id and event.last_id < self._delta_id
        if is_late or event.bid.px >= event.ask.px:
            return Touched([], [])
        self._ticker_id = event.last_id or self._ticker_id
        bids = self.bids.drop_better(event.bid.px)
        asks = self.asks.drop_better(event.ask.px)
        if event.bid != self._named_bid:
            bids += _set_all(self.bids, (event.bid,))
        if event.ask != self._named_ask:
            asks += _set_all(self.asks, (event.ask,))
        self._named_bid, self._named_ask = event.bid, event.ask
        return Touched(bids, asks)

    def _apply_snapshot(self, event: DepthSnapshot) -> Touched:
        self._named_bid = self._named_ask = None
        touched = Touched(_replace(self.bids, event.bids), _replace(self.asks, event.asks))
        self._uncross(event.bids, event.asks, touched)
        return touched


def _set_all(ladder: Ladder, levels: Iterable[Level]) -> list[Decimal]:
    return [px for px, qty in levels if ladder.set(px, qty)]


def _replace(ladder: Ladder, levels: Levels) -> list[Decimal]:
    named = {px for px, _ in levels}
    gone = [Level(px, ZERO) for px in ladder.prices() if px not in named]
    return _set_all(ladder, gone) + _set_all(ladder, levels)


def _behind(ladder: Ladder, best: Level | None, levels: Levels) -> Levels:
    """The levels on which a newer book ticker has said nothing (invariant 4)."""
    if best is None:
        return levels
    return tuple(level for level in levels if ladder.is_better(best.px, level.px))


def _renamed(best: Level | None, levels: Levels) -> Level | None:
    """The named best after a delta that may name the same price."""
    if best is None:
        return None
    return next((level for level in levels if level.px == best.px), best)
