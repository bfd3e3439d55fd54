"""Two gateways of one account: each hears and lists everything, the log holds each fact once."""

import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from tandem.cli.servers import LocalServer
from tandem.cli.stack import Child, StackPlan, checkout
from tandem.domain.execution import ReportSource
from tandem.messages import subjects
from tandem.messages.reports import LinkReport
from tests.conftest import Eventually
from tests.integration.resync_venues import VENUES
from tests.integration.resync_world import ResyncWorld, cloid, resync_world

SOON_S = 10.0


def second_gateway(world: ResyncWorld, directory: Path) -> Child:
    command = (sys.executable, "-m", world.venue.module)
    child = Child(f"{world.gateway.name}-2", command, StackPlan(checkout(), directory))
    child.environment = world.gateway.environment
    return child


def names(world: ResyncWorld) -> list[str]:
    """Return the names of all fills and ended orders in the log, as often as it has them."""
    kinds = tuple(subjects.reports_kind_of(world.venue.exc, kind) for kind in ("fill", "fillcost"))
    prefixes = tuple(kind.removesuffix(">") for kind in kinds)
    return [entry.subject for entry, _ in world.entries if entry.subject.startswith(prefixes)]


@pytest.mark.parametrize("name", sorted(VENUES))
async def test_copies_log_each_fact_once_and_outlive_one_another(
    name: str, nats_server: LocalServer, tmp_path: Path, eventually: Eventually
) -> None:
    async with resync_world(name, nats_server.url, tmp_path) as world:
        other = second_gateway(world, tmp_path)
        try:
            other.spawn()
            await world.place(cloid(1), "-3", "150")
            await eventually(lambda: len({link.run for link in world.facts(LinkReport)}) == 2)
            await eventually(
                lambda: ReportSource.EVENT in {one.source for one in world.reports_of(1)}
            )
            await world.trade("buy", "150", "1")
            await eventually(lambda: len(world.fills()) == 1)
            await world.kill_gateway()
            await world.trade("buy", "150", "1")
            await eventually(lambda: len(world.fills()) == 2, within_s=SOON_S)
            await world.agrees(SOON_S)
            await world.start_gateway()
            await world.agrees(SOON_S)
        finally:
            other.stop()

        assert world.amount() == Decimal(-2)
        assert set(Counter(names(world)).values()) == {1}
        assert len(names(world)) == 4
