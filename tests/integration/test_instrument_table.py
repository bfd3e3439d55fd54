"""An instrument table that has changed at the venue: read at once, not ten minutes later."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from tandem.cli.servers import LocalServer
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderStatus, RejectReason
from tandem.messages.reports import SpecsReport
from tests.conftest import Eventually
from tests.integration.gateway_binance import GatewayWorld, cloid, gateway_world

NEW, REJECTED = OrderStatus.NEW, OrderStatus.REJECTED


@pytest.fixture
async def world(
    nats_server: LocalServer, tmp_path: Path, eventually: Eventually
) -> AsyncIterator[GatewayWorld]:
    async with gateway_world(nats_server.url, tmp_path) as running:
        await eventually(lambda: running.facts(SpecsReport))
        yield running


def listed(world: GatewayWorld) -> Instrument:
    """Return SOLUSDT as the log's newest table has it."""
    table = world.facts(SpecsReport)[-1].instruments
    return next(one for one in table if one.ticker == "SOLUSDT")


async def change(world: GatewayWorld, **what: object) -> None:
    await world.venue.control("listing", {"symbol": "SOLUSDT", **what})


async def test_c7_a_refusal_for_the_price_has_the_table_read_at_once(
    world: GatewayWorld, eventually: Eventually
) -> None:
    await eventually(lambda: listed(world).tick == Decimal("0.01"))
    await change(world, tick="0.05")

    await world.place(cloid(1), "1", price="140.01")
    await eventually(lambda: REJECTED in world.statuses(cloid(1)))

    await eventually(lambda: listed(world).tick == Decimal("0.05"))
    await world.place(cloid(2), "1", price="140.05")
    await eventually(lambda: NEW in world.statuses(cloid(2)))


@pytest.mark.parametrize(
    ("changed", "amount", "right"),
    [({"lot": "0.1"}, "1.05", "1.1"), ({"min_notional": "200"}, "1", "2")],
)
async def test_c7_a_refusal_for_the_size_has_the_table_read_at_once(
    world: GatewayWorld, eventually: Eventually, changed: dict[str, str], amount: str, right: str
) -> None:
    former = listed(world)
    await change(world, **changed)

    await world.place(cloid(1), amount, price="140")
    await eventually(lambda: REJECTED in world.statuses(cloid(1)))
    assert world.reports(cloid(1))[-1].reason is RejectReason.SIZE

    await eventually(lambda: listed(world) != former)
    await world.place(cloid(2), right, price="140")
    await eventually(lambda: NEW in world.statuses(cloid(2)))


async def test_c7_an_order_that_only_the_old_table_refuses_has_it_read_as_well(
    world: GatewayWorld, eventually: Eventually
) -> None:
    await change(world, tick="0.001")

    await world.place(cloid(1), "1", price="140.005")
    await eventually(lambda: REJECTED in world.statuses(cloid(1)))

    await eventually(lambda: listed(world).tick == Decimal("0.001"))


async def test_c2_a_symbol_that_stops_trading_is_told_when_an_order_is_refused_for_it(
    world: GatewayWorld, eventually: Eventually
) -> None:
    await change(world, status="SETTLING")

    await world.place(cloid(1), "1", price="140")
    await eventually(lambda: REJECTED in world.statuses(cloid(1)))

    assert world.reports(cloid(1))[-1].reason is RejectReason.MARKET_STATE
    await eventually(lambda: listed(world).status == "SETTLING")
    assert not listed(world).is_tradable


async def test_c7_a_flood_of_refusals_does_not_ask_for_the_table_each_time(
    world: GatewayWorld, eventually: Eventually
) -> None:
    before = world.relay.asked.count("/fapi/v1/exchangeInfo")

    for number in range(20):
        name = cloid(number)
        await world.place(name, "1", price="140.001")
        await eventually(lambda name=name: REJECTED in world.statuses(name))

    assert world.relay.asked.count("/fapi/v1/exchangeInfo") - before < 10
