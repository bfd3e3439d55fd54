"""The fold runtime on both buses: what a copy owes to the log, and what survives its end."""

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec
import pytest
import redis.asyncio
import structlog

from tandem.bus import topology
from tandem.bus.memory_bus import MemoryBus
from tandem.bus.nats_bus import NatsBus
from tandem.bus.nats_options import NatsOptions
from tandem.bus.port import Bus, Entry
from tandem.cli.servers import LocalServer
from tandem.domain.errors import InvariantError, UnavailableError
from tandem.domain.ids import Exc, ExecId, Pool, Ticker
from tandem.messages import subjects
from tandem.messages.codec import Answer, Query, decode_answer, encode
from tandem.messages.deltas import PositionDelta, PositionView
from tandem.messages.hedges import Alarm, Decision, TimerFired
from tandem.messages.queries import PageRequest, PositionsPage, QueryFailed
from tandem.messages.reports import FillCost, LinkReport, LinkState, MarkReport, SpecsReport
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.effects import (
    Append,
    ArmTimer,
    Effect,
    Head,
    LogEvent,
    Proposal,
    Publish,
    SetRow,
)
from tandem.runtime.fold import FoldRunner
from tandem.runtime.fold_ports import FoldOptions, FoldPorts, Pages
from tandem.runtime.pages import RedisPages, page_key
from tandem.runtime.seam import no_seam

Eventually = Callable[..., Awaitable[None]]
EXC = Exc("venue")


class Tally(msgspec.Struct):
    """Counts marks by ticker, decisions by ticker, and what else was read."""

    marks: dict[str, int] = msgspec.field(default_factory=dict)
    decisions: dict[str, int] = msgspec.field(default_factory=dict)
    fired: list[str] = msgspec.field(default_factory=list)
    malformed: int = 0
    epoch: int = 0


class TallyFold:
    """For each mark: a delta of its ticker, an alarm, a row, and a decision to propose.

    A cost of asset `wait` arms a timer of as many milliseconds as its fee; `bug` breaks the fold.
    """

    name = "tally"
    rules = "r1"
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
            case FillCost(fee_asset="bug"):
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
            Publish(subjects.position_delta(EXC, mark.ticker, delta), mark.ticker, delta),
            Append(subjects.alarm(alarm.source, alarm.key), alarm),
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
    return Proposal(
        ticker, subjects.decision((EXC, ticker, Pool("p")), head.epoch, ordinal), decision
    )


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
        mark = MarkReport(exc=EXC, ticker=Ticker(ticker), mid=Decimal(1), ts_event_ns=self.minute)
        subject = subjects.mark_report(EXC, mark.ticker, self.minute)
        return self.writer.log.append_soon(subject, encode(mark))

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


@pytest.fixture(params=["memory", "nats"])
async def world(request: pytest.FixtureRequest, eventually: Eventually) -> AsyncIterator[World]:
    made = await (_memory_world if request.param == "memory" else _nats_world)(request, eventually)
    yield made
    for copy in made.copies:
        await copy.crash()
    await made.writer.close()


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


async def test_history_is_folded_and_the_copy_becomes_ready(
    world: World, eventually: Eventually
) -> None:
    for _ in range(5):
        await world.mark("BTC")

    copy = await world.copy()

    assert copy.runner.unready()
    await eventually(lambda: copy.runner.unready() == "")
    assert copy.state.marks == {"BTC": 5}


async def test_a_copy_on_an_empty_log_becomes_ready(world: World, eventually: Eventually) -> None:
    copy = await world.copy()

    await eventually(lambda: copy.runner.unready() == "")


async def test_outputs_are_stored_and_deltas_of_an_entity_keep_their_order(
    world: World, eventually: Eventually
) -> None:
    copy = await world.copy()
    marks = [world.mark(ticker) for _ in range(100) for ticker in ("A", "B", "C")]
    await asyncio.gather(*marks)

    await eventually(lambda: copy.runner.counters.deltas == 300 and not copy.runner.in_flight)

    for ticker in ("A", "B", "C"):
        stored = await world.subjects_of("deltas", (f"positions.venue.{ticker}.>",))
        assert len(stored) == 100
        assert stored == sorted(stored, key=lambda subject: int(subject.split(".")[4]))
    alarms = await world.subjects_of("oms", ("oms.control.alarm.>",))
    assert len(alarms) == 300


