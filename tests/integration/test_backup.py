"""The log copied while it is written to, and made anew from the copy on an empty server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tandem.bus import topology
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Entry
from tandem.cli import backup
from tandem.cli.main import main
from tandem.cli.servers import NATS, LocalServer, ServerSettings, locate_nats
from tandem.domain.errors import InvalidInputError, UnavailableError
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock
from tests.conftest import Eventually

FACTS = 3_000


@pytest.fixture
async def bus(nats_server: LocalServer) -> AsyncIterator[NatsBus]:
    made = await NatsBus.connect(NatsOptions(nats_server.url), SystemClock())
    await topology.apply(made, topology.Limits())
    yield made
    await made.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[LocalServer]:
    server = LocalServer(NATS, ServerSettings(locate_nats(), tmp_path / "empty"))
    server.start()
    yield server
    server.kill()


async def _log(bus: NatsBus, source: str, count: int) -> None:
    facts = [bus.log.append_soon(subjects.alarm(source, str(n)), b"x" * 500) for n in range(count)]
    await asyncio.gather(*facts)


async def _run(*words: str) -> int:
    return await asyncio.to_thread(main, words)


async def _all(bus: NatsBus, eventually: Eventually) -> list[Entry]:
    read: list[Entry] = []
    following = await bus.log.follow([subjects.ALL_FACTS], 0, read.append)
    last_seq = (await bus.log.state()).last_seq
    await eventually(lambda: read and read[-1].seq >= last_seq)
    await following.close()
    return [Entry(one.seq, one.ts_ns, one.subject, one.payload) for one in read]


@pytest.mark.timeout(60)
async def test_a_copy_taken_while_facts_arrive_is_a_prefix_of_the_log(
    bus: NatsBus,
    nats_server: LocalServer,
    empty: LocalServer,
    tmp_path: Path,
    eventually: Eventually,
) -> None:
    await _log(bus, "before", FACTS)
    await bus.snapshots.append(subjects.snapshots_of("hedger").replace(">", "rules"), b"state")
    file = str(tmp_path / "desk.tar")

    during = asyncio.create_task(_log(bus, "during", FACTS))
    assert await _run("backup", file, "--nats", nats_server.url) == 0
    await during
    assert await _run("restore", file, "--nats", empty.url) == 0

    again = await NatsBus.connect(NatsOptions(empty.url), SystemClock())
    was, found = await _all(bus, eventually), await _all(again, eventually)
    assert len(found) >= FACTS
    assert found == was[: len(found)]
    await topology.apply(again, topology.Limits())
    assert (await again.snapshots.state()).messages == 1
    stored = await again.log.append(subjects.alarm("after", "1"), b"y")
    assert stored.seq == len(found) + 1
    assert (await again.log.append(subjects.alarm("before", "1"), b"x")).already
    await again.close()


async def test_nothing_is_restored_over_streams_that_exist(
    bus: NatsBus, nats_server: LocalServer, tmp_path: Path
) -> None:
    await _log(bus, "before", 10)
    options, file = NatsOptions(nats_server.url), str(tmp_path / "desk.tar")
    await asyncio.to_thread(backup.backup, options, file)

    with pytest.raises(UnavailableError, match="already in use"):
        await asyncio.to_thread(backup.restore, options, file, 1)

    assert (await bus.log.state()).messages == 10


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
async def test_a_file_that_was_cut_off_leaves_nothing_behind(
    bus: NatsBus, nats_server: LocalServer, empty: LocalServer, tmp_path: Path, share: float
) -> None:
    await _log(bus, "before", FACTS)
    file = tmp_path / "desk.tar"
    await asyncio.to_thread(backup.backup, NatsOptions(nats_server.url), str(file))
    whole = file.read_bytes().rstrip(b"\0")
    file.write_bytes(whole[: int(len(whole) * share)])

    with pytest.raises(InvalidInputError, match="whole"):
        await asyncio.to_thread(backup.restore, NatsOptions(empty.url), str(file), 1)

    again = await NatsBus.connect(NatsOptions(empty.url), SystemClock())
    await topology.apply(again, topology.Limits())
    assert (await again.log.state()).messages == 0
    await again.close()


async def test_a_server_that_is_not_there_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "CONNECT_S", 0.2)
    assert await _run("backup", str(tmp_path / "x"), "--nats", "nats://127.0.0.1:1") == 1


@pytest.mark.parametrize("count", [0, 3])
async def test_alarms_are_printed_and_then_it_ends(
    bus: NatsBus, nats_server: LocalServer, capsys: pytest.CaptureFixture[str], count: int
) -> None:
    await _log(bus, "hedger", count)

    assert await _run("alarms", "--nats", nats_server.url) == 0

    assert len(capsys.readouterr().out.splitlines()) == count
