"""Intents and decisions in the log become orders at the venue, and its answers facts in the log."""

import asyncio
import signal
from collections.abc import AsyncIterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tandem.cli.servers import LocalServer
from tandem.domain.execution import Liquidity, ReportSource
from tandem.domain.ids import ClientOrderId, HedgeId, Pool, Ticker, bucket_hash, taker_cloid
from tandem.domain.order import OrderStatus, RejectReason, TimeInForce
from tandem.messages import codec, subjects
from tandem.messages.hedges import Decision, TakerOrder
from tandem.messages.queries import AskKind, VenueBalance, VenueOrders, VenuePositions
from tandem.messages.reports import FillCost, FillReport, OrderReport, PositionReport, SpecsReport
from tests.conftest import Eventually
from tests.integration.gateway_hyperliquid import (
    ACCOUNT,
    AGENT,
    ASKS,
    EXC,
    SOL,
    START_S,
    World,
    cloid,
    gateway,
    nothing,
    paper,
    until_ready,
    world,
)

POOL = Pool("desk")
MAKER = cloid(1)
IOC, FOK = TimeInForce.IOC, TimeInForce.FOK


@pytest.fixture
async def here(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[World]:
    async with world(nats_server.url, tmp_path / "gateway.json") as running:
        yield running


async def rest(here: World, eventually: Eventually, amount: str = "0.5") -> None:
    """Place the maker order and wait until the venue's stream showed it."""
    await here.place(MAKER, amount, price=Decimal("149.95"))
    await eventually(lambda: ReportSource.EVENT in sources(here.reports(MAKER)))


def sources(reports: list[OrderReport]) -> set[ReportSource]:
    return {report.source for report in reports}


def fills_of(here: World, name: ClientOrderId) -> list[FillReport]:
    return [fill for fill in here.facts(FillReport) if fill.client_order_id == name]


def told_by(here: World, name: ClientOrderId, source: ReportSource) -> OrderReport | None:
    """Return what one source says of an order; another may have told it before."""
    return next((one for one in here.reports(name) if one.source is source), None)


def decided(amounts: tuple[str, ...], as_of: int, band_bp: str = "10") -> Decision:
    bucket = bucket_hash(EXC, SOL, POOL)
    takers = tuple(
        TakerOrder(
            client_order_id=taker_cloid(bucket, 0, 1, index),
            amount=Decimal(amount),
            band_bp=Decimal(band_bp),
            hard_cap_bp=Decimal(50),
        )
        for index, amount in enumerate(amounts)
    )
    return Decision(
        exc=EXC,
        ticker=SOL,
        pool=POOL,
        epoch=0,
        ordinal=1,
        as_of=as_of,
        need=sum((taker.amount for taker in takers), Decimal(0)),
        attempt=0,
        rules="test",
        takers=takers,
        hedge_ids=(HedgeId("h1"),),
    )


async def decide(here: World, *amounts: str, band_bp: str = "10") -> list[ClientOrderId]:
    """Log a decision as of now and return its takers' ids."""
    state = await here.bus.log.state()
    decision = decided(amounts, state.last_seq, band_bp)
    await here.bus.log.append(subjects.decision((EXC, SOL, POOL), 0, 1), codec.encode(decision))
    return [taker.client_order_id for taker in decision.takers]


async def test_an_order_rests_and_is_cancelled_by_its_client_id(
    here: World, eventually: Eventually
) -> None:
    await rest(here, eventually)

    await here.cancel(MAKER)
    await eventually(lambda: "CANCELLED" in here.statuses(MAKER))

    await eventually(lambda: sources(here.reports(MAKER)) >= {ReportSource.ACK, ReportSource.EVENT})
    assert here.statuses(MAKER) == {"NEW", "CANCELLED"}
    assert here.proven(MAKER) == {Decimal(0)}
    (order,) = await here.venue_orders()
    assert not order["is_open"]


async def test_a_maker_order_fills_in_parts(here: World, eventually: Eventually) -> None:
    await rest(here, eventually)

    await here.trade("sell", "149.95", "0.2")
    await here.trade("sell", "149.95", "0.3")
    await eventually(lambda: here.proven(MAKER) == {Decimal("0.5")})
    await eventually(lambda: len(here.facts(FillCost)) == 2)

    fills = fills_of(here, MAKER)
    assert [fill.last_qty for fill in fills] == [Decimal("0.2"), Decimal("0.3")]
    assert {fill.liquidity for fill in fills} == {Liquidity.MAKER}
    costs = {cost.exec_id: cost.fee_asset for cost in here.facts(FillCost)}
    assert costs == {fill.exec_id: "USDC" for fill in fills}
    assert "FILLED" in here.statuses(MAKER)


async def test_a_market_order_fills_in_two_blocks(here: World, eventually: Eventually) -> None:
    name = cloid(2)
    await here.quote()

    await here.place(name, "7")
    await eventually(lambda: here.proven(name) == {Decimal(7)} and len(fills_of(here, name)) == 2)

    prices = {fill.last_px: fill.last_qty for fill in fills_of(here, name)}
    assert prices == {Decimal("150.1"): Decimal(5), Decimal("150.2"): Decimal(2)}
    ack = next(one for one in here.reports(name) if one.source is ReportSource.ACK)
    assert (ack.order_status, ack.time_in_force) == (OrderStatus.FILLED, TimeInForce.IOC)


async def test_a_taker_is_priced_from_the_book_of_the_moment(
    here: World, eventually: Eventually
) -> None:
    await here.quote()

    (name,) = await decide(here, "-7")
    await eventually(lambda: here.proven(name) == {Decimal(7)} and len(fills_of(here, name)) == 2)

    prices = {fill.last_px for fill in fills_of(here, name)}
    assert prices == {Decimal("149.9"), Decimal("149.8")}
    (order,) = await here.venue_orders()
    middle = Decimal(150)
    assert middle * Decimal("0.99") < Decimal(order["price"]) < Decimal("149.8")


async def test_each_taker_of_a_decision_is_sent(here: World, eventually: Eventually) -> None:
    await here.quote()

    names = await decide(here, "2", "3")
    await eventually(lambda: all(here.proven(name) for name in names))

    assert [here.proven(name) for name in names] == [{Decimal(2)}, {Decimal(3)}]


async def test_what_a_taker_cannot_fill_within_its_band_ends(
    here: World, eventually: Eventually
) -> None:
    thin = [["150.10", "2"], ["153.00", "50"]]
    await here.quote(asks=thin)

    await here.place(cloid(3), "5", price=Decimal("150.20"), time_in_force=TimeInForce.IOC)
    await eventually(lambda: "EXPIRED" in here.statuses(cloid(3)))

    assert here.proven(cloid(3)) == {Decimal(2)}


async def test_a_taker_facing_half_a_book_is_priced_from_the_mark(
    here: World, eventually: Eventually
) -> None:
    await here.quote(bids=[], asks=ASKS)

    (name,) = await decide(here, "1")
    await eventually(lambda: here.proven(name))

    (order,) = await here.venue_orders()
    assert Decimal("150.10") <= Decimal(order["price"]) <= Decimal(150) * Decimal("1.0011")


REFUSED: list[tuple[str, dict[str, Any], RejectReason, ReportSource]] = [
    ("1", {"price": "150.10", "post_only": True}, RejectReason.POST_ONLY, ReportSource.ACK),
    ("1", {"price": "140", "time_in_force": IOC}, RejectReason.NO_MATCH, ReportSource.ACK),
    ("-1", {"price": "151", "reduce_only": True}, RejectReason.REDUCE_ONLY, ReportSource.ACK),
    ("30", {"price": "2"}, RejectReason.NO_MATCH, ReportSource.ACK),
    ("0.01", {"price": "149"}, RejectReason.SIZE, ReportSource.LOCAL),
    ("0.001", {"price": "149"}, RejectReason.SIZE, ReportSource.LOCAL),
    ("1", {"price": "149.123"}, RejectReason.INVALID, ReportSource.LOCAL),
    ("1", {"price": "149", "time_in_force": FOK}, RejectReason.INVALID, ReportSource.LOCAL),
    ("1", {"price": "149", "ticker": Ticker("SOLL")}, RejectReason.INVALID, ReportSource.LOCAL),
]


def refused_by(here: World, name: ClientOrderId, source: ReportSource) -> OrderReport | None:
    """Return the refusal by its source; the venue's stream may tell one before its answer does."""
    by_stream = told_by(here, name, ReportSource.EVENT) if source is ReportSource.ACK else None
    return told_by(here, name, source) or by_stream


async def test_each_refusal_has_its_class(here: World, eventually: Eventually) -> None:
    for number, (amount, terms, _, _) in enumerate(REFUSED, 100):
        await here.place(cloid(number), amount, **terms | {"price": Decimal(terms["price"])})
    names = [cloid(number) for number in range(100, 100 + len(REFUSED))]
    await eventually(lambda: all("REJECTED" in here.statuses(name) for name in names))

    for name, (_, terms, reason, source) in zip(names, REFUSED, strict=True):
        await eventually(partial(refused_by, here, name, source))
        report = refused_by(here, name, source)
        assert report is not None, terms
        assert (report.reason, bool(report.text)) == (reason, True), terms


async def test_positions_come_with_the_venues_time(here: World, eventually: Eventually) -> None:
    await here.quote()
    await here.place(cloid(2), "7")
    await eventually(lambda: len(fills_of(here, cloid(2))) == 2)
    last_fill_ns = max(fill.ts_event_ns for fill in fills_of(here, cloid(2)))

    await eventually(lambda: [one for one in here.facts(PositionReport) if one.amount == 7])

    position = here.facts(PositionReport)[-1]
    assert (position.ticker, position.amount) == (SOL, Decimal(7))
    assert position.ts_event_ns > last_fill_ns
    assert abs(position.entry - Decimal("150.12857")) < Decimal("0.001")


async def test_a_fill_during_a_cut_is_found_once(here: World, eventually: Eventually) -> None:
    await rest(here, eventually)

    here.relay.cut()
    await here.trade("sell", "149.95", "0.5")
    here.relay.mend()
    await eventually(lambda: here.proven(MAKER) == {Decimal("0.5")}, within_s=30)
    await eventually(lambda: fills_of(here, MAKER))

    (fill,) = fills_of(here, MAKER)
    assert fill.last_qty == Decimal("0.5")
    assert "FILLED" in here.statuses(MAKER)


async def test_a_cancel_of_what_filled_during_a_cut_finds_the_fill(
    here: World, eventually: Eventually
) -> None:
    await rest(here, eventually)
    await here.trade("sell", "149.95", "0.2")
    await eventually(lambda: fills_of(here, MAKER))

    here.relay.cut()
    await here.trade("sell", "149.95", "0.3")
    here.relay.mend()
    await here.cancel(MAKER)
    await eventually(lambda: here.proven(MAKER) == {Decimal("0.5")}, within_s=30)
    await eventually(lambda: len(fills_of(here, MAKER)) == 2)

    assert [fill.last_qty for fill in fills_of(here, MAKER)] == [Decimal("0.2"), Decimal("0.3")]


async def test_the_venue_answers_through_the_gateway(here: World, eventually: Eventually) -> None:
    await rest(here, eventually)

    balance = await here.ask(AskKind.BALANCE)
    orders = await here.ask(AskKind.ORDERS)
    positions = await here.ask(AskKind.POSITIONS)

    assert isinstance(balance, VenueBalance)
    assert (balance.asset, balance.equity) == ("USDC", Decimal(1_000_000))
    assert isinstance(orders, VenueOrders)
    assert [order.client_order_id for order in orders.orders] == [MAKER]
    assert isinstance(positions, VenuePositions)
    assert positions.positions == ()


async def test_the_table_of_instruments_is_logged(here: World) -> None:
    (specs,) = here.facts(SpecsReport)

    tradable = {one.ticker for one in specs.instruments if one.is_tradable}
    assert tradable == {"BTC", "ETH", "SOL", "ATOM", "kPEPE", "kDOGS"}
    assert {one.venue_asset_id for one in specs.instruments if one.ticker == "SOL"} == {5}


async def test_an_intent_logged_before_the_gateway_ran_is_looked_up_and_sent_once(
    nats_server: LocalServer, tmp_path: Path, eventually: Eventually
) -> None:
    async def ask_first(here: World) -> None:
        await here.place(MAKER, "0.5", price=Decimal("149.95"), valid_for_ms=60_000)

    async with world(nats_server.url, tmp_path / "gateway.json", ask_first) as here:
        await eventually(lambda: here.reports(MAKER), within_s=20)

        assert [order["is_open"] for order in await here.venue_orders()] == [True]
        assert here.statuses(MAKER) == {"NEW"}


async def test_a_gateway_killed_at_the_wire_leaves_one_order(
    nats_server: LocalServer, tmp_path: Path, eventually: Eventually
) -> None:
    crash = {"TANDEM_TESTING": "1", "TANDEM_CRASH_AT": "gateway.after_intent"}
    async with world(nats_server.url, tmp_path / "first.json", nothing, **crash) as here:
        await here.place(MAKER, "0.5", price=Decimal("149.95"), valid_for_ms=60_000)
        assert await asyncio.wait_for(here.ended(), START_S) == -signal.SIGKILL

        second = tmp_path / "second.json"
        async with gateway(nats_server.url, here.venue_port, second) as process:
            await until_ready(second, process)
            await eventually(lambda: here.reports(MAKER), within_s=20)
            orders = await here.venue_orders()

    assert [order["is_open"] for order in orders] == [True]
    assert here.statuses(MAKER) == {"NEW"}


async def test_an_agents_address_as_the_account_ends_the_gateway(
    nats_server: LocalServer, tmp_path: Path
) -> None:
    run_file = tmp_path / "gateway.json"
    async with (
        paper("--paused") as ports,
        gateway(nats_server.url, ports["port"], run_file, HYPERLIQUID_ACCOUNT=AGENT) as process,
    ):
        code = await asyncio.wait_for(process.wait(), START_S)

    assert code != 0
    assert ACCOUNT in run_file.with_suffix(".log").read_text()
