"""What the top of a book is, from two feeds: whole books twice a second, best prices each block.

1. The newer of the two decides the best prices; the depth behind them is the last whole book's.
2. Times are the venue's; a frame older than what is held changes nothing it would make older,
   twice in a row. The third says that the held time was not the venue's: a socket tells in order,
   and one wrong time must not shut out every true frame.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from services.gateway_hyperliquid.protocol.wire import BboFrame, BookFrame, LevelRow
from tandem.domain.ids import Ticker
from tandem.domain.units import NS_PER_MS
from tandem.gateway.port.channel import BookUpdate, Level
from tandem.gateway.port.decoding import usable

Levels = tuple[Level, ...]
MAX_OLDER: Final = 2


@dataclass(frozen=True, slots=True)
class _Sides:
    """Levels of both sides at a time of the venue's."""

    time: int
    bids: Levels
    asks: Levels


class Books:
    """The last whole book and the last best prices of each coin.

    Raises:
        UnreadableError: a number that no book can have; nothing of its frame is kept.
    """

    def __init__(self) -> None:
        self._whole: dict[str, _Sides] = {}
        self._best: dict[str, _Sides] = {}
        self._older: Counter[tuple[str, bool]] = Counter()

    def whole(self, frame: BookFrame) -> BookUpdate | None:
        """Take a whole book; None when it is older than the one held."""
        sides = _Sides(frame.time, _side(frame.levels[0]), _side(frame.levels[1]))
        held = self._whole.get(frame.coin)
        if held is not None and self._is_passed_over((frame.coin, True), sides, held):
            return None
        self._whole[frame.coin] = sides
        return self._merged(frame.coin)

    def best(self, frame: BboFrame) -> BookUpdate | None:
        """Take best prices; None when they are older than those held."""
        sides = _Sides(frame.time, _side(frame.bbo[:1]), _side(frame.bbo[1:]))
        held = self._best.get(frame.coin)
        if held is not None and self._is_passed_over((frame.coin, False), sides, held):
            return None
        self._best[frame.coin] = sides
        return self._merged(frame.coin)

    def _is_passed_over(self, key: tuple[str, bool], sides: _Sides, held: _Sides) -> bool:
        is_passed = sides.time < held.time and self._older[key] < MAX_OLDER
        self._older[key] = self._older[key] + 1 if is_passed else 0
        return is_passed

    def _merged(self, coin: str) -> BookUpdate:
        whole = self._whole.get(coin, _Sides(0, (), ()))
        best = self._best.get(coin, whole)
        if best.time <= whole.time:
            return BookUpdate(Ticker(coin), whole.bids, whole.asks, whole.time * NS_PER_MS)
        bids = _behind(best.bids, whole.bids, 1)
        asks = _behind(best.asks, whole.asks, -1)
        return BookUpdate(Ticker(coin), bids, asks, best.time * NS_PER_MS)


def _side(rows: Iterable[LevelRow | None]) -> Levels:
    return tuple([_level(row) for row in rows if row is not None])


def _level(row: LevelRow) -> Level:
    return Level(usable(row.px, "px"), usable(row.sz, "sz"))


def _behind(best: Levels, levels: Levels, sign: int) -> Levels:
    """Return the best level and what lies behind it; `sign` is 1 for bids, -1 for asks."""
    if not best:
        return ()
    return (*best, *[one for one in levels if _is_behind(one, best[0].price, sign)])


def _is_behind(level: Level, best_px: Decimal, sign: int) -> bool:
    return (best_px - level.price) * sign > 0
