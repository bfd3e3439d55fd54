"""Orders whose outcome is unknown: each is found or proven absent, and none is sent twice."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tandem.cli.servers import LocalServer
from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId
from tandem.domain.order import OrderStatus, RejectReason
from tandem.messages.reports import MarkReport
from tests.conftest import Eventually
from tests.integration.gateway_binance import GatewayWorld, cloid, gateway_world

LONG_S = 20.0


@pytest.fixture
async def world(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[GatewayWorld]:
    async with gateway_world(nats_server.url, tmp_path) as running:
        yield running


async def disturb(world: GatewayWorld, *, mute: bool = True, **answer: Any) -> None:
    """Disturb the next placement; with `mute`, the user stream does not tell of it either."""
    events = [{"action": "DROP", "event": "ORDER_TRADE_UPDATE", "count": 1}] if mute else []
    body = {"answers": [{"operation": "place_order", **answer}], "events": events}
    await world.venue.control("faults", body)


def doubts(world: GatewayWorld, name: ClientOrderId) -> int:
    return sum(report.in_doubt for report in world.reports(name))


def is_found(world: GatewayWorld, name: ClientOrderId) -> bool:
    return any(
        report.source is ReportSource.QUERY and report.order_status is OrderStatus.NEW
        for report in world.reports(name)
    )


async def placed(world: GatewayWorld, name: ClientOrderId) -> int:
    """Return how many orders the venue itself ever accepted under a client id."""
    books = await world.venue.books()
    return sum(order["client_order_id"] == name for order in books["orders"])


@pytest.mark.parametrize("breakdown", ["TIMEOUT", "UNEXPECTED", "UNKNOWN"])
async def test_unclear_answer_to_an_accepted_order_is_found_by_lookup(
    world: GatewayWorld, eventually: Eventually, breakdown: str
) -> None:
    name = cloid(1)
    await disturb(world, breakdown=breakdown, is_executed=True)
    await world.place(name, "1", price="140")
    await eventually(lambda: is_found(world, name))
    assert doubts(world, name) == 1
    assert OrderStatus.REJECTED not in world.statuses(name)
    assert await placed(world, name) == 1


async def test_lost_answer_to_an_accepted_order_is_found_by_lookup(
    world: GatewayWorld, eventually: Eventually
) -> None:
    name = cloid(2)
    await disturb(world, is_lost=True)
    await world.place(name, "1", price="140")
    await eventually(lambda: is_found(world, name))
    assert await placed(world, name) == 1


async def test_unclear_answer_to_an_order_that_never_arrived_is_sent_again_once_proven(
    world: GatewayWorld, eventually: Eventually
) -> None:
    name = cloid(3)
    await disturb(world, mute=False, breakdown="TIMEOUT", is_executed=False)
    await world.place(name, "1", price="140", valid_for_ms=30_000)
    await eventually(lambda: OrderStatus.NEW in world.statuses(name), LONG_S)
    assert doubts(world, name) == 1
    assert await placed(world, name) == 1


async def test_order_that_never_arrived_and_is_no_longer_valid_is_rejected_once(
    world: GatewayWorld, eventually: Eventually
) -> None:
    name = cloid(4)
    await disturb(world, mute=False, breakdown="TIMEOUT", is_executed=False)
    await world.place(name, "1", price="140", valid_for_ms=500)
    await eventually(lambda: OrderStatus.REJECTED in world.statuses(name), LONG_S)
    rejected = [one for one in world.reports(name) if one.order_status is OrderStatus.REJECTED]
    assert [one.reason for one in rejected] == [RejectReason.NOT_SENT]
    assert await placed(world, name) == 0


async def test_taker_that_filled_without_an_answer_is_counted_and_not_repeated(
    world: GatewayWorld, eventually: Eventually
) -> None:
    await eventually(lambda: bool(world.facts(MarkReport)))
    events = [{"action": "DROP", "event": "", "count": 20}]
    answers = [{"operation": "place_order", "breakdown": "TIMEOUT", "is_executed": True}]
    await world.venue.control("faults", {"answers": answers, "events": events})
    name = await world.decide("1")
    await eventually(lambda: OrderStatus.FILLED in world.statuses(name), LONG_S)
    await eventually(lambda: len(world.fills_of(name)) == 1, LONG_S)
    assert [fill.signed_qty for fill in world.fills_of(name)] == [Decimal(1)]
    assert await placed(world, name) == 1


async def test_order_that_queries_do_not_show_at_first_is_not_sent_again(
    world: GatewayWorld, eventually: Eventually
) -> None:
    name = cloid(6)
    await world.venue.control("faults", {"hidden_ms": 1_500})
    await disturb(world, breakdown="TIMEOUT", is_executed=True)
    await world.place(name, "1", price="140", valid_for_ms=30_000)
    await eventually(lambda: OrderStatus.NEW in world.statuses(name), LONG_S)
    assert await placed(world, name) == 1


async def test_throttled_order_waits_and_goes_out(
    world: GatewayWorld, eventually: Eventually
) -> None:
    name = cloid(7)
    await disturb(world, mute=False, breakdown="BUSY", is_executed=False)
    await world.place(name, "1", price="140")
    await eventually(lambda: OrderStatus.NEW in world.statuses(name))
    assert doubts(world, name) == 0
    assert await placed(world, name) == 1


async def test_order_that_came_too_late_for_the_venue_is_sent_again_within_its_validity(
    world: GatewayWorld, eventually: Eventually
) -> None:
    name = cloid(10)
    world.relay.slow_s = 1.3
    await world.place(name, "1", price="140", valid_for_ms=4_000)
    await eventually(lambda: doubts(world, name) == 1)
    world.relay.slow_s = 0.0
    await eventually(lambda: world.statuses(name) > {OrderStatus.PENDING}, LONG_S)
    assert OrderStatus.NEW in world.statuses(name)
    assert await placed(world, name) == 1


async def test_cancel_during_a_doubt_waits_for_the_order(
    world: GatewayWorld, eventually: Eventually
) -> None:
    name = cloid(8)
    await disturb(world, is_lost=True)
    await world.place(name, "1", price="140")
    await world.cancel(name)
    await eventually(lambda: OrderStatus.CANCELLED in world.statuses(name), LONG_S)
    assert await placed(world, name) == 1
