"""Lets the blows fall, each for as long as it lasts, and starts again what ended by itself.

1. Whatever ends, by a blow or by itself, is started again: the run's supervisor.
2. After `close` nothing is frozen, down or faulty.
3. While a log is taken away one hedger is spared, until it has gone on: what no process remembers
   and no server holds is lost to anybody, and nothing could be shown of it (docs/guarantees.md).
"""

import asyncio
from collections import Counter

from examples.chaos.blows.exchanges import ExchangeBlows
from examples.chaos.blows.journal import Journal
from examples.chaos.blows.plan import CUTS, ON_EXCHANGES, SERVERS, Blow, Kind
from examples.chaos.blows.processes import ProcessBlows, is_up, services_of, thaw
from examples.chaos.blows.servers import ServerBlows
from examples.chaos.blows.venue_faults import VenueFaults
from examples.chaos.figures.takeover import Takeovers
from examples.chaos.figures.uptime import Uptime
from tandem.cli.stack import Child, LocalStack
from tandem.domain.units import MS_PER_S
from tandem.runtime.clock import TaskOwner

POLL_S = 0.1
HEDGER = "hedger"
MOST_SPARED_S = 60.0
CUTS_READ, AWAITED = "tandem_fold_cuts", "tandem_fold_awaited"
IN_FLIGHT = "tandem_fold_in_flight"


class Havoc:
    """The one who strikes, and the supervisor who repairs."""

    def __init__(
        self, stack: LocalStack, faults: VenueFaults, takeovers: Takeovers, journal: Journal
    ) -> None:
        self._stack, self.faults, self.takeovers = stack, faults, takeovers
        self.journal = journal
        self._clock = takeovers.clock
        self.uptime = Uptime(self._clock.wall_ns)
        self.processes = ProcessBlows(stack, takeovers, journal, self.uptime)
        self.servers = ServerBlows(stack, self._clock, journal, self.uptime)
        self.exchanges = ExchangeBlows(stack, faults, journal, self.uptime)
        self._tasks = TaskOwner()
        self._blows: set[asyncio.Task[None]] = set()
        self.ended_themselves: Counter[str] = Counter()

    @property
    def failed(self) -> "asyncio.Future[None]":
        """Done when a blow or the supervisor could not do its work."""
        return self._tasks.failed

    @property
    def killed(self) -> int:
        """How many processes were killed, or asked to end."""
        servers = self.journal.count()
        others = servers[Kind.NATS] + servers[Kind.REDIS] + self.exchanges.restarts
        return self.processes.killed + others

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
        while not all(is_up(child) for child in services_of(self._stack)):
            await self._clock.sleep(POLL_S)

    async def close(self) -> None:
        await self._tasks.close()
        await self.processes.close()
        thaw(self._stack.children.values())

    async def _carry_out(self, blow: Blow) -> None:
        hold_s = blow.hold_ms / MS_PER_S
        if blow.kind in ON_EXCHANGES:
            await self.exchanges.strike(blow.kind, blow.target, hold_s)
        elif blow.kind in CUTS:
            await self._cut_log(blow.kind, hold_s)
        elif blow.kind in SERVERS:
            await self.servers.strike(blow.kind, hold_s)
        else:
            await self.processes.strike(blow, hold_s)

    async def _cut_log(self, kind: Kind, hold_s: float) -> None:
        spared = await self.processes.spare(HEDGER)
        before = await self._cuts_of(spared)
        try:
            await self.servers.strike(kind, hold_s)
            for _ in range(int(MOST_SPARED_S / POLL_S)):
                if await self._cuts_of(spared) > before:
                    break
                await self._clock.sleep(POLL_S)
        finally:
            self.processes.in_hand.discard(spared.name)

    async def _cuts_of(self, hedger: Child) -> float:
        """Return how many cuts a hedger has gone through to the end."""
        said = await self.takeovers.gauges.of(hedger)
        goes_on = not said.get(AWAITED, 1.0) and not said.get(IN_FLIGHT, 1.0)
        return said.get(CUTS_READ, 0.0) if goes_on else 0.0

    async def _supervise(self) -> None:
        """Start again what ended by itself."""
        while True:
            for child in self._watched():
                if child.has_ended and child.name not in self.processes.in_hand:
                    self.ended_themselves[f"{child.name} with {child.exit_code}"] += 1
                    self.processes.ended(child)
                    self.processes.spawn(child)
            await self._clock.sleep(POLL_S)

    def _watched(self) -> list[Child]:
        return [one for one in self._stack.children.values() if one.name not in self._stack.paper]
