"""What the top of a book is, from two feeds: whole books twice a second, best prices each block.

1. The newer of the two decides the best prices; the depth behind them is the last whole book's.
2. Times are the venue's; a frame older than what is held changes nothing it would make older.
"""

from decimal import Decimal

from services.gateway_hyperliquid.protocol.payloads import BboFrame, BookFrame, LevelRow
from services.gateway_hyperliquid.protocol.reports import NS_PER_MS
from tandem.domain.ids import Ticker
from tandem.gateway.channel import BookUpdate, Level

Levels = tuple[Level, ...]


class Books:
    """The last whole book and the last best prices of each coin."""

    def __init__(self) -> None:
        self._whole: dict[str, BookFrame] = {}
        self._best: dict[str, BboFrame] = {}

    def whole(self, frame: BookFrame) -> BookUpdate | None:
        """Take a whole book; None when it is older than the one held."""
        held = self._whole.get(frame.coin)
        if held is not None and frame.time < held.time:
            return None
        self._whole[frame.coin] = frame
        return self._merged(frame.coin)

    def best(self, frame: BboFrame) -> BookUpdate | None:
        """Take best prices; None when they are older than those held."""
        held = self._best.get(frame.coin)
        if held is not None and frame.time < held.time:
            return None
        self._best[frame.coin] = frame
        return self._merged(frame.coin)

    def _merged(self, coin: str) -> BookUpdate:
        whole, best = self._whole.get(coin), self._best.get(coin)
        bids, asks = _levels(whole)
        time_ms = whole.time if whole is not None else 0
        if best is not None and best.time > time_ms:
            time_ms = best.time
            bids = _behind(best.bbo[0], bids, 1)
            asks = _behind(best.bbo[1], asks, -1)
        return BookUpdate(Ticker(coin), bids, asks, time_ms * NS_PER_MS)


def _levels(frame: BookFrame | None) -> tuple[Levels, Levels]:
    if frame is None:
        return (), ()
    return _side(frame.levels[0]), _side(frame.levels[1])


def _side(rows: tuple[LevelRow, ...]) -> Levels:
    return tuple([Level(row.px, row.sz) for row in rows])


def _behind(best: LevelRow | None, levels: Levels, sign: int) -> Levels:
    """Return the best level and what lies behind it; `sign` is 1 for bids, -1 for asks."""
    if best is None:
        return ()
    return (Level(best.px, best.sz), *[one for one in levels if _is_behind(one, best.px, sign)])


def _is_behind(level: Level, best_px: Decimal, sign: int) -> bool:
    return (best_px - level.price) * sign > 0
