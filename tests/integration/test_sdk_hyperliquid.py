"""The official hyperliquid-python-sdk, unchanged, trades on the paper exchange."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import pytest
from hyperliquid.utils.types import Cloid

from services.paper_hyperliquid.service import MASTER
from tests.conftest import Eventually
from tests.integration.paper_hyperliquid import (
    AGENT_KEY,
    PaperVenue,
    SdkClient,
    paper_hyperliquid,
)

ResultT = TypeVar("ResultT")
CLOID = Cloid.from_int(0xBEEF)


@pytest.fixture
async def venue() -> AsyncIterator[PaperVenue]:
    async with paper_hyperliquid() as running:
        yield running


@pytest.fixture
async def sdk(venue: PaperVenue) -> AsyncIterator[SdkClient]:
    client = await asyncio.to_thread(SdkClient, venue.base_url)
    yield client
    await asyncio.to_thread(client.close)


async def call(function: Callable[..., ResultT], *args: Any, **kwargs: Any) -> ResultT:
    """The SDK blocks, so its calls run beside the venue's loop."""
    return await asyncio.to_thread(function, *args, **kwargs)


def statuses(answer: Any) -> list[Any]:
    assert answer["status"] == "ok", answer
    return list(answer["response"]["data"]["statuses"])


async def rest(sdk: SdkClient, px: float, size: float, **options: Any) -> int:
    order_type = {"limit": {"tif": "Gtc"}}
    answer = await call(sdk.exchange.order, "SOL", True, size, px, order_type, **options)
    return int(statuses(answer)[0]["resting"]["oid"])


async def test_place_query_and_cancel(sdk: SdkClient) -> None:
    oid = await rest(sdk, 149.0, 1.0, cloid=CLOID)
    assert [o["oid"] for o in await call(sdk.info.open_orders, MASTER)] == [oid]
    assert (await call(sdk.info.query_order_by_oid, MASTER, oid))["order"]["status"] == "open"
    found = await call(sdk.info.query_order_by_cloid, MASTER, CLOID)
    assert found["order"]["order"]["oid"] == oid
    assert statuses(await call(sdk.exchange.cancel, "SOL", oid)) == ["success"]
    assert await call(sdk.info.frontend_open_orders, MASTER) == []


async def test_cancel_by_cloid(sdk: SdkClient) -> None:
    await rest(sdk, 149.0, 1.0, cloid=CLOID)
    assert statuses(await call(sdk.exchange.cancel_by_cloid, "SOL", CLOID)) == ["success"]
    gone = statuses(await call(sdk.exchange.cancel_by_cloid, "SOL", CLOID))[0]["error"]
    assert gone == "Order was never placed, already canceled, or filled. asset=5"


async def test_market_open_and_close(sdk: SdkClient) -> None:
    opened = statuses(await call(sdk.exchange.market_open, "SOL", True, 25.0))
    assert opened[0]["filled"]["totalSz"] == "25.0"
    state = await call(sdk.info.user_state, MASTER)
    assert state["assetPositions"][0]["position"]["szi"] == "25.0"
    fills = await call(sdk.info.user_fills, MASTER)
    assert [fill["sz"] for fill in fills] == ["5.0", "10.0", "10.0"]
    assert "filled" in statuses(await call(sdk.exchange.market_close, "SOL"))[0]
    assert (await call(sdk.info.user_state, MASTER))["assetPositions"] == []


async def test_the_user_stream_tells_orders_and_fills(
    sdk: SdkClient, eventually: Eventually
) -> None:
    sdk.listen("orderUpdates", "userFills", "userEvents")
    await eventually(lambda: sdk.on("userFills"))
    await call(sdk.exchange.market_open, "SOL", True, 25.0)
    await eventually(lambda: len(sdk.on("userFills")) == 2 and sdk.on("orderUpdates"))
    await eventually(lambda: sdk.on("user"))
    snapshot, news = sdk.on("userFills")
    assert snapshot == {"user": MASTER, "fills": [], "isSnapshot": True}
    assert [fill["sz"] for fill in news["fills"]] == ["10.0", "10.0", "5.0"]
    assert [update["status"] for update in sdk.on("orderUpdates")[0]] == ["open", "filled"]
    assert sdk.on("user")[0]["fills"] == news["fills"]


