"""The fold runtime on both buses: what survives a restart, an outage, a cut and an expiry."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis.asyncio

from tandem.bus.memory.bus import MemoryBus
from tandem.cli.servers import LocalServer
from tandem.domain.errors import InvariantError
from tandem.messages import facts, subjects
from tandem.messages.codec import encode
from tandem.messages.hedges import Alarm, Epoch
from tandem.messages.reports import LinkReport, LinkState, SpecsReport
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.fold import epoch_requests
from tandem.runtime.fold.options import FoldOptions, Pages
from tandem.runtime.fold.port import Append
from tandem.runtime.fold.redis_pages import RedisPages, page_key
from tests.conftest import Eventually
from tests.integration.fold_world import EXC, Copy, World, _memory_world, fold_world


@pytest.fixture(params=["memory", "nats"])
async def world(request: pytest.FixtureRequest, eventually: Eventually) -> AsyncIterator[World]:
    async with fold_world(request, eventually) as made:
        yield made


@pytest.fixture
async def memory_world(
    request: pytest.FixtureRequest, eventually: Eventually
) -> AsyncIterator[World]:
    made = await _memory_world(request, eventually)
    yield made
    for copy in made.copies:
        await copy.crash()
    await made.writer.close()


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

    await eventually(lambda: copy.runner.unready() == "the bus is not connected")
    assert not copy.runner.is_at_head
    world.bring_server_back()
    await eventually(lambda: copy.runner.is_at_head)


async def _memory_copy(world: World, eventually: Eventually, marks: int) -> Copy:
    copy = await world.copy()
    specs = SpecsReport(exc=EXC, instruments=())
    await world.writer.log.append(*facts.written(specs))
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
    redis_server.start()

    await _page_becomes(redis_server, {b"A": b"3", b"B": b"2"})


async def _page_becomes(server: LocalServer, rows: dict[bytes, bytes]) -> None:
    client = redis.asyncio.Redis.from_url(server.url)
    held: object = None
    async with asyncio.timeout(10):
        while held != rows:
            held = await client.hgetall(page_key("tally"))
    await client.aclose()


# What followed from a message before the snapshot, stored behind it and lost by the cut.
LATE = Append(Alarm(source="tally", key="late", text="said"))


async def _expired_and_cut(world: World, eventually: Eventually, *, saves: bool) -> Copy:
    """Return a copy whose log lost its end, and before that its beginning to the retention."""
    copy = await world.copy(FoldOptions(snapshot_every=30 if saves else 10**6))
    await asyncio.gather(*[world.mark("A") for _ in range(30)])
    await eventually(lambda: copy.state.decisions == {"A": 30} and not copy.runner.in_flight)
    last_kept = 10
    if saves:
        await eventually(lambda: copy.runner.counters.snapshots > 0)
        last_kept = copy.runner.head.seq
    await asyncio.gather(*[world.mark("B") for _ in range(5)])
    await eventually(lambda: copy.state.decisions == {"A": 30, "B": 5})
    copy.runner._outbox.append(copy.runner.head.seq, LATE)
    await eventually(lambda: not copy.runner.in_flight)
    assert isinstance(world.writer, MemoryBus)
    stream = world.writer.server.oms
    world.lose_server()
    stream.expire(before_seq=last_kept - 5)
    stream.cut(after_seq=last_kept + 1)
    world.bring_server_back()
    return copy


async def test_a_cut_log_whose_beginning_has_expired_is_read_on_from_a_snapshot(
    memory_world: World, eventually: Eventually
) -> None:
    copy = await _expired_and_cut(memory_world, eventually, saves=True)

    await eventually(lambda: copy.runner.counters.cuts == 1 and copy.runner.unready() == "")
    await memory_world.mark("A")

    await eventually(lambda: copy.state.decisions.get("A") == 31)
    assert copy.state.marks["A"] == 31
    server = memory_world.writer.server  # type: ignore[attr-defined]
    await eventually(lambda: server.oms.find(LATE.subject) is not None)


async def test_a_cut_that_took_the_newest_snapshot_s_place_leaves_the_one_before(
    memory_world: World, eventually: Eventually
) -> None:
    world = memory_world
    copy = await world.copy(FoldOptions(snapshot_every=30))
    places: list[int] = []
    for count in (1, 2):
        await asyncio.gather(*[world.mark("A") for _ in range(30)])
        await eventually(lambda: copy.runner.counters.snapshots >= count)  # noqa: B023
        await eventually(lambda: not copy.runner.in_flight)
        places.append(copy.runner.head.seq)
    assert isinstance(world.writer, MemoryBus)
    stream = world.writer.server.oms
    world.lose_server()
    stream.expire(before_seq=10)
    stream.cut(after_seq=places[0])
    world.bring_server_back()

    await eventually(lambda: copy.runner.counters.cuts == 1 and copy.runner.unready() == "")
    assert copy.state.marks == {"A": 30}
    saved = copy.runner.counters.snapshots
    await asyncio.gather(*[world.mark("B") for _ in range(30)])
    await eventually(lambda: copy.runner.counters.snapshots > saved)

    restarted = await world.copy()
    await eventually(lambda: restarted.runner.unready() == "")
    assert restarted.state.marks == copy.state.marks == {"A": 30, "B": 30}
    assert restarted.runner.counters.cuts == 0


async def test_a_cut_log_whose_beginning_nobody_knows_is_not_gone_on_with(
    memory_world: World, eventually: Eventually
) -> None:
    copy = await _expired_and_cut(memory_world, eventually, saves=False)

    await eventually(copy.tasks.failed.done)

    with pytest.raises(InvariantError, match="have expired"):
        copy.tasks.failed.result()


async def test_a_client_that_was_away_has_an_epoch_begun_of_its_own(
    world: World, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it offers again is looked up only while an epoch is young."""
    copy = await world.copy()
    await eventually(lambda: copy.runner.unready() == "")
    wanted = encode(Epoch(epoch=1, text="asked for"))

    async def asked() -> None:
        assert await world.writer.request(subjects.BEGIN_EPOCH, wanted, 3.0) == wanted

    await asked()
    await eventually(lambda: copy.runner.head.epoch == 1)
    await asked()
    monkeypatch.setattr(epoch_requests, "YOUNG_EPOCH_NS", 0)
    assert await world.writer.request(subjects.BEGIN_EPOCH, wanted, 3.0) == b""
    monkeypatch.setattr(epoch_requests, "ASKED_APART_NS", 0)
    await asked()

    await eventually(lambda: copy.runner.head.epoch == 2)


