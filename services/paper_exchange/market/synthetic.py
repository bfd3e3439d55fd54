"""A market that never was: depth and trades around a mean-reverting walk, all from one seed.

1. The same seed and symbols give the same events, on every machine.
2. The book is never crossed and keeps LEVEL_COUNT levels a side.
3. A price moves only after trades have eaten the level in its way, in several pieces; the other
   side follows later, so an order that rests in the way fills in pieces too.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from heapq import merge

import msgspec

from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.events import (
    DepthDelta,
    DepthSnapshot,
    Level,
    Levels,
    MarketEvent,
    Trade,
)
from services.paper_exchange.prng import Prng
from services.paper_exchange.units import NS_PER_MS

LEVEL_COUNT = 30
REVERSION_STEPS = 60
REQUOTE_PERCENT = 50
SWEEP_PERCENT = 22
TREND_PERCENT = 72
TREND_FLIP_PERCENT = 2
STEP_MS_MIN, STEP_MS_MAX = 20, 80


class SyntheticMarket(msgspec.Struct, frozen=True):
    """Where one symbol's walk begins and how large its levels and trades are, in lots."""

    symbol: str
    start_px: Decimal
    step: Decimal
    lot: Decimal
    level_lots: int
    trade_lots: int


SYNTHETIC_MARKETS = (
    SyntheticMarket("BTCUSDT", Decimal("64000.0"), Decimal("1.0"), Decimal("0.001"), 900, 120),
    SyntheticMarket("ETHUSDT", Decimal("2700.00"), Decimal("0.10"), Decimal("0.001"), 9000, 900),
    SyntheticMarket("SOLUSDT", Decimal("150.00"), Decimal("0.01"), Decimal("0.01"), 500, 60),
)
"""Steps are legal prices on both venues, so a basis keeps the number of levels."""


def synthetic_tape(
    seed: int, markets: Sequence[SyntheticMarket] = SYNTHETIC_MARKETS
) -> Iterator[MarketEvent]:
    """Events without end, from tape time 0, of all markets in the order of their times."""
    return merge(*(_Walk(market, seed).events() for market in markets), key=_ts_ns)


def _ts_ns(event: MarketEvent) -> int:
    return event.ts_ns


class _Quotes:
    """One side's levels in steps from price 0, with their lots; best first by `sign`."""

    def __init__(self, side: Side, best: int) -> None:
        self.side = side
        self.best = best
        self.lots: dict[int, int] = {}

    def price(self, distance: int) -> int:
        """The price that many steps behind the best."""
        return self.best - self.side.sign * distance