async def test_two_copies_store_each_output_once_and_agree(
    world: World, eventually: Eventually
) -> None:
    first, second = await world.copy(), await world.copy()
    await asyncio.gather(*[world.mark("A") for _ in range(50)])

    await eventually(lambda: first.state.decisions == second.state.decisions == {"A": 50})

    assert first.state == second.state
    decisions = await world.subjects_of("oms", (subjects.ALL_DECISIONS,))
    assert len(decisions) == 50
    assert len(await world.subjects_of("deltas", ("positions.>",))) == 50
    assert first.runner.counters.won + second.runner.counters.won == 50


async def test_a_bucket_has_one_proposal_unread_at_most(
    world: World, eventually: Eventually
) -> None:
    copy = await world.copy()
    for _ in range(20):
        await world.mark("A")

    await eventually(lambda: copy.state.decisions == {"A": 20})
    assert copy.runner.counters.proposed == 20


async def test_a_restart_goes_on_from_its_snapshot(world: World, eventually: Eventually) -> None:
    first = await world.copy()
    await asyncio.gather(*[world.mark("A") for _ in range(30)])
    await eventually(lambda: first.state.decisions == {"A": 30})
    await first.runner.drain()
    await first.crash()

    second = await world.copy()
    await eventually(lambda: second.runner.unready() == "")

    assert second.state.marks == {"A": 30}
    assert second.runner.counters.read == 0
    assert second.runner.counters.deltas == 0
    await world.mark("A")
    await eventually(lambda: second.state.decisions == {"A": 31})


async def test_a_crash_without_a_snapshot_changes_nothing(
    world: World, eventually: Eventually
) -> None:
    first = await world.copy()
    await asyncio.gather(*[world.mark("A") for _ in range(30)])
    await eventually(lambda: first.state.marks == {"A": 30})
    await first.crash()

    second = await world.copy()

    await eventually(lambda: second.state.decisions == {"A": 30} and not second.runner.in_flight)
    assert len(await world.subjects_of("deltas", ("positions.>",))) == 30


async def test_snapshots_are_taken_on_the_way(world: World, eventually: Eventually) -> None:
    copy = await world.copy(FoldOptions(snapshot_every=10))
    await asyncio.gather(*[world.mark("A") for _ in range(10)])

    await eventually(lambda: copy.runner.counters.snapshots > 0)

    assert await world.writer.snapshots.find(subjects.snapshot("tally", "r1")) is not None


async def test_a_timer_fires_once_for_all_copies(world: World, eventually: Eventually) -> None:
    first, second = await world.copy(), await world.copy()
    await world.cost("soon", "wait", 30)

    await eventually(lambda: first.state.fired == second.state.fired == ["soon"])

    assert len(await world.subjects_of("oms", (subjects.ALL_TIMERS,))) == 1


async def test_a_timer_armed_before_a_restart_still_fires(
    world: World, eventually: Eventually
) -> None:
    first = await world.copy()
    await world.cost("later", "wait", 300)
    await eventually(lambda: first.runner.head.seq == 1)
    await first.runner.drain()
    await first.crash()

    second = await world.copy()

    await eventually(lambda: second.state.fired == ["later"])
    assert second.runner.counters.timers_fired == 1


async def test_a_copy_that_catches_up_fires_no_timer_that_has_fired(
    world: World, eventually: Eventually
) -> None:
    first = await world.copy()
    await world.cost("soon", "wait", 10)
    await eventually(lambda: first.state.fired == ["soon"])

    late = await world.copy()

    await eventually(lambda: late.state.fired == ["soon"])
    await eventually(lambda: late.runner.unready() == "")
    assert late.runner.counters.timers_fired == 0


async def test_a_malformed_message_stops_nothing(world: World, eventually: Eventually) -> None:
    copy = await world.copy()
    await world.writer.log.append("oms.control.odd.1", b"\xff not a message")
    await world.mark("A")

    await eventually(lambda: copy.state.marks == {"A": 1})

    assert copy.state.malformed == 1
    assert copy.runner.counters.malformed == 1


async def test_a_bug_in_the_fold_ends_the_copy_at_that_message(
    world: World, eventually: Eventually
) -> None:
    copy = await world.copy()
    await world.mark("A")
    await world.cost("x", "bug", 1)
    await world.mark("A")

    await eventually(copy.tasks.failed.done)

    assert isinstance(copy.tasks.failed.exception(), RuntimeError)
    assert copy.state.marks == {"A": 1}