async def test_e2_an_epoch_whose_place_is_taken_begins_under_the_next_number(
    memory_world: World, eventually: Eventually
) -> None:
    world = memory_world
    await world.mark("A")
    for number in (1, 2):
        await world.writer.log.append(subjects.epoch(number), b"junk")
    await world.mark("A")
    first, second = await world.copy(), await world.copy()
    await eventually(lambda: first.state.marks == second.state.marks == {"A": 2})
    assert isinstance(world.writer, MemoryBus)

    world.lose_server()
    world.writer.server.oms.cut(after_seq=3)
    world.bring_server_back()

    await eventually(lambda: first.runner.head.epoch == second.runner.head.epoch == 3)


async def test_a_client_has_an_epoch_begun_that_it_may_not_write(
    world: World, eventually: Eventually
) -> None:
    copy = await world.copy()
    await eventually(lambda: copy.runner.unready() == "")

    async def asked(epoch: int) -> bool:
        wanted = encode(Epoch(epoch=epoch, text="asked for"))
        return await world.writer.request(subjects.BEGIN_EPOCH, wanted, 3.0) == wanted

    assert await asked(2)
    await eventually(lambda: copy.runner.head.epoch == 2)
    assert await asked(1)
    assert not await asked(10**9)
    assert await world.writer.request(subjects.BEGIN_EPOCH, b"junk", 3.0) == b""

    assert await world.subjects_of("oms", (subjects.ALL_EPOCHS,)) == [subjects.epoch(2)]
