"""Whatever a strategy's user says, nobody writes anything for it that is not the strategy's own.

On servers with the permissions that `tandem.cli.keys` writes: one, and three that know each other.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from nats.aio.client import Client

from tandem.bus.nats.bus import NatsBus
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock
from tests.conftest import Eventually
from tests.integration.access_desk import (
    AccessDesk,
    make_keys,
    options_of,
    start_cluster,
    start_server,
)
from tests.integration.hostile import OURS, TARGETS, everything
from tests.unit.services.access.asking import ALPHA, BINANCE, order

SERVED = {
    "order-state": (subjects.ORDERS_PAGE, subjects.FILLS_PAGE, subjects.ORDER_HISTORY),
    "position-state": (subjects.POSITIONS_PAGE, subjects.EXPOSURE_PAGE),
    "hedger": (subjects.HEDGES_PAGE, subjects.BEGIN_EPOCH),
    "gateway-binance": (subjects.venue_ask(BINANCE),),
}
CONTROL = subjects.alarm("admin", "control")


@pytest.fixture(params=[1, 3], ids=["one server", "three servers"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AccessDesk]:
    make_keys(tmp_path / "keys")
    if request.param == 1:
        servers = [start_server(tmp_path / "keys", tmp_path / "nats")]
    else:
        servers = start_cluster(tmp_path / "keys", tmp_path / "nats")
    urls = ",".join(server.url for server in servers)
    desk = await AccessDesk.on(urls, tmp_path / "keys", replicas=request.param)
    await desk.start_access()
    for user, places in SERVED.items():
        await _answer_as(desk, user, places)
    yield desk
    await desk.close()
    for server in servers:
        server.kill()


async def _answer_as(desk: AccessDesk, user: str, places: tuple[str, ...]) -> NatsBus:
    """Let a service's user answer its questions, as its service does."""
    bus = await NatsBus.connect(options_of(desk.urls, desk.directory, user), SystemClock())
    desk.opened.push_async_callback(bus.close)

    async def answer(_question: bytes) -> bytes:
        return b"an answer"

    for place in places:
        await bus.serve(place, answer, queue="q")
    return bus


async def _all_was_handled(desk: AccessDesk, client: Client) -> None:
    """Return once the servers have done what was asked before: then a call of ours is done too.

    It is the administrator's, who may; so it also shows that such a call has its effect.
    """
    await client.flush(30)
    admin = await desk.client_of("admin")
    await admin.publish("$JS.API.STREAM.MSG.GET.OMS", b'{"seq":1}', reply=CONTROL)
    async with asyncio.timeout(20):
        while await desk.admin.log.find(CONTROL) is None:
            await desk.clock.sleep(0.02)


@pytest.mark.timeout(240)
async def test_e2_nothing_that_a_strategy_says_is_written_for_it_by_anybody(
    desk: AccessDesk,
) -> None:
    bus = await desk.bus_of(ALPHA)
    own, payload = order(ALPHA, "own")
    await bus.log.append(own, payload)
    before = await desk.stored()
    alpha = await desk.client_of("strategy-alpha")

    for said in everything():
        await alpha.publish(
            said.subject, said.payload, reply=said.reply, headers=said.headers or None
        )
    await _all_was_handled(desk, alpha)

    alarms = subjects.alarms_of("access")[:-1]
    after = {
        stream: [one for one in found if one != CONTROL and not one.startswith(alarms)]
        for stream, found in (await desk.stored()).items()
    }
    assert after == before
    assert after["OMS"] == [own]


async def test_e2_a_service_answers_into_inboxes_only(
    desk: AccessDesk, eventually: Eventually
) -> None:
    """Also where somebody may ask who is not held to an inbox: here the administrator."""
    admin = await desk.client_of("admin")
    answered: list[str] = []

    async def hear(message: object) -> None:
        answered.append(str(getattr(message, "subject", "")))

    await admin.subscribe("_INBOX_admin.witness.*", cb=hear)
    places = [place for places in SERVED.values() for place in places]
    before = await desk.stored()
    for place in places:
        for target in TARGETS:
            await admin.publish(place, b"{}", reply=target)
        await admin.publish(place, b"{}", reply=f"_INBOX_admin.witness.{len(place)}-{place[-1]}")

    await eventually(lambda: len(answered) == len(places))
    assert await desk.stored() == before


async def test_e2_the_server_itself_holds_responders_to_inboxes(desk: AccessDesk) -> None:
    """The same where a service's own code would let it: its user may not publish there."""
    gateway = await desk.client_of("gateway-binance")
    admin = await desk.client_of("admin")
    heard = asyncio.Event()

    async def answer(message: object) -> None:
        await gateway.publish(str(getattr(message, "reply", "")), b"an answer")
        heard.set()

    await gateway.subscribe("tandem.ask.binance", cb=answer)
    await gateway.flush()
    before = await desk.stored()
    own = ("binance", "oms.control.epoch.")  # which a gateway may publish as it is
    foreign = [one for one in TARGETS if not any(word in one for word in own)]
    for target in foreign:
        heard.clear()
        await admin.publish("tandem.ask.binance", b"{}", reply=target)
        await asyncio.wait_for(heard.wait(), 5)
    await gateway.flush()

    after = await desk.stored()
    assert {s: [one for one in found if one in foreign] for s, found in after.items()} == {
        stream: [] for stream in before
    }


PRESENCES = {
    subjects.presence("hedger"): ("gateway-binance", "hedger"),
    subjects.presence("gateway-binance"): ("gateway-binance", "gateway-binance"),
    subjects.sending(BINANCE): ("hedger", "gateway-binance"),
    subjects.ALIVE: ("gateway-binance", "access"),
}


@pytest.mark.parametrize("presence", PRESENCES)
async def test_e3_nobody_says_that_somebody_else_is_present(
    desk: AccessDesk, presence: str, eventually: Eventually
) -> None:
    """Neither by itself nor by an answer of the server or a service that is sent there."""
    heard: list[bytes] = []
    hears, says = PRESENCES[presence]
    listening = await _answer_as(desk, hears, ())
    await listening.listen(presence, heard.append)
    users = {"strategy-alpha", "gateway-hyperliquid", "order-state", "position-state", "access"}
    for user in (users | {"hedger", "gateway-binance"}) - {says}:
        client = await desk.client_of(user)
        await client.publish(presence, user.encode())
        for place in OURS:
            await client.publish(place, b"{}", reply=presence)
        await client.flush()
    alpha = await desk.client_of("strategy-alpha")
    for said in everything((presence,)):
        await alpha.publish(said.subject, said.payload, reply=said.reply)
    await alpha.flush(10)

    present = await desk.client_of(says)
    await present.publish(presence, b"it is")
    await eventually(lambda: heard)
    assert heard == [b"it is"]


def test_every_request_subject_of_ours_is_tried() -> None:
    assert {place for places in SERVED.values() for place in places} <= set(OURS)
