"""When the timers of a fold fire: by monotonic time since they were read at the head.

1. A copy that catches up fires none; at the head it arms what has not fired in the log.
2. Firing is logging `TimerFired`; every copy does it and the log keeps one.
3. What is armed is a function of the log, so a snapshot carries it.
"""

import asyncio
import heapq
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from tandem.messages.hedges import TimerFired
from tandem.runtime.clock import Clock
from tandem.runtime.effects import ArmTimer

NS = 1_000_000_000


class Armed(msgspec.Struct, frozen=True):
    """A timer that the log has armed and not yet seen fire."""

    key: str
    attempt: int
    due_ns: int


class Timers:
    """`fire` is called in the loop when one comes due."""

    def __init__(self, clock: Clock, fire: Callable[[TimerFired], None]) -> None:
        self._clock = clock
        self._fire = fire
        self._armed: dict[tuple[str, int], Armed] = {}
        self._fresh: dict[tuple[str, int], Armed] = {}
        self._heap: list[tuple[int, str, int]] = []
        self._changed = asyncio.Event()

    @property
    def armed(self) -> tuple[Armed, ...]:
        return tuple(self._armed.values())

    def restore(self, armed: Iterable[Armed]) -> None:
        """Replace everything by what a snapshot carried; nothing runs until the head."""
        self._armed = {(timer.key, timer.attempt): timer for timer in armed}
        self._fresh = dict(self._armed)
        self._heap.clear()

    def arm(self, effect: ArmTimer) -> None:
        """Take note of an armed timer; it runs from the next `at_head` on."""
        name = (effect.key, effect.attempt)
        if name not in self._armed:
            timer = Armed(effect.key, effect.attempt, effect.due_ns)
            self._armed[name] = self._fresh[name] = timer

    def fired(self, fact: TimerFired) -> None:
        """Forget a timer that the log has seen fire."""
        name = (fact.key, fact.attempt)
        self._armed.pop(name, None)
        self._fresh.pop(name, None)

    def at_head(self, now_ns: int) -> None:
        """Start what does not run yet; `now_ns` is the fold's clock."""
        if not self._fresh:
            return
        monotonic_ns = self._clock.monotonic_ns()
        for name, timer in self._fresh.items():
            heapq.heappush(self._heap, (monotonic_ns + max(0, timer.due_ns - now_ns), *name))
        self._fresh.clear()
        self._changed.set()

    async def run(self) -> None:
        """Fire timers as they come due, until cancelled."""
        while True:
            self._changed.clear()
            self._fire_due()
            await self._wait()

    def _fire_due(self) -> None:
        now_ns = self._clock.monotonic_ns()
        while self._heap and self._heap[0][0] <= now_ns:
            _, key, attempt = heapq.heappop(self._heap)
            timer = self._armed.get((key, attempt))
            if timer is not None:
                self._fire(TimerFired(key=key, attempt=attempt, due_ns=timer.due_ns))

    async def _wait(self) -> None:
        """Return when the earliest timer is due, or a timer was added."""
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._changed.wait())]
        if self._heap:
            wait_s = max(0, self._heap[0][0] - self._clock.monotonic_ns()) / NS
            waits.append(asyncio.ensure_future(self._clock.sleep(wait_s)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
