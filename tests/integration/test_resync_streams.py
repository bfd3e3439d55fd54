"""What each venue's private stream does on its own accord, and what it must not cost."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from tandem.cli.servers import LocalServer
from tandem.domain.execution import ReportSource
from tandem.messages.hedges import Alarm
from tandem.messages.reports import FillReport, PositionReport
from tandem.runtime.clock import SystemClock
from tests.conftest import Eventually
from tests.integration.resync_world import ResyncWorld, cloid, resync_world

SOON_S = 10.0
LIFE_MS = 4_000
MISSED_FILL = [
    {"fault": "drop_event", "on": "ORDER_TRADE_UPDATE"},
    {"fault": "drop_event", "on": "TRADE_LITE"},
]


@pytest.fixture
async def world(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[ResyncWorld]:
    async with resync_world("binance", nats_server.url, tmp_path) as running:
        yield running


async def rest(world: ResyncWorld, eventually: Eventually, amount: str) -> None:
    """Place a sell order at 150.00 and wait until the stream told it."""
    await world.place(cloid(1), amount, "150")
    await eventually(lambda: ReportSource.EVENT in {one.source for one in world.reports_of(1)})
    await eventually(world.is_resynced)


async def test_listen_key_that_another_consumer_ended_is_replaced(
    world: ResyncWorld, eventually: Eventually
) -> None:
    await rest(world, eventually, "-3")
    known = len(world.states())
    await world.venue.faults(expire_listen_keys=["paper"])
    await world.trade("buy", "150", "1")

    await eventually(lambda: world.broke_since(known))
    await eventually(world.is_resynced)
    await world.agrees(SOON_S)
    await world.trade("buy", "150", "1")
    await eventually(lambda: len(world.fills()) == 2)

    assert world.fills()[-1].source is ReportSource.EVENT
    await world.agrees(SOON_S)


async def test_fill_missed_while_its_position_was_told_counts_once(
    nats_server: LocalServer, tmp_path: Path, eventually: Eventually
) -> None:
    slow = {"TANDEM_BACKFILL_SECONDS": "4", "TANDEM_BACKFILL_LIVE_SECONDS": "4"}
    async with resync_world("binance", nats_server.url, tmp_path, **slow) as world:
        await rest(world, eventually, "-3")
        await world.venue.faults(script=MISSED_FILL)
        told = len(world.facts(PositionReport))
        await world.trade("buy", "150", "1")
        await eventually(lambda: len(world.facts(PositionReport)) > told)
        await eventually(lambda: bool(world.fills()))
        await world.agrees(SOON_S)
        await world.trade("buy", "150", "1")
        await eventually(lambda: len(world.fills()) == 2)

        await world.agrees(SOON_S)

        assert world.amount() == Decimal(-2)


async def test_fill_that_comes_before_its_position_raises_no_alarm(
    world: ResyncWorld, eventually: Eventually
) -> None:
    await rest(world, eventually, "-3")
    await world.venue.mute()
    await world.trade("buy", "150", "1")

    await world.agrees(SOON_S)

    alarms = [alarm.text for alarm in world.facts(Alarm) if alarm.source == "position-state"]
    assert alarms == []


async def test_keepalive_without_an_answer_leaves_the_stream_up(
    nats_server: LocalServer, tmp_path: Path, eventually: Eventually
) -> None:
    often = {"BINANCE_KEEP_KEY_SECONDS": "1"}
    async with resync_world("binance", nats_server.url, tmp_path, **often) as world:
        await rest(world, eventually, "-3")
        known = len(world.states())
        await world.venue.faults(script=[{"fault": "lose_answer", "on": "extend_listen_key"}])
        async with asyncio.timeout(SOON_S):
            while not (await world.venue.faults()).fired.get("lose_answer"):
                await SystemClock().sleep(0.1)
        await world.trade("buy", "150", "1")
        await eventually(lambda: bool(world.fills()))

        assert world.fills()[-1].source is ReportSource.EVENT
        assert not world.broke_since(known)


async def test_connection_is_replaced_before_the_venue_ends_it(
    nats_server: LocalServer, tmp_path: Path, eventually: Eventually
) -> None:
    young = {"BINANCE_RENEW_SECONDS": "2"}
    async with resync_world("binance", nats_server.url, tmp_path, **young) as world:
        await rest(world, eventually, "-10")
        known = len(world.states())
        await world.venue.faults(switches={"connection_life_ms": LIFE_MS})
        for count in range(1, 13):
            await world.trade("buy", "150", "0.5")
            await eventually(lambda count=count: len(world.fills()) == count)
            await SystemClock().sleep(0.5)  # connections grow old

        assert not world.broke_since(known)
        assert {fill.source for fill in world.fills()} == {ReportSource.EVENT}
        assert len({fill.exec_id for fill in world.facts(FillReport)}) == 12
        await world.agrees(SOON_S)
