"""Hyperliquid orders whose outcome is unknown: found or proven absent, and never sent twice."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from tandem.cli.servers import LocalServer
from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId
from tandem.domain.order import OrderStatus
from tandem.messages.reports import FillReport
from tests.conftest import Eventually
from tests.integration.gateway_hyperliquid import World, cloid, world

PRICE = Decimal("149.95")
LONG_S = 20.0


@pytest.fixture
async def here(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[World]:
    async with world(nats_server.url, tmp_path / "gateway.json") as running:
        yield running


def is_found(here: World, name: ClientOrderId) -> bool:
    return any(
        report.source is ReportSource.QUERY and report.order_status is OrderStatus.NEW
        for report in here.reports(name)
    )


def filled(here: World, name: ClientOrderId) -> Decimal:
    fills = [one for one in here.facts(FillReport) if one.client_order_id == name]
    return sum((one.last_qty for one in fills), Decimal(0))


async def placed(here: World, name: ClientOrderId) -> int:
    return sum(order["client_order_id"] == name for order in await here.venue_orders())


async def test_lost_answer_to_an_accepted_order_is_found_by_lookup(
    here: World, eventually: Eventually
) -> None:
    name = cloid(1)
    await here.control("faults", {"lose_answers": True, "mute_users": True})
    await here.place(name, "0.5", price=PRICE)
    await eventually(lambda: is_found(here, name), LONG_S)
    # A periodic backfill may find it before the answer is overdue; then there is no doubt to log.
    assert sum(report.in_doubt for report in here.reports(name)) <= 1
    assert OrderStatus.REJECTED not in here.statuses(name)
    assert await placed(here, name) == 1


async def test_order_that_queries_hide_for_a_while_is_not_sent_again(
    here: World, eventually: Eventually
) -> None:
    name = cloid(2)
    hidden = {"lose_answers": True, "mute_users": True, "hide_orders": True}
    await here.control("faults", hidden)
    await here.place(name, "0.5", price=PRICE, valid_for_ms=30_000)
    await eventually(lambda: OrderStatus.NEW in here.statuses(name), LONG_S)
    assert await placed(here, name) == 1


async def test_quantity_of_a_partly_filled_order_is_proven_by_its_lookup(
    nats_server: LocalServer, tmp_path: Path, eventually: Eventually
) -> None:
    name = cloid(5)
    run_file = tmp_path / "gateway.json"
    async with world(nats_server.url, run_file, TANDEM_BACKFILL_SECONDS="3600") as here:
        await here.quote(asks=[["150.01", "0.5"]])
        await here.control("faults", {"lose_answers": True, "mute_users": True})
        await here.place(name, "2")
        await eventually(lambda: here.proven(name) == {Decimal("0.5")}, LONG_S)
        assert filled(here, name) == Decimal("0.5")
        assert await placed(here, name) == 1


async def test_many_orders_never_sent_are_refused_together_within_the_budget(
    nats_server: LocalServer, tmp_path: Path, eventually: Eventually
) -> None:
    names = [cloid(100 + n) for n in range(12)]

    async def ask(here: World) -> None:
        for name in names:
            await here.place(name, "0.5", price=PRICE, valid_for_ms=1_000)

    async with world(nats_server.url, tmp_path / "gateway.json", ask) as here:
        refused = {OrderStatus.REJECTED.value}
        await eventually(lambda: all(here.statuses(name) == refused for name in names), LONG_S)
        assert await here.venue_orders() == []


async def test_busy_venue_delays_an_order_and_drops_nothing(
    here: World, eventually: Eventually
) -> None:
    name = cloid(3)
    await here.control("faults", {"refuse_busy": True})
    await here.place(name, "0.5", price=PRICE, valid_for_ms=30_000)
    await here.control("faults", {})
    await eventually(lambda: OrderStatus.NEW in here.statuses(name), LONG_S)
    assert await placed(here, name) == 1


async def test_fills_told_twice_are_logged_once(here: World, eventually: Eventually) -> None:
    name = cloid(4)
    await here.control("faults", {"repeat_fills": True})
    await here.place(name, "2")
    await eventually(lambda: OrderStatus.FILLED in here.statuses(name), LONG_S)
    await eventually(lambda: filled(here, name) == 2, LONG_S)
    assert here.proven(name) == {Decimal(2)}
