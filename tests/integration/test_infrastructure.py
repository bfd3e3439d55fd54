"""The bus under strain, on a real nats-server: a full disk, a reader that stops, a flood."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tandem.bus import topology
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Entry
from tandem.cli.servers import LocalServer
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock
from tandem.runtime.fold.port import Head, Proposal
from tests.conftest import Eventually
from tests.integration.fold_world import Tally, TallyFold, World, fold_world

FULL_BYTES = 500_000
FACT = b"x" * 2_000
RATE = 2_000
FLOOD_S = float(os.environ.get("TANDEM_SOAK_SECONDS", "10"))
CATCH_UP_S = 60 + 2 * FLOOD_S
READER = Path(__file__).with_name("reader_process.py")


class Counting(TallyFold):
    """Tells of each mark, and decides nothing."""

    def propose(  # type: ignore[explicit-override]  # override comes with Python 3.12
        self, state: Tally, head: Head
    ) -> tuple[Proposal, ...]:
        return ()


@dataclass
class Reading:
    entries: list[Entry] = field(default_factory=list)


async def connected(server: LocalServer) -> NatsBus:
    bus = await NatsBus.connect(NatsOptions(server.url), SystemClock())
    await topology.apply(bus, topology.Limits())
    return bus


@pytest.fixture
async def bus(nats_server: LocalServer) -> AsyncIterator[NatsBus]:
    made = await connected(nats_server)
    yield made
    await made.close()


def limit_files(server: LocalServer, most: int) -> None:
    """Let no file of the server grow past `most` bytes, as on a disk that is full."""
    assert server.pid is not None
    hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (most, hard))


async def _log(bus: NatsBus, count: int, fact: bytes = FACT) -> None:
    await asyncio.gather(
        *[bus.log.append_soon(subjects.alarm("a", str(n)), fact) for n in range(count)]
    )


@pytest.mark.timeout(90)
async def test_a_full_disk_acknowledges_nothing_that_is_not_stored(
    nats_server: LocalServer, bus: NatsBus, eventually: Eventually
) -> None:
    await _log(bus, 100)
    limit_files(nats_server, FULL_BYTES)
    started = [bus.log.append_soon(subjects.alarm("b", str(n)), FACT) for n in range(1_000)]
    await eventually(lambda: bus.counters.retried + bus.counters.refused > 0, 20)
    answers = [asyncio.ensure_future(one) for one in started]
    assert sum(answer.done() for answer in answers) < 1_000

    nats_server.kill()
    nats_server.start()
    stored = await asyncio.wait_for(asyncio.gather(*answers), 40)

    reading = Reading()
    await bus.log.follow([subjects.ALL_FACTS], 0, reading.entries.append)
    await eventually(lambda: len(reading.entries) >= 1_100, 20)
    names = [entry.subject for entry in reading.entries]
    assert len(stored) == 1_000
    assert len(names) == len(set(names)) == 1_100


@pytest.fixture
def reader(nats_server: LocalServer) -> Iterator[Callable[[], "subprocess.Popen[str]"]]:
    started: list[subprocess.Popen[str]] = []

    def start() -> "subprocess.Popen[str]":
        command = [sys.executable, str(READER), nats_server.url]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.communicate()


def _said(process: "subprocess.Popen[str]") -> str:
    """Return the next line that is no log line."""
    assert process.stdout is not None
    return next(line for line in process.stdout if line.startswith(("following", "read")))


@pytest.mark.timeout(90)
async def test_a_reader_that_stops_disturbs_nobody_and_catches_up_whole(
    bus: NatsBus, reader: Callable[[], "subprocess.Popen[str]"], eventually: Eventually
) -> None:
    slow, witness = reader(), Reading()
    assert await asyncio.to_thread(_said, slow) == "following\n"
    await bus.log.follow([subjects.ALL_FACTS], 0, witness.entries.append)

    slow.send_signal(signal.SIGSTOP)
    await asyncio.wait_for(_log(bus, 20_000, b"x"), 40)
    await eventually(lambda: len(witness.entries) == 20_000, 20)
    slow.send_signal(signal.SIGCONT)

    await bus.log.append(subjects.alarm("end", "1"), b"end")
    assert await asyncio.wait_for(asyncio.to_thread(_said, slow), 40) == "read 20001 rising\n"
    assert bus.counters.gaps == 0


@pytest.mark.timeout(int(4 * FLOOD_S) + 120)
async def test_two_thousand_facts_a_second_reach_every_fold_once(
    request: pytest.FixtureRequest, eventually: Eventually
) -> None:
    request.param = "nats"
    async with fold_world(request, eventually) as world:
        copies = [await world.copy(fold=Counting()) for _ in range(2)]
        count = await _flood(world)
        await eventually(lambda: all(one.state.marks == {"A": count} for one in copies), CATCH_UP_S)
        await eventually(lambda: all(one.runner.in_flight == 0 for one in copies), CATCH_UP_S)
        deltas = await world.subjects_of("deltas", ("positions.>",))
        alarms = await world.subjects_of("oms", (subjects.ALL_CONTROL,))
        assert len(set(deltas)) == len(set(alarms)) == count


async def _flood(world: World) -> int:
    """Log RATE marks a second for FLOOD_S, in steps of a tenth of a second."""
    clock = SystemClock()
    begun_ns, started = clock.monotonic_ns(), []
    for step in range(int(FLOOD_S * 10)):
        started += [world.mark("A") for _ in range(RATE // 10)]
        due_ns = begun_ns + (step + 1) * 100_000_000
        await clock.sleep(max(0, due_ns - clock.monotonic_ns()) / 1e9)
    await asyncio.gather(*started)
    return len(started)
