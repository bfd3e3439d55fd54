"""One symbol's market: what the tape displays, what accounts rest, and what both publish together.

1. The published quantity of a price is the displayed plus the resting quantity there.
2. Every published change has its own id, without gaps; reading the changes empties them.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from heapq import merge
from itertools import groupby, islice

import msgspec

from services.paper_exchange.engine.events import BookChanged, MarkChanged
from services.paper_exchange.engine.orders import Order, OrderId, Side
from services.paper_exchange.engine.resting import RestingBook
from services.paper_exchange.market.book import BookEvent, DisplayedBook
from services.paper_exchange.market.events import Level, Levels
from services.paper_exchange.market.instruments import Contract
from services.paper_exchange.units import ZERO


class BookView(msgspec.Struct, frozen=True):
    """The published book, best first; `last_id` is the id of the latest change in it."""

    symbol: str
    last_id: int
    bids: Levels
    asks: Levels


class Market:
    """The state of one symbol."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.displayed = DisplayedBook()
        self.resting = RestingBook()
        self.last_id = 1
        self.last_px: Decimal | None = None
        self._tape_mark: Decimal | None = None
        self._mid: Decimal | None = None
        self._is_mid_stale = True
        self._reported_mark: Decimal | None = None
        self._dirty: dict[Side, set[Decimal]] = {Side.BUY: set(), Side.SELL: set()}

    # What the tape says.

    def apply(self, event: BookEvent) -> None:
        """Take over the displayed book and move the queues that it shortened."""
        touched = self.displayed.apply(event)
        self._shorten(Side.BUY, touched.bids)
        self._shorten(Side.SELL, touched.asks)

    def rewind(self) -> None:
        """Forget the displayed book: the tape starts again."""
        touched = self.displayed.clear()
        self._shorten(Side.BUY, touched.bids)
        self._shorten(Side.SELL, touched.asks)

    def _shorten(self, side: Side, prices: Iterable[Decimal]) -> None:
        ladder, resting = self.displayed.ladder(side), self.resting.side(side)
        for px in prices:
            self._touch(side, px)
            resting.cap_queue(px, ladder.qty(px))

    def set_mark(self, px: Decimal) -> None:
        self._tape_mark = px

    # What accounts do.

    def rest(self, order: Order, px: Decimal) -> None:
        self.resting.add(order, px, self.displayed.ladder(order.side).qty(px))
        self._touch(order.side, px)

    def unrest(self, order_id: OrderId) -> None:
        resting = self.resting.remove(order_id)
        if resting is not None:
            self._touch(resting.side, resting.px)

    def set_leaves(self, order_id: OrderId, leaves_qty: Decimal) -> None:
        resting = self.resting.set_leaves(order_id, leaves_qty)
        if resting is not None:
            self._touch(resting.side, resting.px)

    def take_displayed(self, side: Side, px: Decimal, qty: Decimal) -> None:
        """Consume displayed size that stands in front of every resting order it precedes."""
        self.displayed.ladder(side).take(px, qty)
        self.resting.side(side).advance_queue(px, qty)
        self._touch(side, px)

    def _touch(self, side: Side, px: Decimal) -> None:
        self._dirty[side].add(px)
        self._is_mid_stale = True

    # What is published.

    def visible_qty(self, side: Side, px: Decimal) -> Decimal:
        return self.displayed.ladder(side).qty(px) + self.resting.side(side).qty(px)

    def best_px(self, side: Side) -> Decimal | None:
        """The best published price of a side."""
        ours = self.resting.side(side).best_px()
        shown = self.displayed.ladder(side).best_px()
        if ours is None or shown is None:
            return shown if ours is None else ours
        return max(ours, shown) if side is Side.BUY else min(ours, shown)

    def prices(self, side: Side) -> Iterator[Decimal]:
        """The published prices of a side, from the best outwards."""
        ours = self.resting.side(side).prices()
        shown = self.displayed.ladder(side).prices()
        both = merge(shown, ours, reverse=side is Side.BUY)
        return (px for px, _ in groupby(both))

    def levels(self, side: Side, limit: int | None = None) -> Levels:
        return tuple(
            Level(px, self.visible_qty(side, px)) for px in islice(self.prices(side), limit)
        )

    def view(self, limit: int | None = None) -> BookView:
        """The published book, at most `limit` levels a side."""
        return BookView(
            self.contract.symbol,
            self.last_id,
            self.levels(Side.BUY, limit),
            self.levels(Side.SELL, limit),
        )

    def mid_px(self) -> Decimal | None:
        """Halfway between the published best prices; the last such while a side is empty."""
        if self._is_mid_stale:
            self._is_mid_stale = False
            bid, ask = self.best_px(Side.BUY), self.best_px(Side.SELL)
            if bid is not None and ask is not None:
                self._mid = (bid + ask) / 2
        return self._mid

    def mark_px(self) -> Decimal | None:
        """The tape's mark; the displayed mid, then the last trade, when it names none."""
        if self._tape_mark is not None:
            return self._tape_mark
        mid = self.mid_px()
        return mid if mid is not None else self.last_px

    def drain_changes(self, now_ns: int) -> BookChanged | None:
        """Report and forget the published levels that changed; None when none did."""
        bids, asks = self._drain(Side.BUY), self._drain(Side.SELL)
        if not bids and not asks:
            return None
        first_id = self.last_id + 1
        self.last_id += len(bids) + len(asks)
        return BookChanged(now_ns, self.contract.symbol, first_id, self.last_id, bids, asks)

    def drain_mark(self, now_ns: int) -> MarkChanged | None:
        """Report the mark once after it moved; None when it did not."""
        mark_px = self.mark_px()
        if mark_px is None or mark_px == self._reported_mark:
            return None
        self._reported_mark = mark_px
        return MarkChanged(now_ns, self.contract.symbol, mark_px)

    def _drain(self, side: Side) -> Levels:
        dirty = self._dirty[side]
        if not dirty:
            return ()
        self._dirty[side] = set()
        prices = sorted(dirty, reverse=side is Side.BUY)
        return tuple(Level(px, self.visible_qty(side, px)) for px in prices)


def reaches(side: Side, limit_px: Decimal | None, px: Decimal) -> bool:
    """Whether an order with this limit trades at a price; None is no limit."""
    if limit_px is None:
        return True
    return px <= limit_px if side is Side.BUY else px >= limit_px


def matchable_qty(market: Market, side: Side, limit_px: Decimal | None) -> Decimal:
    """What a taker could fill at its limit or better."""
    total = ZERO
    for px in market.prices(side.opposite):
        if not reaches(side, limit_px, px):
            break
        total += market.visible_qty(side.opposite, px)
    return total
