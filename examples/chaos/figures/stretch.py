"""How long maker fills stayed unhedged, by the exchanges' own trade times.

1. What a maker fill calls for is covered first in, first out: by takers, or by opposite fills.
2. What a taker does beyond the need waits in the same queue with the opposite sign: it is an
   exposure too, until something covers it.
3. A stretch begins when what is owed can be traded: while the whole need is below the least
   order of the hedge venue nobody could hedge it.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from tandem.domain.units import ZERO


@dataclass(frozen=True, slots=True)
class Move:
    """A trade as its bucket sees it: `amount` is what it adds to the need (takers: minus)."""

    time_ms: int
    amount: Decimal
    is_maker: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """From a fill, or from when it could be hedged, to the trade that covered its last unit."""

    from_ms: int
    until_ms: int
    is_maker: bool

    @property
    def ms(self) -> int:
        return self.until_ms - self.from_ms


@dataclass(slots=True)
class _Waiting:
    """A fill that is not covered. `due_ms` is None while what is owed is too small to trade."""

    is_maker: bool
    left: Decimal
    due_ms: int | None = None


def stretches(moves: Iterable[Move], least: Decimal) -> tuple[list[Stretch], Decimal]:
    """Return the stretch of every fill that was covered, and what waits at the end, signed.

    Trades of one millisecond count makers first: a hedge never comes before its cause.
    """
    queue: deque[_Waiting] = deque()
    found: list[Stretch] = []
    need = ZERO
    for move in sorted(moves, key=lambda one: (one.time_ms, not one.is_maker)):
        need += move.amount
        left = _cover(queue, move, found)
        if left:
            queue.append(_Waiting(move.is_maker, left))
        else:
            found.append(Stretch(move.time_ms, move.time_ms, move.is_maker))
        if abs(need) >= least:
            _fall_due(queue, move.time_ms)
    return found, need


def _cover(queue: deque[_Waiting], move: Move, found: list[Stretch]) -> Decimal:
    """Let a move cover what waits with the opposite sign; return what is left of it."""
    left = move.amount
    while left and queue and (queue[0].left > 0) != (left > 0):
        first = queue[0]
        covered = min(abs(first.left), abs(left))
        first.left -= covered if first.left > 0 else -covered
        left -= covered if left > 0 else -covered
        if not first.left:
            queue.popleft()
            due_ms = move.time_ms if first.due_ms is None else first.due_ms
            found.append(Stretch(due_ms, move.time_ms, first.is_maker))
    return left


def _fall_due(queue: deque[_Waiting], now_ms: int) -> None:
    """Everything that waits can be hedged now; what could be before has been waiting longer."""
    for waiting in reversed(queue):
        if waiting.due_ms is not None:
            break
        waiting.due_ms = now_ms
