"""What a newcomer meets first: prices after init, receipts of cancels, callbacks of hedges."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal as D
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.hedger.fold.router import HedgerFold
from services.hedger.policy.rules import DEFAULT_RULES
from services.order_state.fold import OrderFold
from tandem import OMS
from tandem.cli.servers import LocalServer
from tandem.client.oms import ClientOptions
from tandem.domain.errors import UnavailableError
from tandem.domain.order import OrderStatus
from tests.conftest import Eventually
from tests.integration.state_services import EXC, TICKER, World, start_world

Change = dict[str, Any]


@pytest.fixture
async def world(nats_server: LocalServer) -> AsyncIterator[World]:
    """A server, one copy of each state service, one listed instrument without a price."""
    made = await start_world(nats_server.url, is_priced=False)
    yield made
    await made.close()


@pytest.fixture
async def oms(world: World) -> AsyncIterator[OMS]:
    async with OMS(world.url, strategy="s") as made:
        yield made


async def test_f4_a_receipt_is_the_same_however_late_it_is_awaited(
    world: World, oms: OMS, eventually: Eventually
) -> None:
    handles = [await oms.limit_order(EXC, TICKER, 1, price=100 + n) for n in range(3)]
    await world.report(handles[0].cloid, OrderStatus.CANCELLED, "0")
    await handles[0].done(timeout_s=5)
    early, late = await oms.cancel_open_orders(EXC), await oms.cancel_open_orders(EXC)
    later = await oms.limit_order(EXC, TICKER, 1, price=90)
    awaited = asyncio.ensure_future(early.done(timeout_s=5))
    for number, handle in enumerate((*handles[1:], later), start=1):
        await world.report(handle.cloid, OrderStatus.CANCELLED, str(number))
    rows = await awaited
    await later.done(timeout_s=5)
    assert [row.client_order_id for row in rows] == [one.cloid for one in handles[1:]]
    assert await late.done(timeout_s=5) == rows
    assert await early.done(timeout_s=5) == rows


async def test_f1_prices_of_what_is_mirrored_are_there_after_init(
    world: World, oms: OMS, eventually: Eventually
) -> None:
    await oms.limit_order(EXC, TICKER, 1, price=100)
    await eventually(lambda: len(oms.orders_peek(EXC)) == 1)
    late = OMS(world.url, strategy="late", options=ClientOptions(prices_timeout_s=3_600.0))
    joining = asyncio.ensure_future(late.init())
    await eventually(lambda: EXC in late._positions)
    assert not joining.done()
    await world.mark("99.5")
    await joining
    assert late.lagged_price(EXC, TICKER).mid == D("99.5")
    await late.cleanup()


async def test_f1_every_stored_price_is_read_before_init_returns(
    world: World, eventually: Eventually
) -> None:
    for number in range(200):
        await world.mark("99.5", f"T{number}")
    late = OMS(world.url, strategy="late", options=ClientOptions(prices_timeout_s=3_600.0))
    joining = asyncio.ensure_future(late.init())
    await eventually(lambda: bool(late._readings))
    prices = late._readings[-1]
    prices.pause()
    await eventually(lambda: EXC in late._positions and not late.stale)
    assert not joining.done()
    prices.resume()
    await joining
    assert len(late.tables.marks) == 200
    await late.cleanup()


async def test_f1_init_goes_on_where_no_gateway_tells_a_price(
    world: World, oms: OMS, eventually: Eventually
) -> None:
    await oms.limit_order(EXC, TICKER, 1, price=100)
    await eventually(lambda: len(oms.orders_peek(EXC)) == 1)
    options = ClientOptions(prices_timeout_s=0.1)
    async with OMS(world.url, strategy="late", options=options) as late:
        with pytest.raises(UnavailableError, match="no price of SOL"):
            late.lagged_price(EXC, TICKER)


async def test_clients_start_while_the_hedger_is_away(world: World, eventually: Eventually) -> None:
    (hedger,) = world.copies.pop("hedger")
    await hedger.kill()
    options = ClientOptions(hedger_timeout_s=0.05)
    async with OMS(world.url, strategy="s", options=options) as oms:
        assert oms.stale == ("tandem.page.hedges",)
        handle = await oms.limit_order(EXC, TICKER, 1, price=100)
        await world.report(handle.cloid, OrderStatus.NEW, "7")
        await handle.acknowledged(timeout_s=5)
        link = await oms.hedge_order(
            {"exc": EXC, "ticker": TICKER, "amount": 1, "price": 100},
            {"exc": EXC, "ticker": TICKER},
        )
        assert link.link is None
        await world.add(HedgerFold(DEFAULT_RULES))
        await eventually(lambda: not oms.stale and link.link is not None)


async def test_a_page_is_stale_until_it_is_taken_anew(world: World, oms: OMS) -> None:
    assert oms.stale == ()
    (positions,) = world.copies.pop("position-state")
    await positions.kill()
    oms._feed.epoch_began(1)
    assert f"tandem.page.positions {EXC}" in oms.stale


async def test_f14_hedges_have_callbacks(world: World, oms: OMS, eventually: Eventually) -> None:
    changes: list[Change] = []
    pages: list[list[str]] = []
    hedges = await oms.hedges_mirror(
        on_update=lambda page: pages.append(list(page.as_dict())), on_delta=changes.append
    )
    link = await oms.hedge_order(
        {"exc": EXC, "ticker": TICKER, "amount": 1, "price": 100}, {"exc": EXC, "ticker": TICKER}
    )
    await eventually(lambda: [link.hedge_id] in pages)
    (row,) = hedges.as_list()
    assert (row["state"], row["maker_amount"], row["strategy"]) == ("WORKING", D(1), "s")
    assert [one["hedge_id"] for one in changes if "hedge_id" in one][:1] == [link.hedge_id]
    assert hedges is oms.hedges
    assert repr(hedges) == repr([row])


async def test_f7_each_end_is_one_line_whoever_reads_the_log_again(
    world: World, oms: OMS, eventually: Eventually
) -> None:
    with capture_logs() as lines:
        handle = await oms.limit_order(EXC, TICKER, 1, price=100)
        await world.report(handle.cloid, OrderStatus.CANCELLED, "7")
        await handle.done(timeout_s=5)
        await world.add(OrderFold())  # another copy, which reads the whole log
    told = [line for line in lines if line.get("cloid") == handle.cloid]
    assert [(line["ord_status"], line["oid"]) for line in told] == [("CANCELLED", "7")]