async def test_a_resting_order_is_filled_by_the_market(
    sdk: SdkClient, venue: PaperVenue, eventually: Eventually
) -> None:
    sdk.listen("userFills")
    await eventually(lambda: sdk.on("userFills"))
    oid = await rest(sdk, 150.0, 3.0)
    assert await venue.trade("sell", "150", "1") == 1
    assert await venue.trade("sell", "150", "2") == 1
    await eventually(lambda: len(sdk.on("userFills")) == 3)
    fills = [data["fills"][0] for data in sdk.on("userFills")[1:]]
    assert [(f["oid"], f["sz"], f["crossed"]) for f in fills] == [
        (oid, "1.0", False), (oid, "2.0", False),
    ]  # fmt: skip
    assert (await call(sdk.info.query_order_by_oid, MASTER, oid))["order"]["status"] == "filled"


async def test_modify_gives_a_new_oid(sdk: SdkClient) -> None:
    old = await rest(sdk, 149.0, 1.0, cloid=CLOID)
    order_type = {"limit": {"tif": "Gtc"}}
    answer = await call(
        sdk.exchange.modify_order, old, "SOL", True, 2.0, 148.0, order_type, cloid=CLOID
    )
    new = statuses(answer)[0]["resting"]["oid"]
    assert new != old
    assert [o["oid"] for o in await call(sdk.info.open_orders, MASTER)] == [new]


async def test_a_stop_order_waits_and_shows_its_condition(sdk: SdkClient) -> None:
    kind = {"trigger": {"isMarket": True, "triggerPx": 140.0, "tpsl": "sl"}}
    answer = await call(sdk.exchange.order, "SOL", False, 1.0, 120.0, kind, True)
    assert "resting" in statuses(answer)[0]
    order = (await call(sdk.info.frontend_open_orders, MASTER))[0]
    assert (order["orderType"], order["triggerCondition"]) == ("Stop Market", "Price below 140")


async def test_an_agent_approved_through_the_sdk_trades_for_its_master(
    sdk: SdkClient, venue: PaperVenue
) -> None:
    answer, agent_key = await call(sdk.exchange.approve_agent, "gw1")
    assert answer == {"status": "ok", "response": {"type": "default"}}
    agent = await asyncio.to_thread(SdkClient, venue.base_url, agent_key)
    oid = await rest(agent, 149.0, 1.0)
    await asyncio.to_thread(agent.close)
    assert [o["oid"] for o in await call(sdk.info.open_orders, MASTER)] == [oid]


async def test_the_standing_agent_trades_for_the_master(venue: PaperVenue) -> None:
    agent = await asyncio.to_thread(SdkClient, venue.base_url, AGENT_KEY)
    oid = await rest(agent, 149.0, 1.0)
    assert [o["oid"] for o in await call(agent.info.open_orders, MASTER)] == [oid]
    await asyncio.to_thread(agent.close)


async def test_leverage_expiry_and_schedule(sdk: SdkClient) -> None:
    assert (await call(sdk.exchange.update_leverage, 5, "SOL"))["status"] == "ok"
    sdk.exchange.set_expires_after(1)
    order = ("SOL", True, 1.0, 149.0, {"limit": {"tif": "Gtc"}})
    expired = await call(sdk.exchange.order, *order)
    assert expired == {"status": "err", "response": "Action already expired"}
    sdk.exchange.set_expires_after(None)
    refused = await call(sdk.exchange.schedule_cancel, None)
    assert "until enough volume traded" in refused["response"]


async def test_market_data(sdk: SdkClient) -> None:
    assert (await call(sdk.info.all_mids))["SOL"] == "150.0"
    book = await call(sdk.info.l2_snapshot, "SOL")
    assert [side[0]["px"] for side in book["levels"]] == ["149.99", "150.01"]
    universe, contexts = await call(sdk.info.meta_and_asset_ctxs)
    assert universe["universe"][5]["name"] == "SOL"
    assert contexts[5]["midPx"] == "150.0"
