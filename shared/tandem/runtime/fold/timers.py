"""When the timers of a fold fire: by monotonic time since they were read at the head.

1. A copy that catches up fires none; at the head it arms what has not fired in the log.
2. Firing is logging `TimerFired`; every copy does it and the log keeps one.
3. What is armed is a function of the log, so a snapshot carries it.
4. A key has one timer at a time, its latest try. Where something else stands in the place of its
   firing, it fires under its next try.
"""

import asyncio
import heapq
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from tandem.messages.hedges import TimerFired
from tandem.runtime.clock import Clock
from tandem.runtime.fold.port import ArmTimer

NS = 1_000_000_000
MOST_TRIES = 10_000


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
        self._armed: dict[str, Armed] = {}
        self._fresh: dict[str, Armed] = {}
        self._heap: list[tuple[int, str, int]] = []
        self._changed = asyncio.Event()

    @property
    def armed(self) -> tuple[Armed, ...]:
        return tuple(self._armed.values())

    def restore(self, armed: Iterable[Armed]) -> None:
        """Replace everything by what a snapshot carried; nothing runs until the head."""
        self._armed = {timer.key: timer for timer in armed}
        self._fresh = dict(self._armed)
        self._heap.clear()

    def arm(self, effect: ArmTimer) -> None:
        """Take note of an armed timer; it runs from the next `at_head` on."""
        known = self._armed.get(effect.key)
        if known is None or known.attempt < effect.attempt:
            timer = Armed(effect.key, effect.attempt, effect.due_ns)
            self._armed[effect.key] = self._fresh[effect.key] = timer

    def fired(self, fact: TimerFired) -> None:
        """Forget a timer that the log has seen fire."""
        known = self._armed.get(fact.key)
        if known is not None and known.attempt <= fact.attempt:
            del self._armed[fact.key]
            self._fresh.pop(fact.key, None)

    def fire_again(self, fact: TimerFired) -> None:
        """Fire a timer under its next try: something else has the place of this one.

        Every copy finds the same there, and ends at the same try. It stays armed until it is read.
        """
        known = self._armed.get(fact.key)
        if known is not None and known.attempt <= fact.attempt < MOST_TRIES:
            self._armed[fact.key] = Armed(fact.key, fact.attempt + 1, known.due_ns)
            self._fire(TimerFired(key=fact.key, attempt=fact.attempt + 1, due_ns=known.due_ns))

    def at_head(self, now_ns: int) -> None:
        """Start what does not run yet; `now_ns` is the fold's clock."""
        if not self._fresh:
            return
        monotonic_ns = self._clock.monotonic_ns()
        for timer in self._fresh.values():
            due_ns = monotonic_ns + max(0, timer.due_ns - now_ns)
            heapq.heappush(self._heap, (due_ns, timer.key, timer.attempt))
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
            timer = self._armed.get(key)
            if timer is not None and timer.attempt == attempt:
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
