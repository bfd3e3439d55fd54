"""How much of a venue's budget is left at a given time, and how long to wait for room (pure).

1. In any window of a pool's period, what was taken never exceeds its capacity.
2. Each class has a room of its own and a ceiling in the shared one (`priority`).
3. Who waits for room goes first: before those that come later, and before any lower class, unless
   that one's own room is enough for it.
4. What the venue says is used counts when it is more than we know of and more than the others at
   this address are granted; it never frees room.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from tandem.transport.priority import ORDERS, Division, Priority

# How soon to look again for who is not next.
LOOK_AGAIN_MS = 20
# How many may wait of a class; beyond, a request is refused at once by name, and made again by
# who wants it. Lookups are as many as orders are in doubt; a backfill asks for one list at a time.
MOST_WAITING = {
    Priority.CANCEL: 1_000,
    Priority.HEDGE: 1_000,
    Priority.PROOF: 1_000,
    Priority.BACKFILL: 16,
    Priority.UPKEEP: 16,
    Priority.QUOTE: 1_000,
    Priority.QUESTION: 16,
}
_OTHERS = len(Priority)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A budget: `capacity` units a `period_ms`, and who may use which part of it.

    `others` is what the address's other users are granted of it, beyond `capacity`.
    """

    pool: str
    capacity: int
    period_ms: int
    division: Division = ORDERS
    others: int = 0


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


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Somebody who waits for room."""

    priority: Priority
    costs: tuple[Cost, ...]
    number: int

    def precedes(self, priority: Priority, place: "Place | None") -> bool:
        mine = (priority, float("inf") if place is None else place.number)
        return (self.priority, self.number) < mine


class _Window:
    """What was taken from one pool within its period, oldest first, and by which class."""

    def __init__(self, limit: RateLimit) -> None:
        self.used = [0] * (_OTHERS + 1)
        self._taken: deque[tuple[int, int, int]] = deque()
        self.resize(limit)

    def resize(self, limit: RateLimit) -> None:
        self.limit = limit
        self._own = (*limit.division.own_units(limit.capacity), 0)
        self._ceilings = limit.division.ceiling_units(limit.capacity)

    def forget(self, now_ms: int) -> None:
        while self._taken and self._taken[0][0] <= now_ms - self.limit.period_ms:
            _, who, units = self._taken.popleft()
            self.used[who] -= units

    def take(self, who: int, units: int, at_ms: int) -> None:
        if units <= 0:
            return
        if self._taken:
            last_ms, last_who, last_units = self._taken[-1]
            at_ms = max(at_ms, last_ms)
            if (last_ms, last_who) == (at_ms, who):
                self._taken.pop()
                self._taken.append((at_ms, who, last_units + units))
                self.used[who] += units
                return
        self._taken.append((at_ms, who, units))
        self.used[who] += units

    def observe(self, used: int, now_ms: int) -> None:
        self.forget(now_ms)
        self.take(_OTHERS, used - sum(self.used) - self.limit.others, now_ms)

    def wait_ms(self, priority: Priority, units: int, now_ms: int) -> int:
        self.forget(now_ms)
        used = self.used
        if self._fits(used, priority, units):
            return 0
        used = used.copy()
        for at_ms, who, taken in self._taken:
            used[who] -= taken
            if self._fits(used, priority, units):
                return at_ms + self.limit.period_ms - now_ms
        return 0

    def _fits(self, used: list[int], priority: Priority, units: int) -> bool:
        """Tell whether it fits; one larger than all its room fits where nothing is in the way."""
        own, ceiling = self._own[priority], self._ceilings[priority]
        needed = min(units, own + ceiling) - max(0, own - used[priority])
        if needed <= 0:
            return True
        shared = sum(max(0, one - room) for one, room in zip(used, self._own, strict=True))
        return shared + needed <= ceiling

    def is_own_room(self, priority: Priority, units: int) -> bool:
        return self.used[priority] + units <= self._own[priority]


class Budgets:
    """Every pool of one account, who waits for room, and the pauses that a venue imposed."""

    def __init__(self, limits: Iterable[RateLimit]) -> None:
        self._windows = {limit.pool: _Window(limit) for limit in limits}
        self._waiting: list[Place] = []
        self._places = 0
        self._paused_until_ms = 0
        self._orders_paused_until_ms = 0

    def resize(self, limits: Iterable[RateLimit]) -> None:
        """Take the limits as the venue states them now; what was taken stays counted."""
        for limit in limits:
            self._windows.setdefault(limit.pool, _Window(limit)).resize(limit)

    def waiting(self, priority: Priority) -> int:
        return sum(place.priority is priority for place in self._waiting)

    def enter(self, priority: Priority, costs: Iterable[Cost]) -> Place | None:
        """Take a place among those who wait; None: too many of this class do."""
        if self.waiting(priority) >= MOST_WAITING[priority]:
            return None
        self._places += 1
        place = Place(priority, tuple(costs), self._places)
        self._waiting.append(place)
        return place

    def leave(self, place: Place) -> None:
        """Give the place up: the request is made, or nobody wants it any more."""
        self._waiting.remove(place)

    def wait_ms(
        self,
        costs: Iterable[Cost],
        now_ms: int,
        priority: Priority,
        place: Place | None = None,
    ) -> int:
        """Return how long to wait until `costs` fit; 0 when they fit now."""
        known = [cost for cost in costs if cost.pool in self._windows]
        wait_ms = max(self._pause_ms(priority, now_ms), 0)
        for cost in known:
            window = self._windows[cost.pool]
            wait_ms = max(wait_ms, window.wait_ms(priority, cost.units, now_ms))
        if self._waiting and not wait_ms and self._is_passed(known, priority, place):
            return LOOK_AGAIN_MS
        return wait_ms

    def _is_passed(self, costs: list[Cost], priority: Priority, place: Place | None) -> bool:
        """Tell whether somebody before this one waits for the same room."""
        wanted = {
            cost.pool
            for cost in costs
            if not self._windows[cost.pool].is_own_room(priority, cost.units)
        }
        return any(
            cost.pool in wanted
            for other in self._waiting
            if other is not place and other.precedes(priority, place)
            for cost in other.costs
        )

    def _pause_ms(self, priority: Priority, now_ms: int) -> int:
        until_ms = self._paused_until_ms
        if priority in {Priority.HEDGE, Priority.QUOTE}:
            until_ms = max(until_ms, self._orders_paused_until_ms)
        return until_ms - now_ms

    def take(self, costs: Iterable[Cost], at_ms: int, priority: Priority) -> None:
        """Count a request that is being made, or that another copy has made."""
        for cost in costs:
            if cost.pool in self._windows:
                self._windows[cost.pool].take(priority, cost.units, at_ms)

    def observe(self, usages: Iterable[Usage], now_ms: int) -> None:
        """Count what the venue knows of and we do not."""
        for usage in usages:
            window = self._windows.get(usage.pool)
            if window is not None:
                window.observe(usage.used, now_ms)

    def pause(self, until_ms: int, *, orders_only: bool = False) -> None:
        """Let nothing out before `until_ms`, or no new order: the venue asked for it."""
        if orders_only:
            self._orders_paused_until_ms = max(self._orders_paused_until_ms, until_ms)
        else:
            self._paused_until_ms = max(self._paused_until_ms, until_ms)

    def used(self) -> dict[str, int]:
        """Return what is used of each pool, for metrics."""
        return {pool: sum(window.used) for pool, window in self._windows.items()}
