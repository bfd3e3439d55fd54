"""What only a real server does: refusals in many words, lost consumers, streams set by hand."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import nats
import pytest

from tandem.bus import topology
from tandem.bus.nats.api import JetStreamApi, StreamConfig
from tandem.bus.nats.bus import READ_BACKS_AT_ONCE, NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Entry, Guard
from tandem.cli.servers import NATS, LocalServer, ServerSettings, locate_nats
from tandem.domain.errors import ConfigurationError, UnavailableError
from tandem.domain.ids import Exc, Ticker
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock

Eventually = Callable[..., Awaitable[None]]


@pytest.fixture
async def bus(nats_server: LocalServer) -> AsyncIterator[NatsBus]:
    made = await NatsBus.connect(NatsOptions(nats_server.url), SystemClock())
    yield made
    await made.close()


def _facts(**changes: Any) -> StreamConfig:
    return msgspec.structs.replace(topology.streams(topology.Limits())[0], **changes)


async def test_the_streams_are_made_as_wanted_and_only_once(bus: NatsBus) -> None:
    await topology.apply(bus, topology.Limits())
    first = await bus.api.stream_info(subjects.OMS_STREAM)

    await topology.apply(bus, topology.Limits())

    assert first.config == _facts()
    assert await bus.api.stream_info(subjects.OMS_STREAM) == first


async def test_another_retention_is_applied_to_the_streams_that_exist(bus: NatsBus) -> None:
    await topology.apply(bus, topology.Limits(retention_s=3_600))

    await topology.apply(bus, topology.Limits(retention_s=7_200))

    info = await bus.api.stream_info(subjects.OMS_STREAM)
    assert info.config.max_age == 7_200 * 10**9


@pytest.mark.parametrize(
    "changes",
    [{"max_msgs": 1_000}, {"max_bytes": 10_000_000}, {"discard_new_per_subject": False}],
)
async def test_a_stream_that_could_refuse_facts_is_refused(
    bus: NatsBus, changes: dict[str, Any]
) -> None:
    await bus.api.create_stream(_facts(**changes))

    with pytest.raises(ConfigurationError, match="stream OMS"):
        await topology.apply(bus, topology.Limits())


async def test_a_full_stream_is_not_mistaken_for_a_taken_subject(
    bus: NatsBus, eventually: Eventually
) -> None:
    full = _facts(max_msgs=1)
    await bus.api.create_stream(full)
    await bus.log.append(subjects.alarm("a", "1"), b"x")

    waiting = asyncio.ensure_future(bus.log.append(subjects.alarm("a", "2"), b"x"))
    await eventually(lambda: bus.counters.refused > 0)
    with pytest.raises(UnavailableError):
        await bus.log.try_append(subjects.alarm("a", "3"), b"x")
    await bus.api.update_stream(_facts())

    appended = await asyncio.wait_for(waiting, 10)
    assert not appended.already
    assert appended.seq == 2


async def test_an_append_waits_for_its_stream_to_exist(
    bus: NatsBus, eventually: Eventually
) -> None:
    waiting = asyncio.ensure_future(bus.log.append(subjects.alarm("a", "1"), b"x"))
    await eventually(lambda: bus.counters.refused > 0)

    await topology.apply(bus, topology.Limits())

    assert (await asyncio.wait_for(waiting, 10)).seq == 1


async def test_a_stream_that_refuses_holds_back_no_other(
    bus: NatsBus, eventually: Eventually
) -> None:
    await bus.api.create_stream(_facts())
    waiting = asyncio.ensure_future(bus.marks.append(subjects.mark(Exc("e"), Ticker("T")), b"x"))
    await eventually(lambda: bus.counters.refused > 4)
    refused = bus.counters.refused

    await bus.log.append(subjects.alarm("a", "1"), b"x")

    assert bus.counters.refused == refused
    await topology.apply(bus, topology.Limits())
    await waiting


async def test_few_read_back_at_once_however_many_repeat_what_is_stored(
    bus: NatsBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = [0, 0]
    really = JetStreamApi.message_under

    async def counted(api: JetStreamApi, stream: str, subject: str) -> Entry | None:
        asking[0] += 1
        asking[1] = max(asking)
        try:
            return await really(api, stream, subject)
        finally:
            asking[0] -= 1

    monkeypatch.setattr(JetStreamApi, "message_under", counted)
    await topology.apply(bus, topology.Limits())
    names = [subjects.alarm("repeated", str(number)) for number in range(1_000)]
    await asyncio.gather(*(bus.log.append(name, b"x") for name in names))

    again = await asyncio.gather(*(bus.log.append(name, b"x", same=True) for name in names))

    assert all(one.already for one in again)
    assert 0 < asking[1] <= READ_BACKS_AT_ONCE


async def test_a_reader_survives_the_loss_of_its_consumer(
    bus: NatsBus, nats_server: LocalServer, eventually: Eventually
) -> None:
    await topology.apply(bus, topology.Limits())
    read: list[Entry] = []
    await bus.log.follow([subjects.ALL_FACTS], 0, read.append)
    await bus.log.append(subjects.alarm("a", "1"), b"x")
    await eventually(lambda: len(read) == 1)

    await _delete_consumers(nats_server)
    for n in range(2, 5):
        await bus.log.append(subjects.alarm("a", str(n)), b"x")

    await eventually(lambda: len(read) == 4)
    assert [entry.seq for entry in read] == [1, 2, 3, 4]


async def _delete_consumers(server: LocalServer) -> None:
    client = await nats.connect(server.url)
    names = await client.request("$JS.API.CONSUMER.NAMES.OMS", b"", timeout=2)
    for name in json.loads(names.data)["consumers"]:
        await client.request(f"$JS.API.CONSUMER.DELETE.OMS.{name}", b"", timeout=2)
    await client.close()


async def test_a_lost_delivery_is_read_again_in_order(bus: NatsBus, eventually: Eventually) -> None:
    await topology.apply(bus, topology.Limits())
    read: list[Entry] = []
    following = await bus.log.follow([subjects.ALL_FACTS], 0, read.append)
    await bus.log.append(subjects.alarm("a", "1"), b"x")
    await eventually(lambda: len(read) == 1)

    following._consumer_seq -= 1  # type: ignore[attr-defined]  # as if a message had been missed
    for n in range(2, 5):
        await bus.log.append(subjects.alarm("a", str(n)), b"x")

    await eventually(lambda: len(read) == 4)
    assert [entry.seq for entry in read] == [1, 2, 3, 4]
    assert bus.counters.gaps >= 1


async def test_facts_that_were_guarded_are_read_in_their_turn(
    bus: NatsBus, eventually: Eventually
) -> None:
    """Guarded facts carry headers; read out of turn, each looked like a gap and made the reader
    begin anew, thousands of times after a restart (chaos, seed 20261123)."""
    await topology.apply(bus, topology.Limits())
    first = await bus.log.append(subjects.alarm("first", "1"), b"x")
    guard = Guard(subjects.alarm("first", "1"), first.seq)
    appends = [
        bus.log.append_soon(subjects.alarm("a", str(n)), b"x", guard if n % 3 else None)
        for n in range(300)
    ]
    await asyncio.gather(*appends)
    read: list[Entry] = []
    await bus.log.follow([subjects.ALL_FACTS], 0, read.append)

    await eventually(lambda: len(read) == 301)
    assert [entry.seq for entry in read] == list(range(1, 302))
    assert bus.counters.gaps == 0


async def test_the_longer_form_of_delivery_subjects_is_read(
    tmp_path: Path, eventually: Eventually
) -> None:
    longer = replace(NATS, configuration=_with_long_delivery_subjects)
    server = LocalServer(longer, ServerSettings(locate_nats(), tmp_path / "v2"))
    server.start()
    bus = await NatsBus.connect(NatsOptions(server.url), SystemClock())
    await topology.apply(bus, topology.Limits())
    read: list[Entry] = []

    await bus.log.follow([subjects.ALL_FACTS], 0, read.append)
    await bus.log.append(subjects.alarm("a", "1"), b"x")

    await eventually(lambda: [entry.seq for entry in read] == [1])
    await bus.close()
    server.kill()


def _with_long_delivery_subjects(settings: ServerSettings, port: int) -> str:
    return NATS.configuration(settings, port) + "feature_flags { js_ack_fc_v2: true }"


async def test_a_second_server_url_is_used_when_the_first_is_gone(
    nats_server: LocalServer,
) -> None:
    options = NatsOptions(f"nats://127.0.0.1:1,{nats_server.url}")

    made = await asyncio.wait_for(NatsBus.connect(options, SystemClock()), 10)

    assert made.connected
    assert made.server_version == nats_server.version
    await made.close()


async def test_a_callback_that_fails_is_heard_and_ends_the_reading(
    bus: NatsBus, eventually: Eventually
) -> None:
    await topology.apply(bus, topology.Limits())
    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, failure: heard.append(failure["exception"])
    )
    read: list[Entry] = []

    def break_on_second(entry: Entry) -> None:
        read.append(entry)
        if entry.seq == 2:
            raise RuntimeError("a bug in the callback")

    await bus.log.follow([subjects.ALL_FACTS], 0, break_on_second)
    for n in range(4):
        await bus.log.append(subjects.alarm("a", str(n)), b"x")

    await eventually(lambda: len(heard) == 1)
    assert [entry.seq for entry in read] == [1, 2]


async def test_a_cut_stream_is_never_read_on_silently(
    bus: NatsBus, nats_server: LocalServer, eventually: Eventually
) -> None:
    await topology.apply(bus, topology.Limits())
    read: list[Entry] = []
    following = await bus.log.follow([subjects.ALL_FACTS], 0, read.append)
    for n in range(3):
        await bus.log.append(subjects.alarm("a", str(n)), b"x")
    await eventually(lambda: len(read) == 3)

    client = await nats.connect(nats_server.url)
    await client.request("$JS.API.STREAM.DELETE.OMS", b"", timeout=2)
    await client.close()
    await topology.apply(bus, topology.Limits())
    for n in range(5):
        await bus.log.append(subjects.alarm("b", str(n)), b"x")

    await eventually(lambda: following.heard_ns == 0)
    assert len(read) == 3
