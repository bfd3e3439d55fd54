"""What a reader does when its log comes back without what it has read, on both buses."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial

import pytest

from tandem.bus import topology
from tandem.bus.cursor import cursor_at
from tandem.bus.memory.bus import MemoryBus
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Bus, Cursor, Entry, Following, LogState
from tandem.cli.servers import LocalServer
from tandem.domain.errors import UnavailableError
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock
from tests.conftest import Eventually


@dataclass
class World:
    """A bus whose server can be sent back to an earlier copy of its store, or to an empty one."""

    bus: Bus
    remember: Callable[[], None]
    lose_server: Callable[[], None]
    restore: Callable[[], None]
    begin_anew: Callable[[], None]
    bring_server_back: Callable[[], None]


@dataclass
class Reading:
    """What one reader was given, and with which log it was told of a cut."""

    entries: list[Entry] = field(default_factory=list)
    cuts: list[LogState] = field(default_factory=list)

    async def follow(self, bus: Bus, after: int | Cursor = 0) -> Following:
        return await bus.log.follow(
            [subjects.ALL_FACTS], after, self.entries.append, self.cuts.append
        )


def _memory_world() -> World:
    bus = MemoryBus(SystemClock())
    stream, kept = bus.server.oms, [0]
    return World(
        bus,
        lambda: kept.__setitem__(0, stream.state().last_seq),
        bus.disconnect,
        lambda: stream.cut(kept[0]),
        stream.begin_anew,
        bus.reconnect,
    )


async def _nats_world(server: LocalServer) -> World:
    bus = await NatsBus.connect(NatsOptions(server.url), SystemClock())
    await topology.apply(bus, topology.Limits())
    store = server.settings.directory
    copy = store.with_name("copy")

    def remember() -> None:
        server.kill()
        shutil.copytree(store, copy)
        server.start()

    def restore() -> None:
        shutil.rmtree(store)
        shutil.copytree(copy, store)

    return World(bus, remember, server.kill, restore, partial(shutil.rmtree, store), server.start)


@pytest.fixture(params=["memory", "nats"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "memory":
        made = _memory_world()
    else:
        made = await _nats_world(request.getfixturevalue("nats_server"))
    yield made
    await made.bus.close()


async def _restore_streams(bus: Bus) -> None:
    """Do what each service does when the bus is back."""
    is_restored = not isinstance(bus, NatsBus)
    while not is_restored and isinstance(bus, NatsBus):
        try:
            await topology.restore(bus, topology.Limits())
            is_restored = True
        except UnavailableError:
            await SystemClock().sleep(0.05)


async def _log(world: World, name: str, count: int) -> None:
    appends = [world.bus.log.append_soon(subjects.alarm(name, str(n)), b"x") for n in range(count)]
    await asyncio.wait_for(asyncio.gather(*appends), 15)


async def test_a_reader_is_told_of_a_cut_and_given_nothing_more(
    world: World, eventually: Eventually
) -> None:
    await _log(world, "kept", 5)
    world.remember()
    reading = Reading()
    await reading.follow(world.bus)
    await _log(world, "lost", 5)
    await eventually(lambda: len(reading.entries) == 10)

    world.lose_server()
    world.restore()
    world.bring_server_back()

    await eventually(lambda: len(reading.cuts) == 1)
    await _log(world, "new", 10)
    assert reading.cuts[0].last_seq == 5
    assert len(reading.entries) == 10


async def test_a_log_that_grew_past_what_was_read_is_still_seen_to_be_cut(
    world: World, eventually: Eventually
) -> None:
    await _log(world, "kept", 5)
    world.remember()
    reading = Reading()
    following = await reading.follow(world.bus)
    await _log(world, "lost", 5)
    await eventually(lambda: len(reading.entries) == 10)
    created_ns = (await world.bus.log.state()).created_ns
    place = cursor_at(created_ns, reading.entries[-1])
    await following.close()

    world.lose_server()
    world.restore()
    world.bring_server_back()
    await _log(world, "new", 20)
    returned = Reading()
    await returned.follow(world.bus, place)

    await eventually(lambda: len(returned.cuts) == 1)
    assert returned.entries == []
    assert (returned.cuts[0].created_ns, returned.cuts[0].last_seq) == (created_ns, 25)


async def test_another_stream_under_the_same_name_is_a_cut(
    world: World, eventually: Eventually
) -> None:
    await _log(world, "lost", 5)
    reading = Reading()
    await reading.follow(world.bus)
    await eventually(lambda: len(reading.entries) == 5)

    world.lose_server()
    world.begin_anew()
    world.bring_server_back()
    await _restore_streams(world.bus)

    await eventually(lambda: len(reading.cuts) == 1)
    assert len(reading.entries) == 5


async def test_a_reader_that_had_not_read_what_was_lost_reads_on(
    world: World, eventually: Eventually
) -> None:
    await _log(world, "kept", 5)
    world.remember()
    reading = Reading()
    following = await reading.follow(world.bus)
    await eventually(lambda: len(reading.entries) == 5)
    place = cursor_at((await world.bus.log.state()).created_ns, reading.entries[-1])
    await following.close()
    await _log(world, "lost", 5)

    world.lose_server()
    world.restore()
    world.bring_server_back()
    returned = Reading()
    await returned.follow(world.bus, place)
    await _log(world, "new", 2)

    await eventually(lambda: len(returned.entries) == 2)
    assert [entry.seq for entry in returned.entries] == [6, 7]
    assert returned.cuts == []


async def test_a_reader_goes_on_from_the_place_it_left(
    world: World, eventually: Eventually
) -> None:
    await _log(world, "a", 5)
    stored = await world.bus.log.get(3)
    place = cursor_at((await world.bus.log.state()).created_ns, stored)
    reading = Reading()

    await reading.follow(world.bus, place)

    await eventually(lambda: len(reading.entries) == 2)
    assert [entry.seq for entry in reading.entries] == [4, 5]
    assert reading.cuts == []


async def test_a_closed_reader_hears_of_no_cut(world: World, eventually: Eventually) -> None:
    await _log(world, "kept", 1)
    world.remember()
    closed, witness = Reading(), Reading()
    following = await closed.follow(world.bus)
    await witness.follow(world.bus)
    await _log(world, "lost", 5)
    await eventually(lambda: len(closed.entries) == len(witness.entries) == 6)
    await following.close()

    world.lose_server()
    world.restore()
    world.bring_server_back()

    await eventually(lambda: len(witness.cuts) == 1)
    assert closed.cuts == []
