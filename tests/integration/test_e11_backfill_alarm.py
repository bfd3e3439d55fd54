"""A backfill that cannot run is told in the log, once a spell."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tandem.bus.port import Entry
from tandem.cli.servers import LocalServer
from tandem.messages import subjects
from tandem.messages.reports import LinkReport, LinkState
from tests.conftest import Eventually
from tests.integration.gateway_hyperliquid import EXC, World, world

LONG_S = 30.0
TABLE = "meta"
LAST_LIST = "frontendOpenOrders"
WAITS = b"the backfill waits for "


@pytest.fixture
async def here(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[World]:
    run_file = tmp_path / "gateway.json"
    # The room of an address that no other copy shares: a run each second takes a lot of it.
    async with world(
        nats_server.url, run_file, TANDEM_BACKFILL_LIVE_SECONDS="1", TANDEM_ADDRESS_COPIES="1"
    ) as running:
        yield running


def state(here: World) -> LinkState:
    return here.facts(LinkReport)[-1].state


async def test_e11_a_backfill_that_waits_past_its_interval_is_an_alarm_once_a_spell(
    here: World, eventually: Eventually
) -> None:
    alarms: list[Entry] = []
    following = await here.bus.log.follow((subjects.alarms_of(f"gateway-{EXC}"),), 0, alarms.append)

    def told() -> int:
        return sum(WAITS in entry.payload for entry in alarms)

    async def run_again() -> None:
        """Wait for two whole runs: the first may have begun before."""
        before = here.relay.asked.count(LAST_LIST)
        await eventually(lambda: here.relay.asked.count(LAST_LIST) > before + 1, LONG_S)

    await here.control("faults", {"refuse_busy": True})
    await eventually(lambda: told() == 1, LONG_S)
    await here.control("faults", {})
    await run_again()
    assert told() == 1
    await here.control("faults", {"refuse_busy": True})
    await eventually(lambda: told() == 2, LONG_S)
    await following.close()


async def test_a_backfill_that_fails_has_the_table_asked_for_again(
    here: World, eventually: Eventually
) -> None:
    """A symbol that the venue no longer lists would else let each fail that asks for its fills."""
    await eventually(lambda: here.relay.asked.count(LAST_LIST) > 0, LONG_S)
    before = here.relay.asked.count(TABLE)

    step = {"fault": "fail_unexecuted", "on": "account", "looks": "500"}
    await here.control("faults", {"script": [step]})

    await eventually(lambda: here.relay.asked.count(TABLE) > before, LONG_S)


async def test_e11_a_venue_that_has_too_much_to_do_is_not_asked_for_its_table_as_well(
    here: World, eventually: Eventually
) -> None:
    """The room that the table takes is what backfills live on once the venue is back."""
    await eventually(lambda: state(here) is LinkState.RESYNCED, LONG_S)
    before = here.relay.asked.count(TABLE)

    await here.control("faults", {"refuse_busy": True})
    await eventually(lambda: state(here) is LinkState.DOWN, LONG_S)

    assert here.relay.asked.count(TABLE) == before
    await here.control("faults", {})
    await eventually(lambda: state(here) is LinkState.RESYNCED, LONG_S)
    assert here.relay.asked.count(TABLE) == before
