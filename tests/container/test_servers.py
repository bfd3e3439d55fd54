"""The servers that compose names, one at a time: they keep what the bus and the pages rest on."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis.asyncio
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from tandem.bus import topology
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.domain.ids import Exc, ExecId, Ticker
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.fold.port import Head, SetRow
from tandem.runtime.fold.redis_pages import RedisPages, page_key
from tests.container.stack import ROOT

pytestmark = pytest.mark.timeout(120)

# The reaper is an image of its own, which a desk does not need: each container ends with its test.
testcontainers_config.ryuk_disabled = True
START_S = 30.0
COMPOSE = (ROOT / "compose.yaml").read_text()
HEAD = Head(0, 7, 0)


@contextmanager
def _server(name: str, command: str, port: int) -> Iterator[str]:
    """Run the image that compose.yaml names for a server; yield its address."""
    (image,) = set(re.findall(rf"image: ({name}:\S+)", COMPOSE))
    with DockerContainer(image).with_command(command).with_exposed_ports(port) as running:
        yield f"127.0.0.1:{running.get_exposed_port(port)}"


@pytest.fixture
async def bus() -> AsyncIterator[NatsBus]:
    with _server("nats", "-js", 4222) as address:
        async with asyncio.timeout(START_S):
            made = await NatsBus.connect(NatsOptions(f"nats://{address}"), SystemClock())
        await topology.apply(made, topology.Limits())
        yield made
        await made.close()


async def test_nats_keeps_one_message_a_subject(bus: NatsBus) -> None:
    """In the very words by which the bus knows a repeat from a full stream."""
    subject = subjects.fill_report(Exc("binance"), Ticker("SOLUSDT"), ExecId("1"))
    first = await bus.log.append(subject, b"a")
    second = await bus.log.append(subject, b"a")
    assert (first.already, second.already) == (False, True)
    assert (await bus.log.state()).last_seq == first.seq


async def test_nats_s_streams_are_as_the_desk_needs_them(bus: NatsBus) -> None:
    """Applied again they are found unchanged: this server knows every setting."""
    for wanted in topology.streams(topology.Limits()):
        found = (await bus.api.stream_info(wanted.name)).config
        assert found == wanted, wanted.name


async def test_redis_runs_the_script_of_the_pages() -> None:
    with _server("redis", "redis-server --appendonly no --protected-mode no", 6379) as address:
        url, tasks = f"redis://{address}", TaskOwner()
        pages = RedisPages(url, SystemClock(), tasks)
        pages.start(lambda: HEAD, lambda: [SetRow("orders:x", "a", b"1")])
        client: Any = redis.asyncio.Redis.from_url(url)
        async with asyncio.timeout(START_S):
            while await _held(client) != {b"a": b"1"}:
                await asyncio.wait({tasks.failed}, timeout=0.1)
        await client.aclose()
        await tasks.close()


async def _held(client: Any) -> object:
    try:
        return await client.hgetall(page_key("orders:x"))
    except redis.exceptions.ConnectionError:
        return None
