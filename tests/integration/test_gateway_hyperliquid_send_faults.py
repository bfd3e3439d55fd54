"""Every fault of a Hyperliquid action, in turn: at most one order each, and it is found."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from tandem.cli.servers import LocalServer
from tandem.domain.ids import ClientOrderId
from tandem.domain.order import OrderStatus
from tandem.runtime.clock import SystemClock
from tests.conftest import POLL_S, Eventually
from tests.integration.gateway_hyperliquid import World, cloid, world

PRICE = Decimal("149.95")
LONG_S = 40.0
VALID_MS = 60_000
FAULTS: tuple[dict[str, str], ...] = (
    {"fault": "lose_answer"},
    {"fault": "drop_request"},
    {"fault": "delay_answer"},
    *(
        {"fault": fault, "looks": looks}
        for fault in ("fail_executed", "fail_unexecuted")
        for looks in ("500", "502", "504")
    ),
    {"fault": "rate_limit"},
)


@pytest.fixture
async def here(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[World]:
    run_file = tmp_path / "gateway.json"
    # As it is by default: a backfill each second would leave no room for these orders.
    async with world(nats_server.url, run_file, TANDEM_BACKFILL_SECONDS="30") as running:
        yield running


async def fired(here: World) -> int:
    counts: dict[str, int] = (await here.control("faults"))["fired"]
    return sum(counts.values())


async def until_fired(here: World, before: int) -> None:
    """Wait until another fault was met."""
    async with asyncio.timeout(LONG_S):
        while await fired(here) == before:
            await SystemClock().sleep(POLL_S)


async def accepted(here: World, name: ClientOrderId) -> int:
    """Return how many orders the venue itself ever accepted under a client id."""
    return sum(order["client_order_id"] == name for order in await here.venue_orders())


async def place_under(here: World, name: ClientOrderId, fault: dict[str, str]) -> None:
    """Place an order that meets one fault, and wait until it met it."""
    before = await fired(here)
    script = [{**fault, "on": "place_order"}]
    await here.control("faults", {"script": script, "delay_ms": [1_200, 1_800]})
    await here.place(name, "0.5", price=PRICE, valid_for_ms=VALID_MS)
    await until_fired(here, before)


async def test_every_fault_of_a_placement_leaves_one_order_that_the_log_knows(
    here: World, eventually: Eventually
) -> None:
    names = {cloid(number): fault for number, fault in enumerate(FAULTS)}
    for name, fault in names.items():
        await place_under(here, name, fault)
    for name in names:
        await eventually(lambda name=name: OrderStatus.NEW in here.statuses(name), LONG_S)
    told = {name: here.statuses(name) - {OrderStatus.PENDING.value} for name in names}
    assert told == {name: {OrderStatus.NEW.value} for name in names}
    assert [await accepted(here, name) for name in names] == [1] * len(names)


@pytest.mark.parametrize("skew_ms", [-1_000, 1_000])
async def test_venue_that_sets_its_clock_in_the_middle_of_a_doubt_gets_one_order(
    here: World, eventually: Eventually, skew_ms: int
) -> None:
    lost, late = cloid(1), cloid(2)
    await place_under(here, lost, {"fault": "drop_request"})
    await here.control("faults", {"clock": {"skew_ms": skew_ms}})
    await here.place(late, "0.5", price=PRICE, valid_for_ms=VALID_MS)
    for name in (lost, late):
        await eventually(lambda name=name: OrderStatus.NEW in here.statuses(name), LONG_S)
    assert [await accepted(here, name) for name in (lost, late)] == [1, 1]


async def test_chain_that_stalls_leaves_the_order_in_doubt_until_it_moves(
    here: World, eventually: Eventually
) -> None:
    """The answer is long overdue; what the stalled chain shows proves nothing about it."""
    name = cloid(1)
    await here.control("faults", {"stall": {"for_ms": 6_000}})
    await here.place(name, "0.5", price=PRICE, valid_for_ms=VALID_MS)
    await eventually(lambda: any(one.in_doubt for one in here.reports(name)), LONG_S)
    assert here.statuses(name) == {OrderStatus.PENDING.value}
    await eventually(lambda: OrderStatus.NEW in here.statuses(name), LONG_S)
    assert OrderStatus.REJECTED not in here.statuses(name)
    assert await accepted(here, name) == 1


CANCEL_FAULTS: tuple[dict[str, str], ...] = (
    {"fault": "lose_answer"},
    {"fault": "drop_request"},
    {"fault": "delay_answer"},
    {"fault": "fail_executed", "looks": "502"},
    {"fault": "fail_unexecuted", "looks": "502"},
    {"fault": "rate_limit"},
)


async def test_every_fault_of_a_cancel_ends_in_the_cancelled_order(
    here: World, eventually: Eventually
) -> None:
    names = [cloid(number) for number in range(len(CANCEL_FAULTS))]
    for name in names:
        await here.place(name, "0.5", price=PRICE)
    for name in names:
        await eventually(lambda name=name: OrderStatus.NEW in here.statuses(name))
    for name, fault in zip(names, CANCEL_FAULTS, strict=True):
        before = await fired(here)
        await here.control("faults", {"script": [{**fault, "on": "cancel_order"}]})
        await here.cancel(name)
        await until_fired(here, before)
    for name in names:
        await eventually(lambda name=name: OrderStatus.CANCELLED in here.statuses(name), LONG_S)
