"""A fold that counts, and a world of copies that run it: in memory, and on a real nats-server."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec
import pytest
import structlog

from tandem.bus import topology
from tandem.bus.memory.bus import MemoryBus
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Bus, Entry
from tandem.cli.servers import LocalServer
from tandem.domain.ids import Exc, ExecId, Pool, Ticker
from tandem.domain.units import NS_PER_MINUTE
from tandem.messages import facts, subjects
from tandem.messages.codec import Answer, Query, encode
from tandem.messages.deltas import PositionDelta, PositionView
from tandem.messages.hedges import Alarm, Decision, TimerFired
from tandem.messages.queries import PositionsPage
from tandem.messages.reports import FillCost, MarkReport
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.failpoints import no_seam
from tandem.runtime.fold.options import FoldOptions, FoldPorts, Pages
from tandem.runtime.fold.port import (
    Append,
    ArmTimer,
    Effect,
    Head,
    LogEvent,
    Proposal,
    Publish,
    SetRow,
)
from tandem.runtime.fold.runner import FoldRunner
from tests.conftest import Eventually

EXC = Exc("venue")
TOO_LARGE = 20_000_000  # bytes: more than any server of a desk takes


class Tally(msgspec.Struct):
    """Counts marks by ticker, decisions by ticker, and what else was read."""

    marks: dict[str, int] = msgspec.field(default_factory=dict)
    decisions: dict[str, int] = msgspec.field(default_factory=dict)
    fired: list[str] = msgspec.field(default_factory=list)
    malformed: int = 0
    broken: int = 0
    epoch: int = 0


class TallyFold:
    """For each mark: a delta of its ticker, an alarm, a row, and a decision to propose.

    A cost of asset `wait` arms a timer of as many milliseconds as its fee; `bug` breaks the fold
    halfway, `huge` calls for what no server takes.
    """

    name = "tally"
    version = "r1"
    offers_intents = False
    filters = ("oms.venue.*.mark.>", "oms.venue.*.fillcost.>", "oms.hedge.>", "oms.control.>")
    answers = (subjects.POSITIONS_PAGE,)

    def initial(self) -> Tally:
        return Tally()

    def apply(self, state: Tally, event: LogEvent) -> tuple[Effect, ...]:
        match event.fact:
            case MarkReport():
                return self._marked(state, event, event.fact)
            case FillCost(fee_asset="wait"):
                due_ns = event.ts_ns + int(event.fact.fee) * 1_000_000
                return (ArmTimer(event.fact.exec_id, 0, due_ns),)
            case FillCost(fee_asset="huge"):
                return (Append(Alarm(source="tally", key="huge", text="x" * TOO_LARGE)),)
            case FillCost(fee_asset="bug"):
                state.broken += 1
                raise RuntimeError("a bug in the fold")
            case TimerFired():
                state.fired.append(event.fact.key)
            case Decision():
                ticker = event.fact.ticker
                state.decisions[ticker] = max(state.decisions.get(ticker, 0), event.fact.ordinal)
            case Exception():
                state.malformed += 1
            case _:
                pass
        return ()

    def _marked(self, state: Tally, event: LogEvent, mark: MarkReport) -> tuple[Effect, ...]:
        count = state.marks.get(mark.ticker, 0) + 1
        state.marks[mark.ticker] = count
        delta = _delta(event.seq, mark.ticker, count)
        alarm = Alarm(source="tally", key=f"{mark.ticker}-{count}", text="counted")
        return (
            Publish(mark.ticker, delta),
            Append(alarm),
            SetRow("tally", mark.ticker, b"%d" % count),
        )

    def propose(self, state: Tally, head: Head) -> tuple[Proposal, ...]:
        return tuple(
            _proposal(Ticker(ticker), state.decisions.get(ticker, 0) + 1, head)
            for ticker, count in state.marks.items()
            if count > state.decisions.get(ticker, 0)
        )

    def dump(self, state: Tally) -> bytes:
        return msgspec.json.encode(state)

    def load(self, snapshot: bytes) -> Tally:
        return msgspec.json.decode(snapshot, type=Tally)

    def answer(self, state: Tally, head: Head, subject: str, query: Query) -> Answer:
        return PositionsPage(
            epoch=head.epoch,
            seq=head.seq,
            positions=tuple(_view(ticker, count) for ticker, count in state.marks.items()),
        )

    def rows(self, state: Tally) -> Iterable[SetRow]:
        return [SetRow("tally", ticker, b"%d" % count) for ticker, count in state.marks.items()]


def _view(ticker: str, count: int) -> PositionView:
    amount = Decimal(count)
    return PositionView(exc=EXC, ticker=Ticker(ticker), amount=amount, entry=amount, value=amount)


def _delta(seq: int, ticker: str, count: int) -> PositionDelta:
    return PositionDelta(epoch=0, seq=seq, index=0, position=_view(ticker, count), delta=Decimal(1))


def _proposal(ticker: Ticker, ordinal: int, head: Head) -> Proposal:
    decision = Decision(
        exc=EXC,
        ticker=ticker,
        pool=Pool("p"),
        epoch=head.epoch,
        ordinal=ordinal,
        as_of=head.seq,
        need=Decimal(1),
        attempt=0,
        rules="r1",
        takers=(),
    )
    return Proposal(ticker, decision)


@dataclass
class Copy:
    """One running copy and what it needs."""

    runner: FoldRunner[Tally]
    bus: Bus
    tasks: TaskOwner

    @property
    def state(self) -> Tally:
        return self.runner.state

    async def crash(self) -> None:
        """End at once: nothing is flushed, no snapshot is left."""
        await self.tasks.close()
        await self.bus.close()


@dataclass
class World:
    """One server and the clients and copies made on it."""

    connect: Callable[[], Awaitable[Bus]]
    lose_server: Callable[[], None]
    bring_server_back: Callable[[], None]
    writer: Bus
    eventually: Eventually
    copies: list[Copy] = field(default_factory=list)
    minute: int = 0

    async def copy(
        self,
        options: FoldOptions | None = None,
        fold: TallyFold | None = None,
        pages: Callable[[TaskOwner], Pages] | None = None,
    ) -> Copy:
        bus, tasks = await self.connect(), TaskOwner()
        ports = FoldPorts(
            bus=bus,
            clock=SystemClock(),
            tasks=tasks,
            log=structlog.get_logger(),
            seam=no_seam,
            pages=pages(tasks) if pages is not None else None,
        )
        run = f"copy{len(self.copies)}"
        chosen = options or FoldOptions(run=run)
        runner = FoldRunner(fold or TallyFold(), ports, chosen)
        made = Copy(runner, bus, tasks)
        self.copies.append(made)
        await runner.start()
        return made

    def mark(self, ticker: str) -> "Awaitable[object]":
        self.minute += 1
        ts_ns = self.minute * NS_PER_MINUTE
        mark = MarkReport(exc=EXC, ticker=Ticker(ticker), mid=Decimal(1), ts_event_ns=ts_ns)
        return self.writer.log.append_soon(*facts.written(mark))

    async def cost(self, key: str, asset: str, fee: int) -> None:
        cost = FillCost(
            exc=EXC,
            ticker=Ticker("T"),
            exec_id=ExecId(key),
            fee=Decimal(fee),
            fee_asset=asset,
            ts_event_ns=1,
        )
        await self.writer.log.append(
            subjects.fill_cost(EXC, cost.ticker, cost.exec_id), encode(cost)
        )

    async def subjects_of(self, log_of: str, filters: tuple[str, ...]) -> list[str]:
        """Return every stored subject that matches, in order."""
        stored: list[Entry] = []
        log = self.writer.log if log_of == "oms" else self.writer.deltas
        following = await log.follow(filters, 0, stored.append)
        await self.eventually(lambda: following.pending == 0)
        await following.close()
        return [entry.subject for entry in stored]


async def _memory_world(_request: pytest.FixtureRequest, eventually: Eventually) -> World:
    hub = MemoryBus(SystemClock())
    clients: list[MemoryBus] = []

    async def connect() -> Bus:
        clients.append(hub.client())
        return clients[-1]

    def each(change: Callable[[MemoryBus], None]) -> None:
        for client in (hub, *clients):
            change(client)

    return World(
        connect,
        lambda: each(MemoryBus.disconnect),
        lambda: each(MemoryBus.reconnect),
        hub,
        eventually,
    )


async def _nats_world(request: pytest.FixtureRequest, eventually: Eventually) -> World:
    server: LocalServer = request.getfixturevalue("nats_server")

    async def connect() -> NatsBus:
        return await NatsBus.connect(NatsOptions(server.url), SystemClock())

    writer = await connect()
    await topology.apply(writer, topology.Limits())
    return World(connect, server.kill, server.start, writer, eventually)


@asynccontextmanager
async def fold_world(
    request: pytest.FixtureRequest, eventually: Eventually
) -> AsyncIterator[World]:
    """Make the world that the fixture's parameter names; its copies end with it."""
    made = await (_memory_world if request.param == "memory" else _nats_world)(request, eventually)
    yield made
    for copy in made.copies:
        await copy.crash()
    await made.writer.close()
