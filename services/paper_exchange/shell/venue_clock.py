"""The venue's own clock: the machine's, shifted, stepping, or standing still while a chain stalls.

1. Only wall time is disturbed; monotonic time and waiting are the machine's.
2. While it stands, wall time is that of the moment at which it stopped; then it jumps to the truth.
3. The same seed gives the same steps.
"""

from typing import Protocol

import msgspec

from services.paper_exchange.prng import Prng
from services.paper_exchange.units import NS_PER_MS, NS_PER_S
from tandem.runtime.clock import Clock


class Skew(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far the venue's wall clock is off: by `skew_ms`, or stepping within a range.

    With `range_ms` a new offset between its ends is taken every `every_ms`.
    """

    skew_ms: int = 0
    range_ms: tuple[int, int] | None = None
    every_ms: int = 1_000

    def defect(self) -> str | None:
        """Return which field breaks which rule, or None."""
        if self.range_ms is not None and self.range_ms[0] > self.range_ms[1]:
            return f"clock.range_ms={list(self.range_ms)}: must be the least and the most"
        if self.every_ms < 1:
            return f"clock.every_ms={self.every_ms}: must be at least 1"
        return None

    def at(self, since_ns: int, seed: int) -> int:
        """Return the offset in milliseconds this long after the skew was set."""
        if self.range_ms is None:
            return self.skew_ms
        step = since_ns // (self.every_ms * NS_PER_MS)
        return Prng(seed + step).between(*self.range_ms)


RIGHT = Skew()


class Follower(Protocol):
    """Whatever has to stand when the clock does."""

    def __call__(self, *, stands: bool) -> None: ...


class VenueClock:
    """Wraps the machine's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._skew = RIGHT
        self._seed = 0
        self._set_ns = 0
        self._stands_until_ns = 0
        self._stood_at_ns = 0
        self._followers: list[Follower] = []

    def when_it_stands(self, follower: Follower) -> None:
        """Tell this whenever the clock begins to stand."""
        self._followers.append(follower)

    @property
    def skew(self) -> Skew:
        return self._skew

    def set_skew(self, skew: Skew, seed: int) -> None:
        self._skew, self._seed, self._set_ns = skew, seed, self._clock.monotonic_ns()

    def stand(self, for_ms: int) -> None:
        """Let wall time stand still from now on for this long."""
        self._stood_at_ns = self.wall_ns()
        self._stands_until_ns = self._clock.monotonic_ns() + for_ms * NS_PER_MS
        for follower in self._followers:
            follower(stands=self.stands)

    def go_on(self) -> None:
        """End a standstill."""
        self._stands_until_ns = 0

    @property
    def stands(self) -> bool:
        return bool(self._stands_until_ns) and self.monotonic_ns() < self._stands_until_ns

    async def moving(self) -> None:
        """Return when time moves; at once if it does."""
        while self.stands:
            left_ns = self._stands_until_ns - self.monotonic_ns()
            await self._clock.sleep(left_ns / NS_PER_S)

    def wall_ns(self) -> int:
        if self.stands:
            return self._stood_at_ns
        wall_ns = self._clock.wall_ns()
        if self._skew is RIGHT:
            return wall_ns
        since_ns = self._clock.monotonic_ns() - self._set_ns
        return wall_ns + self._skew.at(since_ns, self._seed) * NS_PER_MS

    def monotonic_ns(self) -> int:
        return self._clock.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
