"""What one venue's tape means on another: symbols renamed, prices moved and rounded to its ticks.

1. Bids round down and asks round up, so a book that was uncrossed stays so.
2. A level's quantity is the sum over the tape's levels that round to its price.
3. A trade rounds as the side that it hits.
"""

from collections.abc import Iterable, Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.book import BookEvent, DisplayedBook
from services.paper_exchange.market.events import (
    DepthDelta,
    Level,
    Levels,
    Mark,
    MarketEvent,
    Trade,
)
from services.paper_exchange.market.instruments import Contract, round_px
from services.paper_exchange.units import ONE, ZERO


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """Which contract a tape's symbol drives here, and how far apart their prices are."""

    source: str
    contract: Contract
    factor: Decimal = ONE
    offset: Decimal = ZERO

    @property
    def is_identity(self) -> bool:
        """Whether prices pass as they are; the tape's ticks are then the contract's own."""
        return self.factor == 1 and not self.offset and self.source == self.contract.symbol

    def px(self, px: Decimal, side: Side) -> Decimal:
        """The price here of a level on this side of the book."""
        rounding = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
        return round_px(self.contract, px * self.factor + self.offset, rounding)


def rebase(events: Iterable[MarketEvent], bases: Iterable[Basis]) -> Iterator[MarketEvent]:
    """Turn a tape's events into this venue's; symbols without a basis are left out."""
    mappings = {basis.source: _Mapping(basis) for basis in bases}
    for event in events:
        mapping = mappings.get(event.symbol)
        mapped = None if mapping is None else mapping.map(event)
        if mapped is not None:
            yield mapped


class _Mapping:
    """One symbol's basis, with the tape's own book to sum levels from (invariant 2)."""

    def __init__(self, basis: Basis) -> None:
        self._basis = basis
        self._symbol = basis.contract.symbol
        self._source = DisplayedBook()
        self._sides = {Side.BUY: _SideSums(basis, Side.BUY), Side.SELL: _SideSums(basis, Side.SELL)}

    def map(self, event: MarketEvent) -> MarketEvent | None:
        """The event here, or None when nothing here changes."""
        if self._basis.is_identity:
            return event
        if isinstance(event, Trade):
            px = self._basis.px(event.px, event.side.opposite)
            return msgspec.structs.replace(event, symbol=self._symbol, px=px)
        if isinstance(event, Mark):
            px = event.px * self._basis.factor + self._basis.offset
            return Mark(self._symbol, event.ts_ns, px)
        return self._delta(event)

    def _delta(self, event: BookEvent) -> DepthDelta | None:
        touched = self._source.apply(event)
        bids = self._sides[Side.BUY].update(touched.bids, self._source)
        asks = self._sides[Side.SELL].update(touched.asks, self._source)
        if not bids and not asks:
            return None
        return DepthDelta(self._symbol, event.ts_ns, bids, asks)


class _SideSums:
    """One side's summed quantities, kept in step with the tape's levels."""

    def __init__(self, basis: Basis, side: Side) -> None:
        self._basis = basis
        self._side = side
        self._counted: dict[Decimal, Decimal] = {}
        self._sums: dict[Decimal, Decimal] = {}

    def update(self, prices: Iterable[Decimal], source: DisplayedBook) -> Levels:
        """Count the tape's changed levels again; return the changed sums, 0 where none is left."""
        ladder = source.ladder(self._side)
        touched: dict[Decimal, None] = {}
        for source_px in prices:
            px = self._basis.px(source_px, self._side)
            qty = ladder.qty(source_px)
            change = qty - self._counted.get(source_px, ZERO)
            _put(self._counted, source_px, qty)
            _put(self._sums, px, self._sums.get(px, ZERO) + change)
            touched[px] = None
        return tuple(Level(px, self._sums.get(px, ZERO)) for px in touched)


def _put(quantities: dict[Decimal, Decimal], px: Decimal, qty: Decimal) -> None:
    if qty:
        quantities[px] = qty
    else:
        quantities.pop(px, None)
