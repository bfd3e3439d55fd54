"""What the exchanges are made to do wrong, through their control ports.

1. Some of everything goes wrong all the time, by small chances from the run's seed; on top of
   that a blow makes one thing likely, or certain, for a while.
2. Requests are refused, lost or delayed before and after they were carried out; events are lost,
   doubled, late and out of turn. What the venue's own books say is never touched.
3. `stop` leaves both exchanges well.
4. Nobody asks an exchange while it is away; when it is back, what was likely is likely again.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from examples.walkthrough.venue_books import Books, VenueBooks
from tandem.domain.units import MS_PER_S
from tandem.runtime.clock import Clock

EXCHANGES = ("binance", "hyperliquid")
Chances = Mapping[str, float]
# Below these rates the strategies still get twenty fills a second through.
ALWAYS: Chances = {
    "lose_answer": 0.002,
    "delay_answer": 0.002,
    "drop_request": 0.002,
    "fail_executed": 0.002,
    "fail_unexecuted": 0.002,
    "hide_order": 0.01,
    "duplicate_event": 0.02,
    "reorder_event": 0.01,
    "delay_event": 0.01,
    "drop_event": 0.002,
    "refuse": 0.002,
}
# What a blow makes likely while it lasts; together they stay below certainty.
LIKELY: Mapping[str, Chances] = {
    "answers lost": {"lose_answer": 0.15},
    "answers late": {"delay_answer": 0.15},
    "requests dropped": {"drop_request": 0.15},
    "failing, executed": {"fail_executed": 0.15},
    "failing, not executed": {"fail_unexecuted": 0.15},
    "rate limited": {"rate_limit": 0.1},
    "refused without a rule": {"refuse": 0.03},
    "orders hidden": {"hide_order": 0.5},
    "late fills": {"late_fill": 0.1},
    "events lost": {"drop_event": 0.1},
    "events doubled": {"duplicate_event": 0.4},
    "events out of turn": {"reorder_event": 0.2, "delay_event": 0.15},
}
CUT = {"cut": ["user", "market", "order"]}


class _Report(msgspec.Struct, frozen=True):
    fired: dict[str, int]


@dataclass(slots=True)
class VenueFaults:
    """Both exchanges' control ports, and what is on now; `lot` is the least that is closed."""

    venues: Mapping[str, VenueBooks]
    clock: Clock
    seed: int
    lot: Decimal
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)
    _fired_before: Counter[str] = field(default_factory=Counter)
    _likely: dict[str, list[Chances]] = field(default_factory=dict)

    async def start(self) -> None:
        """Let some of everything go wrong from now on."""
        for exc in self.venues:
            self._likely[exc] = []
            await self._tell(exc, {"reset": True, "seed": self.seed})

    async def hold(self, name: str, hold_s: float) -> None:
        """Let one blow last for a while."""
        exc, _, what = name.partition(": ")
        if what in LIKELY:
            await self._make_likely(exc, LIKELY[what], hold_s)
        else:
            await self._tell(exc, _now(what, int(hold_s * MS_PER_S)))
            await self.clock.sleep(hold_s)

    async def _make_likely(self, exc: str, chances: Chances, hold_s: float) -> None:
        self._likely[exc].append(chances)
        await self._tell(exc)
        try:
            await self.clock.sleep(hold_s)
        finally:
            self._likely[exc].remove(chances)
        await self._tell(exc)

    async def _tell(self, exc: str, also: Mapping[str, object] | None = None) -> None:
        chances = dict(ALWAYS)
        for likely in self._likely[exc]:
            chances |= likely
        await self.ask(exc, "faults", {**(also or {}), "chances": chances})

    async def ask(self, exc: str, what: str, body: object) -> bytes:
        """Ask something of an exchange that is there."""
        async with self._turn(exc):
            return await self.venues[exc].post(what, body)

    async def books(self, exc: str) -> Books:
        """Return the books of an exchange that is there."""
        async with self._turn(exc):
            return await self.venues[exc].books()

    @asynccontextmanager
    async def away(self, exc: str) -> AsyncIterator[None]:
        """Hold an exchange that is killed and started again meanwhile."""
        async with self._turn(exc):
            self._fired_before.update(await self._fired_at(exc))
            yield
        if exc in self._likely:
            await self._tell(exc, {"seed": self.seed})

    def _turn(self, exc: str) -> asyncio.Lock:
        return self._turns.setdefault(exc, asyncio.Lock())

    async def stop(self) -> None:
        """Let both exchanges behave."""
        for exc in self.venues:
            await self.ask(exc, "faults", {"reset": True})

    async def fired(self) -> dict[str, int]:
        """Return how often each fault happened, on both exchanges together."""
        total = Counter(self._fired_before)
        for exc in self.venues:
            total.update(await self._fired_at(exc))
        return dict(sorted(total.items()))

    async def _fired_at(self, exc: str) -> dict[str, int]:
        answer = await self.venues[exc].post("faults", {})
        return msgspec.json.decode(answer, type=_Report).fired


def _now(what: str, for_ms: int) -> Mapping[str, object]:
    match what:
        case "sockets cut":
            return CUT
        case "users silent":
            return {"mute": {"channels": ["user"], "for_ms": for_ms}}
        case "down":
            return {"down": {"for_ms": for_ms, "looks": "reset"}}
        case "chain stalls":
            return {"stall": {"for_ms": for_ms}}
        case "24 hours over":
            return {"disconnect": True}
        case _:
            raise ValueError(f"venue fault {what}: not known")


AT_ONCE = ("sockets cut", "users silent", "down", "24 hours over")
NAMES = (
    *(f"{exc}: {what}" for exc in EXCHANGES for what in (*LIKELY, *AT_ONCE)),
    "hyperliquid: chain stalls",
)
