"""Carries out the blows: kills, stops and freezes real processes, and starts them again.

1. Whatever ends, by a blow or by itself, is started again: the run's supervisor.
2. A blow that finds its process down falls on the next one that is up.
3. After `close` nothing is frozen, down or faulty.
"""

import asyncio
import os
import signal
from collections import Counter

import redis.asyncio

from examples.chaos.journal import Journal
from examples.chaos.plan import SENDER, Blow, Kind
from examples.chaos.takeover import Struck, Takeovers, service_of
from examples.chaos.venue_faults import VenueFaults
from tandem.cli.stack import Child, LocalStack
from tandem.runtime.clock import TaskOwner

MS_PER_S = 1_000
POLL_S = 0.1
DRAIN_S = 15.0
TAKEOVER_S = 60.0
GATEWAY = "gateway-"


class Havoc:
    """The one who strikes, and the supervisor who repairs."""

    def __init__(
        self, stack: LocalStack, faults: VenueFaults, takeovers: Takeovers, journal: Journal
    ) -> None:
        self._stack, self.faults, self.takeovers = stack, faults, takeovers
        self.journal = journal
        self._clock = takeovers.clock
        self._in_hand: set[str] = set()
        self._tasks = TaskOwner()
        self._blows: set[asyncio.Task[None]] = set()
        self.ended_themselves: Counter[str] = Counter()

    @property
    def failed(self) -> "asyncio.Future[None]":
        """Done when a blow or the supervisor could not do its work."""
        return self._tasks.failed

    def start(self) -> None:
        """Let the supervisor watch."""
        self._tasks.spawn(self._supervise(), "supervisor")

    def strike(self, blow: Blow) -> None:
        """Let a blow fall now; it lasts on its own."""
        task = self._tasks.spawn(self._carry_out(blow), f"{blow.kind} {blow.target}")
        self._blows.add(task)
        task.add_done_callback(self._blows.discard)

    async def calm(self) -> None:
        """Wait until every blow is over and everything runs again."""
        while self._blows:
            await asyncio.wait(self._blows)
        await self.faults.stop()
        while not all(is_up(child) for child in self._services()):
            await self._clock.sleep(POLL_S)

    async def close(self) -> None:
        await self._tasks.close()
        thaw(self._stack)

    async def _carry_out(self, blow: Blow) -> None:
        hold_s = blow.hold_ms / MS_PER_S
        match blow.kind:
            case Kind.KILL | Kind.TERM | Kind.FREEZE | Kind.STUN:
                await self._strike_process(blow, hold_s)
            case Kind.NATS | Kind.REDIS:
                await self._strike_server(blow.kind, hold_s)
            case Kind.FLUSH:
                await self._flush()
            case Kind.VENUE:
                event = self.journal.begin(blow.kind, blow.target)
                await self.faults.hold(blow.target, hold_s)
                self.journal.end(event)

    async def _strike_process(self, blow: Blow, hold_s: float) -> None:
        child = await self._target(blow.target)
        if child is None or child.pid is None:
            return
        self._in_hand.add(child.name)
        sends = child.name.startswith(GATEWAY) and await self.takeovers.gauges.sends(child)
        who = f"{child.name}, which sends" if sends else child.name
        event = self.journal.begin(blow.kind, f"{blow.kind} {who}")
        is_freeze = blow.kind in {Kind.FREEZE, Kind.STUN}
        if sends:
            within_s = hold_s if is_freeze else TAKEOVER_S
            struck = Struck(service_of(child), event.kind, child.pid, event.from_mono_ns)
            self._tasks.spawn(self.takeovers.watch(struck, within_s), "takeover")
        try:
            if is_freeze:
                await self._freeze(child.pid, hold_s)
            else:
                await self._end(child, blow.kind)
                await self._clock.sleep(hold_s)
                child.spawn()
        finally:
            self._in_hand.discard(child.name)
        await self._until_up(child)
        self.journal.end(event)

    async def _freeze(self, pid: int, hold_s: float) -> None:
        os.kill(pid, signal.SIGSTOP)
        try:
            await self._clock.sleep(hold_s)
        finally:
            os.kill(pid, signal.SIGCONT)

    async def _end(self, child: Child, kind: Kind) -> None:
        if kind is Kind.TERM and child.pid is not None:
            os.kill(child.pid, signal.SIGTERM)
            await self._until_ended(child)
        child.kill()

    async def _until_ended(self, child: Child) -> None:
        for _ in range(int(DRAIN_S / POLL_S)):
            if child.has_ended:
                return
            await self._clock.sleep(POLL_S)

    async def _until_up(self, child: Child) -> None:
        while not is_up(child):
            await self._clock.sleep(POLL_S)

    async def _strike_server(self, kind: Kind, hold_s: float) -> None:
        server = self._stack.nats if kind is Kind.NATS else self._stack.redis
        if kind in self._in_hand:
            return
        self._in_hand.add(kind)
        event = self.journal.begin(kind, f"kill {kind}")
        server.kill()
        await self._clock.sleep(hold_s)
        await asyncio.to_thread(server.start)
        self.journal.end(event)
        self._in_hand.discard(kind)

    async def _flush(self) -> None:
        event = self.journal.begin(Kind.FLUSH, "flush redis")
        client = redis.asyncio.Redis.from_url(self._stack.redis.url, socket_timeout=1.0)
        try:
            await client.flushall()
        except (redis.exceptions.RedisError, OSError):
            event.what = "flush redis, which was down"
        finally:
            await client.aclose()
        self.journal.end(event)

    async def _target(self, name: str) -> Child | None:
        """Return the process meant, or the next one that is up; None when all are down."""
        if name.startswith(SENDER):
            name = name.removeprefix(SENDER)
            sender = await self.takeovers.sender_of(name)
            name = sender.name if sender is not None else name
        return self._one_that_is_up(name)

    def _one_that_is_up(self, name: str) -> Child | None:
        services = self._services()
        place = next((i for i, child in enumerate(services) if child.name == name), 0)
        turned = services[place:] + services[:place]
        free = (child for child in turned if child.name not in self._in_hand and is_up(child))
        return next(free, None)

    def _services(self) -> list[Child]:
        return [
            child for child in self._stack.children.values() if child.name not in self._stack.paper
        ]

    async def _supervise(self) -> None:
        """Start again what ended by itself."""
        while True:
            for child in self._services():
                if child.has_ended and child.name not in self._in_hand:
                    self.ended_themselves[f"{child.name} with {child.exit_code}"] += 1
                    child.spawn()
            await self._clock.sleep(POLL_S)


def is_up(child: Child) -> bool:
    """Tell whether a process runs and has said that it is ready."""
    return not child.has_ended and child.ready_file.exists()


def thaw(stack: LocalStack) -> None:
    """Let every process go on: a frozen one cannot be asked to end."""
    for child in stack.children.values():
        if child.pid is not None and not child.has_ended:
            os.kill(child.pid, signal.SIGCONT)
