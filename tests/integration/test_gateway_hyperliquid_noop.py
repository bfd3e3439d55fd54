"""A doubtful request's nonce on Hyperliquid: used up, it is dead; found used, it is looked up."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tandem.cli.servers import LocalServer
from tests.conftest import Eventually
from tests.integration.gateway_hyperliquid import World, cloid, world

LONG_S = 30.0


@pytest.fixture
async def here(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[World]:
    async with world(nats_server.url, tmp_path / "gateway.json") as running:
        yield running


async def disturb(here: World, fault: str, **more: object) -> None:
    await here.control("faults", {"script": [{"fault": fault, "on": "place_order", **more}]})


def http_port(run_file: Path) -> int:
    port: int = json.loads(run_file.read_text())["http_port"]
    return port


async def noops(here: World, tmp_path: Path) -> dict[str, float]:
    """Return how many nonces were found free, and how many used."""
    text = await here.metrics(http_port(tmp_path / "gateway.json"))
    name = "tandem_gateway_nonces_killed_total"
    lines = [line for line in text.splitlines() if line.startswith(name)]
    return {line.partition('"')[2].partition('"')[0]: float(line.split()[-1]) for line in lines}


async def test_request_that_never_arrived_is_dead_once_its_nonce_is_used_up(
    here: World, eventually: Eventually, tmp_path: Path
) -> None:
    name = cloid(1)
    await disturb(here, "drop_request")
    await here.place(name, "1", price="140", valid_for_ms=30_000)
    await eventually(lambda: "NEW" in here.statuses(name), LONG_S)
    orders = [order for order in await here.venue_orders() if order["client_order_id"] == name]
    assert len(orders) == 1
    assert await noops(here, tmp_path) == {"free": 1.0}


async def test_request_that_was_executed_keeps_its_nonce_and_is_found(
    here: World, eventually: Eventually, tmp_path: Path
) -> None:
    name = cloid(2)
    await here.control("faults", {"mute": {"channels": ["user"], "for_ms": 5_000}})
    await disturb(here, "fail_executed", looks="502")
    await here.place(name, "1", price="140", valid_for_ms=30_000)
    await eventually(lambda: "NEW" in here.statuses(name), LONG_S)
    orders = [order for order in await here.venue_orders() if order["client_order_id"] == name]
    assert len(orders) == 1
    assert (await noops(here, tmp_path)).get("free", 0.0) == 0.0
