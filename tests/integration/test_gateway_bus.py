"""A gateway whose bus goes away and comes back: nothing is sent twice and nothing is forgotten."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tandem.cli.servers import LocalServer
from tandem.domain.order import OrderStatus
from tandem.messages import subjects
from tandem.messages.reports import LinkReport, LinkState
from tests.conftest import Eventually
from tests.integration.gateway_binance import GatewayWorld, cloid, gateway_world

NEW, FILLED = OrderStatus.NEW, OrderStatus.FILLED
LONG_S = 30.0


@pytest.fixture
async def world(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[GatewayWorld]:
    async with gateway_world(nats_server.url, tmp_path) as running:
        yield running


async def venue_orders(world: GatewayWorld, name: str) -> int:
    books = await world.venue.books()
    return sum(order["client_order_id"] == name for order in books["orders"])


async def test_fill_during_a_bus_outage_is_logged_once_it_is_back(
    world: GatewayWorld, nats_server: LocalServer, eventually: Eventually
) -> None:
    maker = cloid(1)
    await world.place(maker, "-1", price="150.00")
    await eventually(lambda: NEW in world.statuses(maker))
    nats_server.kill()
    await world.venue.trade("buy", "150.00", "1")
    nats_server.start()
    await eventually(lambda: len(world.fills_of(maker)) == 1, LONG_S)
    await eventually(lambda: FILLED in world.statuses(maker), LONG_S)


async def test_orders_go_on_after_a_bus_restart_each_sent_once(
    world: GatewayWorld, nats_server: LocalServer, eventually: Eventually
) -> None:
    before, after = cloid(2), cloid(3)
    await world.place(before, "1", price="140")
    await eventually(lambda: NEW in world.statuses(before))
    nats_server.kill()
    nats_server.start()
    await world.place(after, "1", price="140", valid_for_ms=30_000)
    await eventually(lambda: NEW in world.statuses(after), LONG_S)
    assert await venue_orders(world, before) == 1
    assert await venue_orders(world, after) == 1
    links = [link.state for link in world.facts(LinkReport)]
    assert links[-1] in {LinkState.UP, LinkState.RESYNCED}


async def test_prices_have_their_stream_again_after_a_bus_restart(
    world: GatewayWorld, nats_server: LocalServer
) -> None:
    nats_server.kill()
    nats_server.start()
    async with asyncio.timeout(LONG_S):
        following = await world.bus.marks.follow((subjects.ALL_MARKS,), 0, lambda _: None)
    await following.close()
