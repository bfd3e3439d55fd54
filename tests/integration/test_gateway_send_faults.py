"""Every fault of a Binance request, one after another: at most one order each, and it is found."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tandem.cli.servers import LocalServer
from tandem.domain.ids import ClientOrderId
from tandem.domain.order import OrderStatus
from tandem.runtime.clock import SystemClock
from tests.conftest import POLL_S, Eventually
from tests.integration.gateway_binance import GatewayWorld, cloid, gateway_world

LONG_S = 40.0
VALID_MS = 60_000
FAULTS: tuple[dict[str, str], ...] = (
    {"fault": "lose_answer"},
    {"fault": "drop_request"},
    {"fault": "delay_answer"},
    *(
        {"fault": fault, "looks": looks}
        for fault in ("fail_executed", "fail_unexecuted")
        for looks in ("TIMEOUT", "UNEXPECTED", "UNKNOWN", "BAD_GATEWAY", "GATEWAY_TIMEOUT")
    ),
    *({"fault": "fail_unexecuted", "looks": looks} for looks in ("UNAVAILABLE", "BUSY")),
    {"fault": "rate_limit"},
)


@pytest.fixture
async def world(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[GatewayWorld]:
    async with gateway_world(nats_server.url, tmp_path) as running:
        yield running


async def fired(world: GatewayWorld) -> int:
    counts: dict[str, int] = (await world.venue.control("faults"))["fired"]
    return sum(counts.values())


async def accepted(world: GatewayWorld, name: ClientOrderId) -> int:
    """Return how many orders the venue itself ever accepted under a client id."""
    books = await world.venue.books()
    return sum(order["client_order_id"] == name for order in books["orders"])


async def is_accepted(world: GatewayWorld, name: ClientOrderId) -> bool:
    return await accepted(world, name) > 0


async def place_under(world: GatewayWorld, name: ClientOrderId, fault: dict[str, str]) -> None:
    """Place an order that meets one fault, and wait until it met it."""
    before = await fired(world)
    script = [{**fault, "on": "place_order"}]
    await world.venue.control("faults", {"script": script, "delay_ms": [1_200, 1_800]})
    await world.place(name, "0.1", price="140", valid_for_ms=VALID_MS)
    await until_fired(world, before)


async def until_fired(world: GatewayWorld, before: int) -> None:
    """Wait until another fault was met."""
    async with asyncio.timeout(LONG_S):
        while await fired(world) == before:
            await SystemClock().sleep(POLL_S)


async def test_every_fault_of_a_placement_leaves_one_order_that_the_log_knows(
    world: GatewayWorld, eventually: Eventually
) -> None:
    names = {cloid(number): fault for number, fault in enumerate(FAULTS)}
    for name, fault in names.items():
        await place_under(world, name, fault)
    for name in names:
        await eventually(lambda name=name: OrderStatus.NEW in world.statuses(name), LONG_S)
    told = {name: world.statuses(name) - {OrderStatus.PENDING} for name in names}
    assert told == {name: {OrderStatus.NEW} for name in names}
    assert [await accepted(world, name) for name in names] == [1] * len(names)


@pytest.mark.parametrize("skew_ms", [-1_000, 1_000])
async def test_venue_that_sets_its_clock_in_the_middle_of_a_doubt_gets_one_order(
    world: GatewayWorld, eventually: Eventually, skew_ms: int
) -> None:
    lost, late = cloid(1), cloid(2)
    await place_under(world, lost, {"fault": "drop_request"})
    await world.venue.control("faults", {"clock": {"skew_ms": skew_ms}})
    await world.place(late, "0.1", price="140", valid_for_ms=VALID_MS)
    for name in (lost, late):
        await eventually(lambda name=name: OrderStatus.NEW in world.statuses(name), LONG_S)
    assert [await accepted(world, name) for name in (lost, late)] == [1, 1]


async def test_restart_finds_what_the_dead_process_sent_and_sends_what_it_did_not(
    world: GatewayWorld, eventually: Eventually
) -> None:
    """Killed with one order at the venue and another that never arrived, neither answered."""
    quiet = {"p": 1.0, "only": ["ORDER_TRADE_UPDATE"]}
    await world.venue.control("faults", {"chances": {"drop_event": quiet}})
    there, nowhere = cloid(1), cloid(2)
    await place_under(world, there, {"fault": "delay_answer"})
    await place_under(world, nowhere, {"fault": "drop_request"})
    world.gateway.kill()
    assert await is_accepted(world, there)
    assert not await is_accepted(world, nowhere)
    world.gateway.spawn()
    for name in (there, nowhere):
        await eventually(lambda name=name: OrderStatus.NEW in world.statuses(name), LONG_S)
    assert [await accepted(world, name) for name in (there, nowhere)] == [1, 1]


CANCEL_FAULTS: tuple[dict[str, str], ...] = (
    {"fault": "lose_answer"},
    {"fault": "drop_request"},
    {"fault": "delay_answer"},
    {"fault": "fail_executed", "looks": "TIMEOUT"},
    {"fault": "fail_unexecuted", "looks": "TIMEOUT"},
    {"fault": "rate_limit"},
)


async def test_every_fault_of_a_cancel_ends_in_the_cancelled_order(
    world: GatewayWorld, eventually: Eventually
) -> None:
    names = [cloid(number) for number in range(len(CANCEL_FAULTS))]
    for name in names:
        await world.place(name, "0.1", price="140")
    for name in names:
        await eventually(lambda name=name: OrderStatus.NEW in world.statuses(name))
    for name, fault in zip(names, CANCEL_FAULTS, strict=True):
        before = await fired(world)
        await world.venue.control("faults", {"script": [{**fault, "on": "cancel_order"}]})
        await world.cancel(name)
        await until_fired(world, before)
    for name in names:
        await eventually(lambda name=name: OrderStatus.CANCELLED in world.statuses(name), LONG_S)


async def test_cancel_of_an_order_that_fills_meanwhile_counts_the_late_fill(
    world: GatewayWorld, eventually: Eventually
) -> None:
    name = cloid(1)
    await world.place(name, "0.2", price="140")
    await eventually(lambda: OrderStatus.NEW in world.statuses(name))
    script = [{"fault": "late_fill", "on": "cancel_order"}]
    await world.venue.control("faults", {"script": script, "delay_ms": [300, 400]})
    await world.cancel(name)
    await eventually(lambda: len(world.fills_of(name)) == 1, LONG_S)
    assert OrderStatus.CANCELLED in world.statuses(name)
