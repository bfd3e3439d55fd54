"""Case 30: a halt with resting makers; what reduces risk goes on, and a restart forgets nothing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tandem.cli.main import main
from tandem.cli.servers import LocalServer
from tandem.domain.ids import HedgeId, Token, maker_cloid
from tandem.domain.order import OrderStatus, RejectReason
from tandem.messages import subjects
from tandem.messages.intents import Halt, Resume
from tests.conftest import Eventually
from tests.integration.gateway_binance import STRATEGY, GatewayWorld, cloid, gateway_world

NEW, CANCELLED, REJECTED = OrderStatus.NEW, OrderStatus.CANCELLED, OrderStatus.REJECTED
MAKER, LATER = maker_cloid(HedgeId("h1")), maker_cloid(HedgeId("h2"))


@pytest.fixture
async def world(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[GatewayWorld]:
    async with gateway_world(nats_server.url, tmp_path) as running:
        yield running


async def halt(world: GatewayWorld) -> None:
    fact = Halt(token=Token("h"), strategy=STRATEGY, text="closing")
    await world.log(subjects.halt(fact.token), fact)


async def test_case_30_a_halt_cancels_resting_makers_and_lets_out_what_reduces(
    world: GatewayWorld, eventually: Eventually
) -> None:
    own = cloid(1)
    await world.place(MAKER, "1", price="140", hedge_id=HedgeId("h1"))
    await world.place(own, "1", price="140")
    await eventually(lambda: NEW in world.statuses(MAKER) and NEW in world.statuses(own))

    await halt(world)

    await eventually(lambda: CANCELLED in world.statuses(MAKER))
    await world.place(LATER, "1", price="140", hedge_id=HedgeId("h2"))
    taker = await world.decide("1")
    await eventually(lambda: REJECTED in world.statuses(LATER))
    [refused] = [one for one in world.reports(LATER) if one.order_status is REJECTED]
    assert (refused.reason, refused.text) == (
        RejectReason.HALTED,
        f"halt h by {STRATEGY} is in force: closing",
    )
    await eventually(lambda: OrderStatus.FILLED in world.statuses(taker))
    await world.place(cloid(2), "-1", price="160", reduce_only=True)
    await eventually(lambda: NEW in world.statuses(cloid(2)))
    assert CANCELLED not in world.statuses(own)


async def test_case_30_a_resume_lets_orders_out_again(
    world: GatewayWorld, eventually: Eventually
) -> None:
    await halt(world)
    await world.place(MAKER, "1", price="140", hedge_id=HedgeId("h1"))
    await eventually(lambda: REJECTED in world.statuses(MAKER))

    resume = Resume(token=Token("r"), strategy=STRATEGY, halt=Token("h"))
    await world.log(subjects.resume(resume.token), resume)
    await world.place(LATER, "1", price="140", hedge_id=HedgeId("h2"))

    await eventually(lambda: NEW in world.statuses(LATER))


async def test_case_30_a_restarted_gateway_is_still_halted(
    world: GatewayWorld, eventually: Eventually
) -> None:
    await world.place(MAKER, "1", price="140", hedge_id=HedgeId("h1"))
    await eventually(lambda: NEW in world.statuses(MAKER))
    world.gateway.kill()
    await halt(world)

    world.gateway.spawn()
    await asyncio.to_thread(world.gateway.wait_ready)

    await eventually(lambda: CANCELLED in world.statuses(MAKER))
    await world.place(LATER, "1", price="140", hedge_id=HedgeId("h2"))
    await eventually(lambda: REJECTED in world.statuses(LATER))


async def test_case_30_the_command_line_halts_and_resumes(
    world: GatewayWorld, nats_server: LocalServer, eventually: Eventually
) -> None:
    named = ("--nats", nats_server.url)
    assert await asyncio.to_thread(main, ["halt", *named, "--text", "closing"]) == 0
    await world.place(MAKER, "1", price="140", hedge_id=HedgeId("h1"))
    await eventually(lambda: REJECTED in world.statuses(MAKER))

    assert await asyncio.to_thread(main, ["resume", *named]) == 0

    await world.place(LATER, "1", price="140", hedge_id=HedgeId("h2"))
    await eventually(lambda: NEW in world.statuses(LATER))
