"""The course of one seed, minute by minute: flow, faults, calm, stop, judgement."""

import gc
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import process_time
from typing import Any

from tandem.domain.units import NS_PER_MS, NS_PER_S
from tests.simulation import contents, farewell, oracle
from tests.simulation.blows import Blows
from tests.simulation.chaos import Chaos
from tests.simulation.loop import VirtualLoop, spawn
from tests.simulation.plan import Plan, Quote, plan, wiped
from tests.simulation.strategy import seeded_names
from tests.simulation.world import World

MARKET_MS = 400
LEAST_FILLS = 200
QUIET_POLL_MS = 250
QUIET_MOST_S = 120
START_MOST_S = 6
CALM_MOST_S = 60
MORE_MS = 500
MOST_ENTRIES = 20_000


Look = Callable[[World], None]


@dataclass
class Result:
    """What became of one seed."""

    seed: int
    violations: list[str]
    counts: dict[str, int]
    virtual_ms: int
    digest: str = ""
    trace: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.violations


def run(plan: Plan, *, traces: bool = False, look: Look | None = None) -> Result:
    """Run one seed from its beginning to its judgement; `look` sees the world at its end."""
    collects = gc.isenabled()
    gc.disable()
    told = ""

    def seen(world: World) -> None:
        nonlocal told
        told = oracle.digest(world)
        if look is not None:
            look(world)

    try:
        result = _run(plan, traces, seen)
        result.digest = told
        return result
    finally:
        with _unraised():
            gc.collect()
        if collects:
            gc.enable()


def timed(seed: int) -> Result:
    """Run one seed and note what it cost; for processes that end before what is left matters."""
    return _timed(plan(seed))


def timed_wiped(seed: int) -> Result:
    """As `timed`, with a server that loses its whole store."""
    return _timed(wiped(seed))


def _timed(world: Plan) -> Result:
    began = process_time()
    gc.disable()
    result = _run(world, traces=False, look=None)
    result.counts["cpu us"] = int((process_time() - began) * 1e6)
    return result


@contextmanager
def _unraised() -> Iterator[None]:
    """Let coroutines that were left running die without a word: their processes were killed."""
    told, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            yield
    finally:
        sys.unraisablehook = told


def _run(plan: Plan, traces: bool, look: Look | None) -> Result:
    loop = VirtualLoop()
    with seeded_names(plan.seed):
        world = World(plan, loop, traces=traces)
        try:
            work = _Course(world).run()
            violations = loop.run_until_complete(spawn(loop, None, work, "course"))
        except Exception as error:  # noqa: BLE001 - whatever it is, the seed has failed
            violations = [f"the simulation itself failed: {error!r}", traceback.format_exc()]
        finally:
            loop.bury()
    if look is not None:
        look(world)
    return _result(world, violations)


def _result(world: World, violations: list[str]) -> Result:
    contents.count(world)
    world.counts["virtual ms"] = world.loop.now_ns // NS_PER_MS
    return Result(
        seed=world.plan.seed,
        violations=[*world.failures, *violations],
        counts=dict(world.counts),
        virtual_ms=world.loop.now_ns // NS_PER_MS,
        trace=world.trace,
    )


