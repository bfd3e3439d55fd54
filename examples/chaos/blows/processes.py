"""Blows on processes: services and strategies killed, frozen, struck again, doubled, misled.

1. What is struck is nobody else's until it was started again: blows do not meet on one process.
2. A blow that finds its process down falls on the next one that is up.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from examples.chaos.blows.journal import Event, Journal
from examples.chaos.blows.plan import EVERY, SENDER, Blow, Kind
from examples.chaos.figures.takeover import Struck, Takeovers
from examples.chaos.figures.uptime import Uptime, service_of
from examples.chaos.strategy import rename, strategy_child
from tandem.cli.stack import SERVICES, Child, LocalStack
from tandem.domain.units import NS_PER_MS
from tandem.runtime.clock import Clock, TaskOwner, write_step

POLL_S = 0.1
DRAIN_S = 15.0
TAKEOVER_S = 60.0
STARTS = 3
GATEWAY = "gateway-"
TWIN = "-twin"
CLOCK_STEP = "clock-step"


class ProcessBlows:
    """Strikes children of the stack; `in_hand` are those that it will start again itself.

    `died_ms`: when each strategy died whose name nobody bears any more.
    """

    def __init__(
        self, stack: LocalStack, takeovers: Takeovers, journal: Journal, uptime: Uptime
    ) -> None:
        self.in_hand: set[str] = set()
        self.killed = 0
        self._stack, self._takeovers = stack, takeovers
        self._journal, self._uptime = journal, uptime
        self._clock: Clock = takeovers.clock
        self._watching = TaskOwner()
        self._clock_turn = asyncio.Lock()
        self.died_ms: dict[str, int] = {}

    async def close(self) -> None:
        await self._watching.close()

    async def strike(self, blow: Blow, hold_s: float) -> None:
        """Let one blow fall and last, until what it struck is ready again."""
        match blow.kind:
            case Kind.SEVERAL:
                await self._kill_several(blow.target.split(","), hold_s)
            case Kind.LOOP:
                await self._kill_in_a_loop(blow.target, hold_s)
            case Kind.CLOCK:
                await self._step_clock(blow.target, hold_s)
            case Kind.CLIENT:
                await self._kill_strategy(blow.target, hold_s)
            case Kind.STRATEGY:
                await self._replace_strategy(blow.target, hold_s)
            case Kind.TWIN:
                await self._double(blow.target, hold_s)
            case _:
                await self._strike_one(blow, hold_s)

    async def _strike_one(self, blow: Blow, hold_s: float) -> None:
        child = await self._target(blow.target)
        if child is None or child.pid is None:
            return
        is_freeze = blow.kind in {Kind.FREEZE, Kind.STUN, Kind.FROZEN}
        async with self._struck(child, blow.kind, hold_s if is_freeze else TAKEOVER_S):
            match blow.kind:
                case Kind.FREEZE | Kind.STUN:
                    await self._freeze(child, hold_s)
                case Kind.FROZEN:
                    await self._freeze(child, hold_s, is_last=True)
                    self._kill(child)
                    self.spawn(child)
                case Kind.START:
                    await self._kill_at_start(child, hold_s)
                case _:
                    await self._end(child, blow.kind)
                    await self._clock.sleep(hold_s)
                    self.spawn(child)

    @asynccontextmanager
    async def _struck(self, child: Child, kind: Kind, within_s: float) -> AsyncIterator[None]:
        """Hold a process for a blow, and wait until it is ready again."""
        self.in_hand.add(child.name)
        try:
            event = await self._begin(child, kind, within_s)
            yield
        finally:
            self.in_hand.discard(child.name)
        await self._until_up(child)
        self._journal.end(event)

    async def _begin(self, child: Child, kind: Kind, within_s: float) -> Event:
        is_gateway = child.name.startswith(GATEWAY)
        sends = is_gateway and await self._takeovers.gauges.sends(child)
        who = f"{child.name}, which sends" if sends else child.name
        event = self._journal.begin(kind, f"{kind} {who}")
        if sends and child.pid is not None:
            struck = Struck(service_of(child.name), kind, child.pid, event.from_mono_ns)
            self._watching.spawn(self._takeovers.watch(struck, within_s), "takeover")
        return event

    def _kill(self, child: Child) -> None:
        self._uptime.down(child.name)
        child.kill()
        self.killed += 1

    def spawn(self, child: Child) -> None:
        """Start a process again."""
        child.spawn()
        if is_service(child):
            self._uptime.up(child.name, service_of(child.name))

    async def end(self, children: Iterable[Child]) -> None:
        """Kill processes for good."""
        for child in tuple(children):
            self.in_hand.add(child.name)
            child.kill()

    def ended(self, child: Child) -> None:
        """Note that a process ended by itself."""
        self._uptime.down(child.name)

    async def _freeze(self, child: Child, hold_s: float, *, is_last: bool = False) -> None:
        """Let a process stand still; `is_last`: it does not go on."""
        if child.pid is None:
            return
        os.kill(child.pid, signal.SIGSTOP)
        self._uptime.down(child.name)
        try:
            await self._clock.sleep(hold_s)
        finally:
            if not is_last:
                os.kill(child.pid, signal.SIGCONT)
                self._uptime.up(child.name, service_of(child.name))

    async def _end(self, child: Child, kind: Kind) -> None:
        if kind is Kind.TERM and child.pid is not None:
            self._uptime.down(child.name)
            os.kill(child.pid, signal.SIGTERM)
            for _ in range(int(DRAIN_S / POLL_S)):
                if child.has_ended:
                    break
                await self._clock.sleep(POLL_S)
        self._kill(child)

    async def _kill_at_start(self, child: Child, hold_s: float) -> None:
        """Kill a process, and again while it starts, each time a little later."""
        for turn in range(STARTS):
            self._kill(child)
            self.spawn(child)
            await self._clock.sleep(hold_s * (turn + 1) / STARTS)
        self._kill(child)
        self.spawn(child)

    async def _kill_several(self, names: Sequence[str], hold_s: float) -> None:
        found: dict[str, Child] = {}
        for name in names:
            is_every = name.startswith(EVERY)
            one = None if is_every else await self._target(name)
            several = self._copies(name.removeprefix(EVERY)) if is_every else [one]
            found |= {child.name: child for child in several if child is not None}
        struck = [child for child in found.values() if self._is_free(child)]
        if not struck:
            return
        self.in_hand |= {child.name for child in struck}
        event = self._journal.begin(Kind.SEVERAL, f"kill {', '.join(one.name for one in struck)}")
        for child in struck:
            self._kill(child)
        await self._clock.sleep(hold_s)
        for child in struck:
            self.spawn(child)
        self.in_hand -= {child.name for child in struck}
        for child in struck:
            await self._until_up(child)
        self._journal.end(event)

    async def _kill_in_a_loop(self, service: str, hold_s: float) -> None:
        """Kill whichever copy of a service is up, for a while."""
        event = self._journal.begin(Kind.LOOP, f"kill {EVERY}{service} whenever it is up")
        deadline_ns = self._clock.monotonic_ns() + int(hold_s * 1e9)
        while self._clock.monotonic_ns() < deadline_ns:
            for child in filter(self._is_free, self._copies(service)):
                self._kill(child)
                self.spawn(child)
            await self._clock.sleep(POLL_S)
        for child in self._copies(service):
            await self._until_up(child)
        self._journal.end(event)

    async def _step_clock(self, target: str, hold_s: float) -> None:
        """Set the wall clock of one process wrong, for a while."""
        name, _, step_s = target.rpartition(" ")
        async with self._clock_turn:
            child = await self._target(name)
            if child is None or child.pid is None:
                return
            event = self._journal.begin(Kind.CLOCK, f"the clock of {child.name} {step_s} s")
            file = step_file(self._stack.plan.directory)
            write_step(file, child.pid, int(step_s) * 1_000_000_000)
            await self._clock.sleep(hold_s)
            write_step(file, 0, 0)
            self._journal.end(event)

    async def _kill_strategy(self, name: str, hold_s: float) -> None:
        child = self._stack.children.get(name)
        if child is not None and self._is_free(child):
            async with self._struck(child, Kind.CLIENT, 0):
                self._kill(child)
                await self._clock.sleep(hold_s)
                self.spawn(child)

    async def _replace_strategy(self, name: str, hold_s: float) -> None:
        """Kill a strategy for good; a while later another begins, under a name of its own."""
        child = self._stack.children.get(name)
        if child is not None and self._is_free(child):
            async with self._struck(child, Kind.STRATEGY, 0):
                self._kill(child)
                former = rename(child)
                self.died_ms[former] = self._clock.wall_ns() // NS_PER_MS
                await self._clock.sleep(hold_s)
                self.spawn(child)

    async def _double(self, name: str, hold_s: float) -> None:
        """Let a second process of a strategy run for a while; it ends without notice."""
        first, twin_name = self._stack.children.get(name), f"{name}{TWIN}"
        if first is None or twin_name in self._stack.children:
            return
        event = self._journal.begin(Kind.TWIN, f"a second {name}")
        twin = strategy_child(twin_name, first, self._stack.plan)
        self.in_hand.add(twin_name)
        self._stack.children[twin_name] = twin
        twin.spawn()
        await self._clock.sleep(hold_s)
        twin.kill()
        del self._stack.children[twin_name]
        self.in_hand.discard(twin_name)
        self._journal.end(event)

    async def _until_up(self, child: Child) -> None:
        while not is_up(child):
            await self._clock.sleep(POLL_S)

    async def _target(self, name: str) -> Child | None:
        """Return the process meant, or the next one that is up; None when all are down."""
        if name.startswith(SENDER):
            name = name.removeprefix(SENDER)
            sender = await self._takeovers.sender_of(name)
            name = sender.name if sender is not None else name
        every = services_of(self._stack)
        place = next((i for i, child in enumerate(every) if child.name == name), 0)
        return next(filter(self._is_free, every[place:] + every[:place]), None)

    async def spare(self, service: str) -> Child:
        """Return a copy of a service that is up; no blow falls on it while it is in hand."""
        while (child := next(filter(self._is_free, self._copies(service)), None)) is None:
            await self._clock.sleep(POLL_S)
        self.in_hand.add(child.name)
        return child

    def _copies(self, service: str) -> list[Child]:
        every = services_of(self._stack)
        return [child for child in every if service_of(child.name) == service]

    def _is_free(self, child: Child) -> bool:
        return child.name not in self.in_hand and is_up(child)


def services_of(stack: LocalStack) -> list[Child]:
    """Return the processes of the services, without exchanges and strategies."""
    return [child for child in stack.children.values() if is_service(child)]


def is_service(child: Child) -> bool:
    return service_of(child.name) in SERVICES


def is_up(child: Child) -> bool:
    """Tell whether a process runs and has said that it is ready."""
    return not child.has_ended and child.ready_file.exists()


def step_file(directory: Path) -> Path:
    """Return where it is written whose clock is wrong, and by how much."""
    return directory / CLOCK_STEP


def thaw(children: Iterable[Child]) -> None:
    """Let every process go on: a frozen one cannot be asked to end."""
    for child in children:
        if child.pid is not None and not child.has_ended:
            os.kill(child.pid, signal.SIGCONT)