async def test_reading_waits_for_outputs_and_loses_nothing(
    world: World, eventually: Eventually
) -> None:
    copy = await world.copy(FoldOptions(most_in_flight=20, few_in_flight=5))
    await asyncio.gather(*[world.mark("A") for _ in range(500)])

    await eventually(lambda: copy.runner.counters.deltas == 500 and not copy.runner.in_flight, 20)

    assert copy.runner.counters.pauses > 0
    assert copy.state.marks == {"A": 500}


async def test_an_outage_of_the_server_loses_and_repeats_nothing(
    world: World, eventually: Eventually
) -> None:
    first, second = await world.copy(), await world.copy()
    marks = [world.mark("A") for _ in range(100)]
    await marks[50]

    world.lose_server()
    await eventually(lambda: not first.bus.connected and not world.writer.connected)
    marks += [world.mark("A") for _ in range(100)]
    world.bring_server_back()

    await asyncio.wait_for(asyncio.gather(*marks), 20)
    await eventually(lambda: first.state.decisions == second.state.decisions == {"A": 200}, 20)
    await eventually(lambda: not first.runner.in_flight and not second.runner.in_flight)
    assert len(await world.subjects_of("deltas", ("positions.>",))) == 200
    assert first.runner.counters.cuts == second.runner.counters.cuts == 0


async def test_without_a_server_nothing_is_proposed(world: World, eventually: Eventually) -> None:
    copy = await world.copy()
    await eventually(lambda: copy.runner.is_at_head and not copy.runner.unready())

    world.lose_server()

    await eventually(lambda: not copy.runner.is_at_head)
    assert copy.runner.unready() == "the bus is not connected"
    world.bring_server_back()
    await eventually(lambda: copy.runner.is_at_head)


async def test_a_page_is_answered_at_the_sequence_asked_for(
    world: World, eventually: Eventually
) -> None:
    copy = await world.copy()
    await eventually(lambda: copy.runner.unready() == "")
    asked = asyncio.ensure_future(_ask(world, PageRequest(min_seq=3)))
    for _ in range(3):
        await world.mark("A")

    page = await asked

    assert isinstance(page, PositionsPage)
    assert page.seq >= 3


async def _ask(world: World, query: PageRequest) -> Answer:
    payload = await world.writer.request(subjects.POSITIONS_PAGE, encode(query), 5)
    return decode_answer(payload)


async def test_a_page_past_the_log_is_refused_in_time(world: World, eventually: Eventually) -> None:
    copy = await world.copy()
    await eventually(lambda: copy.runner.unready() == "")

    answer = await _ask(world, PageRequest(min_seq=99))

    assert isinstance(answer, QueryFailed)
    assert answer.retryable


async def test_a_malformed_question_is_refused(world: World, eventually: Eventually) -> None:
    copy = await world.copy()
    await eventually(lambda: copy.runner.unready() == "")

    payload = await world.writer.request(subjects.POSITIONS_PAGE, b"{}", 5)

    answer = decode_answer(payload)
    assert isinstance(answer, QueryFailed)
    assert not answer.retryable


async def _memory_copy(world: World, eventually: Eventually, marks: int) -> Copy:
    copy = await world.copy()
    specs = SpecsReport(exc=EXC, instruments=())
    await world.writer.log.append(subjects.specs_report(EXC, b"content"), encode(specs))
    await asyncio.gather(*[world.mark("A") for _ in range(marks)])
    await eventually(lambda: copy.state.decisions == {"A": marks})
    return copy


@pytest.mark.parametrize("world", ["memory"], indirect=True)
async def test_a_cut_log_begins_an_epoch_and_holds_proposals_until_gateways_resync(
    world: World, eventually: Eventually
) -> None:
    copy = await _memory_copy(world, eventually, 10)
    assert isinstance(world.writer, MemoryBus)
    world.lose_server()
    world.writer.server.oms.cut(after_seq=4)
    world.bring_server_back()

    await eventually(lambda: copy.runner.head.epoch == 1 and copy.runner.unready() == "")
    await world.mark("B")
    await eventually(lambda: copy.state.marks.get("B") == 1)
    held = dict(copy.state.decisions)
    link = LinkReport(exc=EXC, run="g", n=1, state=LinkState.RESYNCED, epoch=1)
    await world.writer.log.append(subjects.link_report(EXC, "g", 1), encode(link))

    await eventually(lambda: copy.state.decisions.get("B") == 1)
    assert copy.runner.counters.cuts == 1
    assert "B" not in held