class _Course:
    def __init__(self, world: World) -> None:
        self.world, self.plan = world, world.plan
        self.loop, self.clock = world.loop, world.clock
        self.rng = world.plan.generator("flow")
        self.chaos = Chaos(world)

    async def run(self) -> list[str]:
        world = self.world
        world.start()
        market = world.outside(self._market(), "market")
        await self._until(lambda: self._makers() > 0, START_MOST_S)
        trouble = world.outside(self.chaos.run(), "chaos")
        later = world.outside(Blows(world).run(), "later chaos")
        world.outside(self._wipes(), "wipes")
        end_ns = self.loop.now_ns + self.plan.trouble_ms * NS_PER_MS
        while self.loop.now_ns < end_ns and not world.failures:
            await self._flow()
        trouble.cancel()
        later.cancel()
        world.calm()
        end_ns = self.loop.now_ns + CALM_MOST_S * NS_PER_S
        while world.counts["maker fills"] < LEAST_FILLS and self._may_go_on(end_ns):
            if not self._makers() and not world.strategy.left:
                world.strategy.left.append(self._more())
                await self.clock.sleep(MORE_MS / 1_000)
            await self._flow()
        if self.plan.has("ends dead"):
            await self._leave_orders()
        world.strategy.wants_stop = True
        violations = await self._quiet()
        market.cancel()
        return violations

    async def _leave_orders(self) -> None:
        """Let the strategy die with live orders; it is back once they are gone, or were kept."""
        world, strategy = self.world, self.world.strategy
        if not await self._until(lambda: strategy.is_ready, farewell.MOST_S):
            return
        if not farewell.resting(world):
            strategy.left.append(self._more())
        if await self._until(lambda: bool(farewell.resting(world)), START_MOST_S):
            strategy.die()
            world.note("fault", "the strategy is dead")
            await self._flow()
            await self._look_after()
            strategy.start()

    async def _look_after(self) -> None:
        world, left = self.world, len(farewell.resting(self.world))
        if self.plan.has("keeps orders"):
            await self.clock.sleep(farewell.KEPT_S)
            world.counts["orders kept"] += left
            return
        await self._until(lambda: not farewell.resting(world), farewell.MOST_S)
        world.failures.extend(farewell.outlived(world))
        world.counts["orders of the dead"] += left

    async def _wipes(self) -> None:
        for at_ms in self.plan.wipes_ms:
            await self.clock.sleep(max(0, at_ms - self.loop.now_ns // NS_PER_MS) / 1_000)
            self.chaos.wipe()

    def _may_go_on(self, end_ns: int) -> bool:
        return self.loop.now_ns < end_ns and not self.world.failures

    def _more(self) -> Quote:
        """Quote like the first time, when trouble has left too little to fill."""
        return replace(self.plan.quotes[0], at_ms=0)

    def _makers(self) -> int:
        return sum(len(venue.makers()) for venue in self.world.venues.values())

    async def _until(self, holds: Any, most_s: int) -> bool:
        end_ns = self.loop.now_ns + most_s * NS_PER_S
        while not holds():
            if not self._may_go_on(end_ns):
                return False
            await self.clock.sleep(0.02)
        return True

    async def _flow(self) -> None:
        await self.clock.sleep(self.plan.flow_ms / 1_000)
        for venue in self.world.venues.values():
            if venue.stalled_at_ms is None:
                venue.flow(self.rng.randint(0, self.plan.pieces))
        self._watch_log()

    def _watch_log(self) -> None:
        """End a seed whose log grows beyond all bounds, before it takes minutes."""
        entries = self.world.server.oms.state().last_seq
        if entries > MOST_ENTRIES and not self.world.failures:
            self.world.failures.append(f"the log runs away: {entries} entries")

    async def _market(self) -> None:
        while True:
            for front in (self.world.binance, self.world.hyperliquid):
                if not front.weather.is_down and front.venue.stalled_at_ms is None:
                    front.tick_markets()
            await self.clock.sleep(MARKET_MS / 1_000)

    async def _quiet(self) -> list[str]:
        """Wait until nothing moves and everything agrees, twice in a row."""
        world = self.world
        end_ns = self.loop.now_ns + QUIET_MOST_S * NS_PER_S
        calm_looks = 0
        restless = ["never looked"]
        while self.loop.now_ns < end_ns:
            await self.clock.sleep(QUIET_POLL_MS / 1_000)
            self._watch_log()
            restless = ["not stopped yet"]
            if world.strategy.has_stopped:
                restless = oracle.restless(world)
            calm_looks = 0 if restless else calm_looks + 1
            if calm_looks == 2:
                return oracle.final(world)
            if world.failures:
                return []
        return [f"still restless after {QUIET_MOST_S} s", *restless, *oracle.final(world)]
