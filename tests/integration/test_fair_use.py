"""One strategy asks for far more than its share, on a real server; the others go on as ever."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import nats.errors
import pytest

from tandem.cli.keys import SEED_FILE
from tandem.cli.servers import NATS_MAX_SUBSCRIPTIONS
from tandem.domain.errors import InvalidInputError, UnavailableError
from tandem.messages import codec, subjects
from tandem.messages.hedges import Epoch
from tandem.messages.queries import AskKind, VenueAsk
from tests.conftest import Eventually
from tests.integration.access_desk import ACCOUNTS, AccessDesk, make_keys, start_server
from tests.integration.flood import NOWHERE
from tests.unit.services.access.asking import ALPHA, BETA, BINANCE, order

ROOT, FLOOD = Path(__file__).resolve().parents[2], "tests.integration.flood"
FLOOD_S = 8
INTENTS_PER_S, BURST = 100, 500
PATIENCE_S = 2.0


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[AccessDesk]:
    make_keys(tmp_path / "keys", (*ACCOUNTS, NOWHERE))
    server = start_server(tmp_path / "keys", tmp_path / "nats")
    desk = await AccessDesk.on(server.url, tmp_path / "keys")
    await desk.start_access()
    yield desk
    await desk.close()
    server.kill()


async def _flood(desk: AccessDesk) -> "asyncio.subprocess.Process":
    """Start a process that asks as alpha, and wait until it says that it does."""
    seed = desk.directory / "strategy-alpha" / SEED_FILE
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        FLOOD,
        desk.urls,
        seed,
        str(FLOOD_S),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"flooding\n"
    return process


@pytest.mark.timeout(120)
async def test_e12_a_flood_of_one_strategy_is_held_back_and_another_is_served(
    desk: AccessDesk,
) -> None:
    beta = await desk.bus_of(BETA)
    await beta.log.append(*order(BETA, "before"))
    began_ns = desk.clock.monotonic_ns()
    process = await _flood(desk)
    served = 0
    while process.returncode is None:
        async with asyncio.timeout(PATIENCE_S):
            await beta.log.append(*order(BETA, f"n{served}"))
        served += 1
        await desk.clock.sleep(0.02)  # within what beta itself may ask for
    written = int((await process.communicate())[0])
    lasted_s = (desk.clock.monotonic_ns() - began_ns) / 1e9

    stored = (await desk.stored())["OMS"]
    of_alpha = [one for one in stored if one.startswith("oms.intent.nowhere.alpha.")]
    of_beta = [one for one in stored if one.startswith("oms.intent.binance.beta.")]
    assert len(of_beta) == served + 1
    assert 0 < len(of_alpha) <= BURST + INTENTS_PER_S * lasted_s
    assert written > 100 * len(of_alpha)


async def test_e12_calls_of_eight_megabytes_are_paced_by_their_bytes(desk: AccessDesk) -> None:
    alpha, beta = await desk.client_of("strategy-alpha"), await desk.bus_of(BETA)

    async def ask() -> None:
        for _ in range(12):
            await alpha.publish("access.alpha.call", b"{" * 8_000_000, "_INBOX_strategy-alpha.x")
            await alpha.flush(60)

    asking = asyncio.ensure_future(ask())
    for n in range(50):
        async with asyncio.timeout(PATIENCE_S):
            await beta.log.append(*order(BETA, f"n{n}"))
        await desk.clock.sleep(0.02)
    asking.cancel()

    assert (await desk.admin.log.state()).messages >= 50


async def test_e12_subscriptions_of_one_connection_are_bounded(
    desk: AccessDesk, eventually: Eventually
) -> None:
    """A strategy hears its own inbox only, and not by ever more subscriptions."""
    few = await desk.client_of("strategy-alpha", once=True)
    many = await desk.client_of("strategy-alpha", once=True)
    for client, count in ((few, NATS_MAX_SUBSCRIPTIONS), (many, NATS_MAX_SUBSCRIPTIONS + 1)):
        for n in range(count):
            with contextlib.suppress(nats.errors.Error):
                await client.subscribe(f"_INBOX_strategy-alpha.{n}")

    await eventually(lambda: many.is_closed)
    await few.flush()
    assert few.is_connected


async def test_e12_intents_above_the_burst_are_refused_by_name(desk: AccessDesk) -> None:
    alpha = await desk.bus_of(ALPHA)
    asked = [alpha.log.append(*order(ALPHA, f"n{n}")) for n in range(200)]
    for n in range(200, 2_000, 200):
        await asyncio.gather(*asked, return_exceptions=True)
        asked = [alpha.log.append(*order(ALPHA, f"n{n + m}")) for m in range(200)]
    told = await asyncio.gather(*asked, return_exceptions=True)

    refused = [one for one in told if isinstance(one, InvalidInputError)]
    assert refused
    assert refused[0].field == "intents"
    assert refused[0].rule == "at most 100 a second, 500 at once"


async def test_e12_questions_to_venues_do_not_pile_up_at_a_gateway(desk: AccessDesk) -> None:
    """5,000 of one strategy: a handful is open at a time, and a minute's share is passed on."""
    open_now = most_open = passed_on = 0

    async def answer(_question: bytes) -> bytes:
        nonlocal open_now, most_open, passed_on
        open_now, passed_on = open_now + 1, passed_on + 1
        most_open = max(most_open, open_now)
        await desk.clock.sleep(0.01)
        open_now -= 1
        return b"{}"

    await desk.admin.serve(subjects.venue_ask(BINANCE), answer, queue="gateway")
    await desk.admin.log.append("oms.x", b"the listener is known by now")
    alpha = await desk.bus_of(ALPHA)
    asked = codec.encode(VenueAsk(kind=AskKind.ORDERS))
    told: list[object] = []
    for _ in range(50):
        hundred = [alpha.request(subjects.venue_ask(BINANCE), asked, 5) for _ in range(100)]
        told += await asyncio.gather(*hundred, return_exceptions=True)

    refused = [str(one) for one in told if isinstance(one, UnavailableError)]
    assert (most_open, len(told)) == (4, 5_000)
    assert passed_on <= 62
    assert any("venue_asks=" in one and "at most 60 in 60 s" in one for one in refused)
    assert any("venue_asks=5: at most 4 unanswered at once" in one for one in refused)


async def test_e12_epochs_and_readers_are_bounded_by_name(desk: AccessDesk) -> None:
    alpha = await desk.bus_of(ALPHA)
    asked = codec.encode(Epoch(epoch=1))
    with pytest.raises(UnavailableError, match="nobody listens"):
        await alpha.request(subjects.BEGIN_EPOCH, asked, 1)

    async def begun(question: bytes) -> bytes:
        return question

    await desk.admin.serve(subjects.BEGIN_EPOCH, begun, queue="fold")
    await desk.admin.log.append("oms.x", b"the listener is known by now")
    told: list[object] = []
    for _ in range(10):
        asking = alpha.request(subjects.BEGIN_EPOCH, asked, 1)
        told += await asyncio.gather(asking, return_exceptions=True)

    assert told[:6] == [asked] * 6
    assert all("epochs=" in str(one) and "at most 6 in 60 s" in str(one) for one in told[6:])
