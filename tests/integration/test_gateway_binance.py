"""The Binance gateway between a real bus and a paper exchange: each a process of its own."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tandem.cli.servers import LocalServer
from tandem.domain.execution import Liquidity, ReportSource
from tandem.domain.ids import ClientOrderId, Ticker
from tandem.domain.order import OrderStatus, PriceMatch, RejectReason, TimeInForce
from tandem.messages import subjects
from tandem.messages.queries import AskKind, VenueBalance, VenueOrders, VenuePositions
from tandem.messages.reports import (
    FillCost,
    IntentRefused,
    LinkReport,
    LinkState,
    MarkReport,
    PositionReport,
)
from tests.conftest import Eventually
from tests.integration.binance_process import ASKS, BIDS
from tests.integration.gateway_binance import (
    CALL,
    EXC,
    SOL,
    STRATEGY,
    GatewayWorld,
    cloid,
    gateway_world,
)

NEW, FILLED = OrderStatus.NEW, OrderStatus.FILLED
CANCELLED, REJECTED = OrderStatus.CANCELLED, OrderStatus.REJECTED
# RFC 8032 test key 1, whose public half the paper exchange knows.
ED25519_PRIVATE = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
"""


@pytest.fixture
async def world(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[GatewayWorld]:
    # No limit of ours: what is too large for the account is for the exchange to refuse.
    async with gateway_world(nats_server.url, tmp_path, TANDEM_MOST_ORDER_NOTIONAL="0") as running:
        yield running


async def test_order_rests_and_is_cancelled(world: GatewayWorld, eventually: Eventually) -> None:
    await world.place(cloid(1), "1", price="140")
    await eventually(lambda: NEW in world.statuses(cloid(1)))
    await world.cancel(cloid(1))
    await eventually(lambda: CANCELLED in world.statuses(cloid(1)))
    told = {ReportSource.ACK, ReportSource.EVENT}
    await eventually(lambda: told <= {report.source for report in world.reports(cloid(1))})


async def test_maker_fills_in_pieces_each_logged_once(
    world: GatewayWorld, eventually: Eventually
) -> None:
    await world.place(cloid(2), "-3", price="150.00")
    await eventually(lambda: NEW in world.statuses(cloid(2)))
    for piece in ("1", "0.5", "1.5"):
        await world.venue.trade("buy", "150.00", piece)
    await eventually(lambda: FILLED in world.statuses(cloid(2)))
    await eventually(lambda: len(world.fills_of(cloid(2))) == 3)
    fills = world.fills_of(cloid(2))
    assert [fill.signed_qty for fill in fills] == [Decimal(-1), Decimal("-0.5"), Decimal("-1.5")]
    assert {fill.liquidity for fill in fills} == {Liquidity.MAKER}
    await eventually(lambda: len(world.facts(FillCost)) == 3)
    await eventually(lambda: world.facts(PositionReport)[-1].amount == Decimal(-3))


async def test_market_order_fills_in_two_blocks(
    world: GatewayWorld, eventually: Eventually
) -> None:
    await world.place(cloid(3), "8")
    await eventually(lambda: FILLED in world.statuses(cloid(3)))
    await eventually(lambda: len(world.fills_of(cloid(3))) == 2)
    assert {fill.last_px for fill in world.fills_of(cloid(3))} == {
        Decimal("150.01"),
        Decimal("150.02"),
    }


async def test_price_match_rests_five_levels_deep(
    world: GatewayWorld, eventually: Eventually
) -> None:
    await world.place(cloid(4), "-3", price_match=PriceMatch.QUEUE_5)
    await eventually(lambda: NEW in world.statuses(cloid(4)))
    assert {report.price for report in world.reports(cloid(4))} == {Decimal("150.05")}


LOCAL, ACK = ReportSource.LOCAL, ReportSource.ACK
REFUSALS: list[tuple[dict[str, Any], RejectReason, ReportSource]] = [
    ({"price": "151", "post_only": True}, RejectReason.POST_ONLY, ACK),
    ({"price": "140", "time_in_force": TimeInForce.FOK}, RejectReason.NO_MATCH, ACK),
    ({"price": "140", "reduce_only": True}, RejectReason.REDUCE_ONLY, ACK),
    ({"price": "300"}, RejectReason.NO_MATCH, ACK),
    ({"price": "140", "amount": "900000"}, RejectReason.MARGIN, ACK),
    ({"price": "140.001"}, RejectReason.INVALID, LOCAL),
    ({"price": "140", "amount": "0.001"}, RejectReason.SIZE, LOCAL),
    ({"price": "140", "amount": "0.01"}, RejectReason.SIZE, LOCAL),
    ({"price_match": PriceMatch.OPPONENT_10}, RejectReason.INVALID, LOCAL),
    ({"price": "140", "ticker": Ticker("SOLUSD")}, RejectReason.INVALID, LOCAL),
    ({"price": "140", "name": ClientOrderId("not legal")}, RejectReason.INVALID, LOCAL),
    ({"price": "140", "name": ClientOrderId("autoclose-1")}, RejectReason.INVALID, LOCAL),
]


async def test_each_refusal_is_logged_once_with_its_class(
    world: GatewayWorld, eventually: Eventually
) -> None:
    expected = {}
    for number, (terms, reason, source) in enumerate(REFUSALS):
        order = {"name": cloid(100 + number), "amount": "1", **terms}
        expected[order["name"]] = (REJECTED, reason, source)
        await world.place(order.pop("name"), order.pop("amount"), **order)
    await eventually(lambda: all(world.reports(name) for name in expected))
    reports = [report for name in expected for report in world.reports(name)]
    assert len(reports) == len(expected)
    assert all(report.text for report in reports)
    assert expected == {
        report.client_order_id: (report.order_status, report.reason, report.source)
        for report in reports
    }


async def test_what_a_cut_connection_missed_is_backfilled(
    world: GatewayWorld, eventually: Eventually
) -> None:
    await world.place(cloid(6), "-3", price="150.00")
    await eventually(lambda: NEW in world.statuses(cloid(6)))
    world.relay.cut()
    await eventually(lambda: world.facts(LinkReport)[-1].state is LinkState.DOWN)
    await world.venue.trade("buy", "150.00", "1")
    await world.venue.trade("buy", "150.00", "2")
    world.relay.mend()
    await eventually(lambda: world.facts(LinkReport)[-1].state is LinkState.RESYNCED)
    await eventually(lambda: FILLED in world.statuses(cloid(6)))
    fills = world.fills_of(cloid(6))
    assert [fill.last_qty for fill in fills] == [Decimal(1), Decimal(2)]
    assert {fill.source for fill in fills} == {ReportSource.QUERY}
    assert world.facts(PositionReport)[-1].amount == Decimal(-3)


async def test_cancel_of_an_order_nobody_knows_is_refused_once(
    world: GatewayWorld, eventually: Eventually
) -> None:
    await world.cancel(cloid(7))
    await eventually(lambda: world.facts(IntentRefused))
    (refused,) = world.facts(IntentRefused)
    assert refused.subject == subjects.cancel_order(EXC, STRATEGY, cloid(7), CALL)


async def test_taker_of_a_decision_goes_out_at_once_inside_its_band(
    world: GatewayWorld, eventually: Eventually
) -> None:
    await world.venue.show(BIDS, ASKS)
    await eventually(lambda: bool(world.facts(MarkReport)))
    name = await world.decide("-2")
    await eventually(lambda: FILLED in world.statuses(name))
    prices = {report.price for report in world.reports(name) if report.price}
    assert all(Decimal("149.80") <= price <= Decimal("149.99") for price in prices)
    assert {report.time_in_force for report in world.reports(name)} == {TimeInForce.IOC}


async def test_session_of_an_ed25519_key_places_orders(
    nats_server: LocalServer, tmp_path: Path, eventually: Eventually
) -> None:
    pem = tmp_path / "key.pem"
    pem.write_text(ED25519_PRIVATE)
    keys = {"BINANCE_API_KEY": "paper-binance-ed25519", "BINANCE_API_SECRET": ""}
    variables = {**keys, "BINANCE_ED25519_KEY_FILE": str(pem)}
    async with gateway_world(nats_server.url, tmp_path, **variables) as world:
        await world.place(cloid(13), "1", price="140")
        await eventually(lambda: NEW in world.statuses(cloid(13)))
        await world.cancel(cloid(13))
        await eventually(lambda: CANCELLED in world.statuses(cloid(13)))


async def test_venue_is_asked_through_the_gateway(
    world: GatewayWorld, eventually: Eventually
) -> None:
    await world.place(cloid(8), "2")
    await world.place(cloid(9), "1", price="140")
    await eventually(lambda: FILLED in world.statuses(cloid(8)))
    await eventually(lambda: NEW in world.statuses(cloid(9)))
    positions = await world.ask(AskKind.POSITIONS)
    orders = await world.ask(AskKind.ORDERS)
    balance = await world.ask(AskKind.BALANCE)
    assert isinstance(positions, VenuePositions)
    assert isinstance(orders, VenueOrders)
    assert isinstance(balance, VenueBalance)
    assert [(row.ticker, row.amount) for row in positions.positions] == [(SOL, Decimal(2))]
    assert [row.client_order_id for row in orders.orders] == [cloid(9)]
    assert balance.asset == "USDT"


async def test_killed_gateway_takes_up_where_it_was(
    world: GatewayWorld, eventually: Eventually
) -> None:
    await world.place(cloid(10), "-3", price="150.00")
    await eventually(lambda: NEW in world.statuses(cloid(10)))
    await asyncio.to_thread(world.gateway.kill)
    await world.venue.trade("buy", "150.00", "3")
    await world.place(cloid(11), "1", price="140", valid_for_ms=60_000)
    await asyncio.to_thread(world.gateway.start)
    await eventually(lambda: FILLED in world.statuses(cloid(10)))
    await eventually(lambda: NEW in world.statuses(cloid(11)))
    books = await world.venue.books()
    assert [order["client_order_id"] for order in books["orders"]].count(cloid(11)) == 1
