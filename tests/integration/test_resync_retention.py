"""Orders that rest for longer than the log reaches back."""

from pathlib import Path

import pytest

from tandem.cli.servers import LocalServer
from tandem.messages.reports import OrderReport
from tests.conftest import Eventually
from tests.integration.resync_venues import VENUES
from tests.integration.resync_world import ResyncWorld, cloid, resync_world

RETENTION_S = 10
SOON_S = 10.0
TOLD_AGAIN_S = 40.0


def is_told_again(world: ResyncWorld) -> bool:
    """Tell whether the log took a report under an identity that it had expired."""
    names = [entry.subject for entry, fact in world.entries if isinstance(fact, OrderReport)]
    return len(names) > len(set(names))


@pytest.mark.parametrize("name", sorted(VENUES))
async def test_order_older_than_the_log_ends_while_no_gateway_runs(
    name: str, nats_server: LocalServer, tmp_path: Path, eventually: Eventually
) -> None:
    short = {"TANDEM_RETENTION": f"{RETENTION_S}s", "TANDEM_BACKFILL_SECONDS": "5"}
    async with resync_world(name, nats_server.url, tmp_path, **short) as world:
        await world.place(cloid(1), "-3", "150")
        await eventually(lambda: is_told_again(world), TOLD_AGAIN_S)
        await world.kill_gateway()
        (row,) = world.orders()
        await world.venue.cancel(str(row.venue_order_id))

        await world.start_gateway()
        await world.agrees(SOON_S)

        assert world.orders() == ()