@pytest.mark.parametrize("world", ["memory"], indirect=True)
async def test_a_snapshot_of_a_log_that_was_cut_is_not_trusted(
    world: World, eventually: Eventually
) -> None:
    first = await _memory_copy(world, eventually, 10)
    await first.runner.drain()
    await first.crash()
    assert isinstance(world.writer, MemoryBus)
    world.writer.server.oms.cut(after_seq=3)

    second = await world.copy()

    await eventually(lambda: second.runner.head.epoch == 1)
    assert second.state.marks["A"] <= 3


@pytest.mark.parametrize("world", ["memory"], indirect=True)
async def test_a_copy_refuses_to_start_over_a_gap(world: World, eventually: Eventually) -> None:
    await asyncio.gather(*[world.mark("A") for _ in range(10)])
    assert isinstance(world.writer, MemoryBus)
    world.writer.server.oms.expire(before_seq=5)

    copy = await world.copy()

    await eventually(copy.tasks.failed.done)
    assert isinstance(copy.tasks.failed.exception(), InvariantError)


@pytest.mark.parametrize("world", ["memory"], indirect=True)
async def test_a_copy_told_to_accept_a_gap_starts(world: World, eventually: Eventually) -> None:
    await asyncio.gather(*[world.mark("A") for _ in range(10)])
    assert isinstance(world.writer, MemoryBus)
    world.writer.server.oms.expire(before_seq=5)

    copy = await world.copy(FoldOptions(accept_gap=True))

    await eventually(lambda: copy.state.marks == {"A": 6})


@pytest.mark.parametrize("world", ["memory"], indirect=True)
async def test_facts_behind_a_snapshot_may_expire(world: World, eventually: Eventually) -> None:
    first = await world.copy()
    await asyncio.gather(*[world.mark("A") for _ in range(10)])
    await eventually(lambda: first.state.decisions == {"A": 10})
    await first.runner.drain()
    await first.crash()
    assert isinstance(world.writer, MemoryBus)
    world.writer.server.oms.expire(before_seq=first.runner.head.seq + 1)

    second = await world.copy()

    await eventually(lambda: second.runner.unready() == "")
    assert second.state.marks == {"A": 10}
    assert second.runner.head.epoch == 0


async def test_conflicting_content_is_counted_and_stops_nothing(
    world: World, eventually: Eventually
) -> None:
    taken = Alarm(source="tally", key="A-1", text="something else")
    await world.writer.log.append(subjects.alarm("tally", "A-1"), encode(taken))
    copy = await world.copy()
    await world.mark("A")
    await world.mark("A")

    await eventually(lambda: copy.runner.counters.conflicts == 1)
    await eventually(lambda: copy.state.decisions == {"A": 2})


@pytest.mark.parametrize("world", ["memory"], indirect=True)
async def test_pages_reach_redis_and_are_refilled_when_it_returns(
    world: World, redis_server: LocalServer, eventually: Eventually
) -> None:
    def pages(tasks: TaskOwner) -> Pages:
        return RedisPages(redis_server.url, SystemClock(), tasks)

    copy = await world.copy(pages=pages)
    await asyncio.gather(*[world.mark("A") for _ in range(3)])
    await _page_becomes(redis_server, {b"A": b"3"})

    redis_server.kill()
    await asyncio.gather(*[world.mark("B") for _ in range(2)])
    await eventually(lambda: copy.state.decisions == {"A": 3, "B": 2})
    shutil.rmtree(redis_server.settings.directory / "appendonlydir")
    redis_server.start()

    await _page_becomes(redis_server, {b"A": b"3", b"B": b"2"})


async def _page_becomes(server: LocalServer, rows: dict[bytes, bytes]) -> None:
    client = redis.asyncio.Redis.from_url(server.url)
    held: object = None
    async with asyncio.timeout(10):
        while held != rows:
            held = await client.hgetall(page_key("tally"))
    await client.aclose()


async def test_a_closed_bus_gives_up_what_waits(world: World) -> None:
    bus = await world.connect()
    await bus.close()

    with pytest.raises(UnavailableError):
        await bus.request("tandem.page.positions", b"{}", 1)


def test_the_fold_under_test_counts() -> None:
    state, fold = Tally(), TallyFold()
    mark = MarkReport(exc=EXC, ticker=Ticker("A"), mid=Decimal(1), ts_event_ns=1)

    effects = fold.apply(state, LogEvent(7, 1, "oms.venue.venue.mark.A.1", mark))

    assert Counter(type(effect).__name__ for effect in effects) == {
        "Publish": 1,
        "Append": 1,
        "SetRow": 1,
    }
