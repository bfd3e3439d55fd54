"""Backfills that fail in a row: the account counts as down, and its gateway says why."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import aiohttp
import pytest

from services.paper_binance.service import PaperBinance
from tandem.cli.servers import LocalServer
from tandem.domain.execution import ReportSource
from tandem.messages import subjects
from tandem.messages.hedges import Alarm
from tandem.messages.reports import FillReport, LinkReport, LinkState
from tests.conftest import Eventually
from tests.integration.gateway_binance import GatewayWorld, gateway_world
from tests.integration.paper_binance import PaperClient

DUAL = "/fapi/v1/positionSide/dual"
TABLE = "/fapi/v1/exchangeInfo"
MARKET = {"symbol": "SOLUSDT", "type": "MARKET", "quantity": "1", "positionSide": "LONG"}
LONG_S = 30.0


@pytest.fixture
async def world(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[GatewayWorld]:
    async with gateway_world(nats_server.url, tmp_path, TANDEM_BACKFILL_SECONDS="1") as running:
        await running.bus.log.follow((subjects.ALL_ALARMS,), 0, running.take)
        yield running


@pytest.fixture
async def trader(world: GatewayWorld) -> AsyncIterator[PaperClient]:
    """The account's owner at the venue's own page."""
    address = world.venue.address
    async with aiohttp.ClientSession() as session:
        ports = (address.port, address.control_port)
        yield PaperClient(session, cast("PaperBinance", None), ports)


def last(world: GatewayWorld) -> LinkReport:
    return world.facts(LinkReport)[-1]


def alarms(world: GatewayWorld) -> list[str]:
    texts = [one.text for one in world.facts(Alarm)]
    return [text for text in texts if " backfills failed in a row: " in text]


async def readiness(world: GatewayWorld, trader: PaperClient) -> tuple[int, str]:
    said = await asyncio.to_thread(world.gateway.wait_ready)
    async with trader.session.get(f"http://127.0.0.1:{said['http_port']}/readyz") as response:
        return response.status, await response.text()


async def test_c5_an_account_in_two_way_mode_counts_as_down_and_says_so(
    world: GatewayWorld, trader: PaperClient, eventually: Eventually
) -> None:
    await eventually(lambda: last(world).state is LinkState.RESYNCED, LONG_S)
    tables = world.relay.asked.count(TABLE)
    assert (await trader.signed("POST", DUAL, dualSidePosition="true"))[0] == 200
    assert (await trader.order(side="BUY", **MARKET))[0] == 200

    await eventually(lambda: last(world).state is LinkState.DOWN, LONG_S)

    cause = "SOLUSDT positionSide=LONG: the account must be in one-way mode"
    assert last(world).text == f"3 backfills failed in a row: {cause}"
    await eventually(lambda: len(alarms(world)) == 1)
    assert cause in alarms(world)[0]
    assert world.relay.asked.count(TABLE) == tables
    status, text = await readiness(world, trader)
    assert (status, "DOWN" in text) == (503, True)

    assert (await trader.order(side="SELL", **MARKET))[0] == 200
    await eventually(lambda: last(world).state is LinkState.RESYNCED, LONG_S)
    assert len(alarms(world)) == 1


async def test_c5_what_else_the_venue_lists_is_logged_while_the_account_is_unfit(
    world: GatewayWorld, trader: PaperClient, eventually: Eventually
) -> None:
    """A fill that the stream has lost must not wait until somebody sets the mode back."""
    await trader.signed("POST", DUAL, dualSidePosition="true")
    await world.venue.control("faults", {"chances": {"drop_event": 1}})

    await trader.order(side="BUY", **MARKET)
    await eventually(lambda: last(world).state is LinkState.DOWN, LONG_S)

    await eventually(lambda: world.facts(FillReport), LONG_S)
    assert {one.source for one in world.facts(FillReport)} == {ReportSource.QUERY}