class _Walk:
    """The market of one symbol."""

    def __init__(self, market: SyntheticMarket, seed: int) -> None:
        self._market = market
        self._prng = Prng(seed ^ int.from_bytes(market.symbol.encode()))
        self._anchor = int(market.start_px / market.step)
        self._trend = Side.BUY if self._prng.percent(50) else Side.SELL
        self._lagging: Side | None = None
        self._ts_ns = 0
        self._sides = {
            Side.BUY: _Quotes(Side.BUY, self._anchor),
            Side.SELL: _Quotes(Side.SELL, self._anchor + 1),
        }
        for quotes in self._sides.values():
            self._refill(quotes)

    def events(self) -> Iterator[MarketEvent]:
        """The opening book, then steps for ever."""
        bids, asks = (self._levels(side, self._sides[side].lots) for side in Side)
        yield DepthSnapshot(self._market.symbol, self._ts_ns, bids, asks)
        while True:
            self._ts_ns += self._prng.between(STEP_MS_MIN, STEP_MS_MAX) * NS_PER_MS
            yield from self._step()

    def _step(self) -> list[MarketEvent]:
        if self._prng.percent(TREND_FLIP_PERCENT):
            self._trend = self._trend.opposite
        if self._lagging is not None:
            return [self._follow(self._lagging)]
        roll = self._prng.between(0, 99)
        if roll < REQUOTE_PERCENT:
            return [self._requote()]
        if roll < REQUOTE_PERCENT + SWEEP_PERCENT:
            return self._sweep(self._aggressor())
        return self._nibble(self._aggressor())

    def _aggressor(self) -> Side:
        """Who trades: with the trend, unless the walk has gone too far from its anchor."""
        distance = self._sides[Side.BUY].best - self._anchor
        if abs(distance) > self._prng.between(0, REVERSION_STEPS):
            return Side.SELL if distance > 0 else Side.BUY
        return self._trend if self._prng.percent(TREND_PERCENT) else self._trend.opposite

    def _requote(self) -> DepthDelta:
        """Change one to three levels' sizes, mostly near the best."""
        quotes = self._sides[Side.BUY if self._prng.percent(50) else Side.SELL]
        changed: dict[int, int] = {}
        for _ in range(self._prng.between(1, 3)):
            distance = self._prng.between(0, self._prng.between(0, LEVEL_COUNT - 1))
            changed[quotes.price(distance)] = self._level_lots(distance)
        quotes.lots.update(changed)
        return self._delta({quotes.side: changed})

    def _nibble(self, aggressor: Side) -> list[MarketEvent]:
        """One trade that leaves something of the best level."""
        quotes = self._sides[aggressor.opposite]
        shown = quotes.lots[quotes.best]
        if shown == 1:
            return [self._requote()]
        lots = min(self._trade_lots(), shown - 1)
        quotes.lots[quotes.best] -= lots
        after = {quotes.best: quotes.lots[quotes.best]}
        return [self._trade(aggressor, quotes.best, lots), self._delta({quotes.side: after})]

    def _sweep(self, aggressor: Side) -> list[MarketEvent]:
        """Trades that eat the best level and what hides there; the other side follows later."""
        quotes = self._sides[aggressor.opposite]
        px, left = quotes.best, quotes.lots[quotes.best]
        left += self._prng.between(0, left // 3 + 1)
        trades: list[MarketEvent] = []
        while left:
            lots = min(left, self._trade_lots() * 2)
            trades.append(self._trade(aggressor, px, lots))
            left -= lots
        del quotes.lots[px]
        quotes.best += aggressor.sign
        self._lagging = aggressor
        return [*trades, self._delta({quotes.side: {px: 0} | self._refill(quotes)})]

    def _follow(self, side: Side) -> DepthDelta:
        """The side behind a sweep quotes at the price that was swept, with little at first."""
        quotes = self._sides[side]
        quotes.best += side.sign
        self._lagging = None
        quotes.lots[quotes.best] = self._prng.between(1, self._market.trade_lots)
        new = self._refill(quotes) | {quotes.best: quotes.lots[quotes.best]}
        gone = dict.fromkeys(set(quotes.lots) - set(self._prices(quotes)), 0)
        for px in gone:
            del quotes.lots[px]
        return self._delta({side: new | gone})

    def _refill(self, quotes: _Quotes) -> dict[int, int]:
        """Quote every price within reach that has no level; return the new ones."""
        new = {
            px: self._level_lots(distance)
            for distance, px in enumerate(self._prices(quotes))
            if px not in quotes.lots
        }
        quotes.lots.update(new)
        return new

    def _prices(self, quotes: _Quotes) -> list[int]:
        return [quotes.price(distance) for distance in range(LEVEL_COUNT)]

    def _level_lots(self, distance: int) -> int:
        """A level's size: up to twice the usual, larger away from the best."""
        most = 2 * self._market.level_lots * (distance + 5) // 10
        return self._prng.between(max(1, most // 20), most)

    def _trade_lots(self) -> int:
        """A trade's size: every third is tiny."""
        most = self._market.trade_lots
        return self._prng.between(1, max(1, most // 12) if self._prng.percent(33) else most)

    def _trade(self, aggressor: Side, px: int, lots: int) -> Trade:
        market = self._market
        return Trade(market.symbol, self._ts_ns, px * market.step, lots * market.lot, aggressor)

    def _delta(self, changed: dict[Side, dict[int, int]]) -> DepthDelta:
        bids, asks = (self._levels(side, changed.get(side, {})) for side in Side)
        return DepthDelta(self._market.symbol, self._ts_ns, bids, asks)

    def _levels(self, side: Side, lots: dict[int, int]) -> Levels:
        step, lot = self._market.step, self._market.lot
        ordered = sorted(lots, reverse=side is Side.BUY)
        return tuple(Level(px * step, lots[px] * lot) for px in ordered)
