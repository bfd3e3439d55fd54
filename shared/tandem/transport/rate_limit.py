"""How much of a venue's budget is left at a given time, and how long to wait for room (pure).

1. In any window of a pool's period, what was taken never exceeds its capacity.
2. The reserve of a pool is taken only by urgent requests (cancels and hedges).
3. What the venue says is used counts when it is more than we know of; it never frees room.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A budget: `capacity` units a `period_ms`, `reserve` of them for cancels and hedges."""

    pool: str
    capacity: int
    period_ms: int
    reserve: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """What one request takes from a pool."""

    pool: str
    units: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What the venue itself says is used of a pool in the current period."""

    pool: str
    used: int


class _Window:
    """What was taken from one pool within its period, oldest first."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self.used = 0
        self._taken: deque[tuple[int, int]] = deque()

    def _forget(self, now_ms: int) -> None:
        while self._taken and self._taken[0][0] <= now_ms - self.limit.period_ms:
            self.used -= self._taken.popleft()[1]

    def take(self, units: int, now_ms: int) -> None:
        self._forget(now_ms)
        if units <= 0:
            return
        if self._taken and self._taken[-1][0] == now_ms:
            units_before = self._taken.pop()[1]
            self._taken.append((now_ms, units_before + units))
        else:
            self._taken.append((now_ms, units))
        self.used += units

    def wait_ms(self, units: int, now_ms: int, *, urgent: bool) -> int:
        self._forget(now_ms)
        room = self.limit.capacity - (0 if urgent else self.limit.reserve)
        excess = self.used + min(units, room) - room
        for taken_ms, taken in self._taken:
            if excess <= 0:
                break
            excess -= taken
            if excess <= 0:
                return taken_ms + self.limit.period_ms - now_ms
        return 0


class Budgets:
    """Every pool of one account, and the pause that a venue imposed."""

    def __init__(self, limits: Iterable[RateLimit]) -> None:
        self._windows = {limit.pool: _Window(limit) for limit in limits}
        self._paused_until_ms = 0

    def resize(self, limits: Iterable[RateLimit]) -> None:
        """Take the limits as the venue states them now; what was taken stays counted."""
        for limit in limits:
            window = self._windows.setdefault(limit.pool, _Window(limit))
            window.limit = limit

    def wait_ms(self, costs: Iterable[Cost], now_ms: int, *, urgent: bool) -> int:
        """Return how long to wait until `costs` fit; 0 when they fit now."""
        waits = [
            self._windows[cost.pool].wait_ms(cost.units, now_ms, urgent=urgent)
            for cost in costs
            if cost.pool in self._windows
        ]
        return max(self._paused_until_ms - now_ms, *waits, 0)

    def take(self, costs: Iterable[Cost], now_ms: int) -> None:
        """Count a request that is being made."""
        for cost in costs:
            if cost.pool in self._windows:
                self._windows[cost.pool].take(cost.units, now_ms)

    def observe(self, usages: Iterable[Usage], now_ms: int) -> None:
        """Count what the venue knows of and we do not."""
        for usage in usages:
            window = self._windows.get(usage.pool)
            if window is not None:
                window.take(0, now_ms)
                window.take(usage.used - window.used, now_ms)

    def pause(self, until_ms: int) -> None:
        """Let nothing out before `until_ms`: the venue asked for it."""
        self._paused_until_ms = max(self._paused_until_ms, until_ms)

    def used(self) -> dict[str, int]:
        """Return what is used of each pool, for metrics."""
        return {pool: window.used for pool, window in self._windows.items()}
