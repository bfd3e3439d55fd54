"""What the records of leases must do, for both buses: in memory, and on a real nats-server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from tandem.bus import topology
from tandem.bus.memory.bus import MemoryBus
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Bus
from tandem.cli.servers import LocalServer
from tandem.domain.errors import UnavailableError
from tandem.domain.ids import Exc
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock

Eventually = Callable[..., Awaitable[None]]
ONE, OTHER = subjects.lease(Exc("one")), subjects.lease(Exc("other"))


@dataclass
class World:
    """One bus, a second client of the same server, and a way to take the server away."""

    bus: Bus
    other: Bus
    lose_server: Callable[[], None]
    bring_server_back: Callable[[], None]


@pytest.fixture(params=["memory", "nats"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "memory":
        memory = MemoryBus(SystemClock())
        other = memory.client()
        yield World(memory, other, memory.disconnect, memory.reconnect)
        await other.close()
        await memory.close()
        return
    server: LocalServer = request.getfixturevalue("nats_server")
    bus = await NatsBus.connect(NatsOptions(server.url), SystemClock())
    await topology.apply(bus, topology.Limits())
    other_client = await NatsBus.connect(NatsOptions(server.url), SystemClock())
    yield World(bus, other_client, server.kill, server.start)
    await other_client.close()
    await bus.close()


async def replaced(bus: Bus, payload: bytes, expected_seq: int) -> int:
    seq = await bus.leases.replace(ONE, payload, expected_seq)
    assert seq is not None
    return seq


async def test_a_record_that_was_never_written_is_absent(world: World) -> None:
    assert await world.bus.leases.newest(ONE) is None


async def test_only_the_first_of_two_creates_a_record(world: World) -> None:
    won = await world.bus.leases.replace(ONE, b"mine", 0)
    lost = await world.other.leases.replace(ONE, b"theirs", 0)

    newest = await world.other.leases.newest(ONE)
    assert newest is not None
    assert (newest.seq, newest.payload, lost) == (won, b"mine", None)


async def test_whoever_names_the_newest_replaces_it(world: World) -> None:
    first = await replaced(world.bus, b"first", 0)
    second = await replaced(world.other, b"second", first)

    newest = await world.bus.leases.newest(ONE)
    assert newest is not None
    assert (newest.seq, newest.payload) == (second, b"second")
    assert second > first


async def test_whoever_names_an_older_one_replaces_nothing(world: World) -> None:
    first = await replaced(world.bus, b"first", 0)
    await replaced(world.other, b"second", first)

    assert await world.bus.leases.replace(ONE, b"third", first) is None
    newest = await world.bus.leases.newest(ONE)
    assert newest is not None
    assert newest.payload == b"second"


async def test_a_repeated_replacement_is_refused(world: World) -> None:
    first = await replaced(world.bus, b"first", 0)
    await replaced(world.bus, b"second", first)

    assert await world.bus.leases.replace(ONE, b"second", first) is None


async def test_records_of_two_subjects_do_not_touch_each_other(world: World) -> None:
    first = await replaced(world.bus, b"first", 0)
    assert await world.other.leases.replace(OTHER, b"other", 0) is not None
    await replaced(world.bus, b"second", first)

    other = await world.bus.leases.newest(OTHER)
    assert other is not None
    assert other.payload == b"other"


async def test_a_record_outlives_the_server(world: World, eventually: Eventually) -> None:
    first = await replaced(world.bus, b"first", 0)
    world.lose_server()
    await eventually(lambda: not world.bus.connected)
    world.bring_server_back()
    await eventually(lambda: world.bus.connected)

    await replaced(world.bus, b"second", first)


async def test_without_a_server_nothing_is_read_or_replaced(
    world: World, eventually: Eventually
) -> None:
    world.lose_server()
    await eventually(lambda: not world.bus.connected)

    with pytest.raises(UnavailableError):
        await world.bus.leases.replace(ONE, b"mine", 0)
    with pytest.raises(UnavailableError):
        await world.bus.leases.newest(ONE)
    world.bring_server_back()
    await eventually(lambda: world.bus.connected)
    assert await world.bus.leases.newest(ONE) is None


async def test_who_watches_hears_what_is_offered(world: World, eventually: Eventually) -> None:
    heard: list[bytes] = []
    await world.other.leases.watch(ONE, heard.append)
    await world.other.leases.newest(ONE)

    await replaced(world.bus, b"mine", 0)

    await eventually(lambda: heard == [b"mine"])
