"""The paper exchange's WebSocket, frame by frame."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.service import MASTER
from tests.integration.paper_hyperliquid import (
    SOL,
    PaperVenue,
    Socket,
    paper_hyperliquid,
)

CLOID = "0x0000000000000000000000000000beef"


@pytest.fixture
async def venue() -> AsyncIterator[PaperVenue]:
    async with paper_hyperliquid() as running:
        yield running


@pytest.fixture
async def socket(venue: PaperVenue) -> Socket:
    return await venue.connect()


def order(side: str, px: str, size: str, tif: str = "Gtc", **changes: object) -> dict[str, Any]:
    wire = {"a": SOL, "b": side == "buy", "p": px, "s": size, "r": False}
    orders = [wire | {"t": {"limit": {"tif": tif}}} | changes]
    return {"type": "order", "orders": orders, "grouping": "na"}


async def act(venue: PaperVenue, socket: Socket, action: dict[str, Any]) -> Any:
    """Post an action over the socket and return the payload of its answer."""
    request = {"type": "action", "payload": venue.signed(action)}
    await socket.send({"method": "post", "id": 7, "request": request})
    data = await socket.on("post")
    assert data["id"] == 7
    return data["response"]["payload"]


async def test_a_posted_action_is_answered_before_its_news(
    venue: PaperVenue, socket: Socket
) -> None:
    await socket.subscribe("userFills", user=MASTER)
    await socket.subscribe("orderUpdates", user=MASTER)
    payload = await act(venue, socket, order("buy", "151", "15", "Ioc", c=CLOID))
    assert payload["response"]["data"]["statuses"][0]["filled"]["cloid"] == CLOID
    fills = (await socket.on("userFills"))["fills"]
    updates = await socket.on("orderUpdates")
    assert [fill["sz"] for fill in fills] == ["10.0", "5.0"]
    assert [(u["status"], u["order"]["sz"]) for u in updates] == [
        ("open", "15.0"), ("filled", "0.0"),
    ]  # fmt: skip


async def test_a_posted_question_is_answered_with_its_type(socket: Socket) -> None:
    payload = {"type": "l2Book", "coin": "SOL"}
    await socket.send({"method": "post", "id": 1, "request": {"type": "info", "payload": payload}})
    response = (await socket.on("post"))["response"]
    assert response["type"] == "info"
    assert response["payload"]["type"] == "l2Book"
    assert response["payload"]["data"]["levels"][0][0] == {"px": "149.99", "sz": "10.0", "n": 1}


@pytest.mark.parametrize(
    ("kind", "payload", "text"),
    [
        ("info", {"type": "nothing"},
         "422 Unprocessable Entity: Failed to deserialize the JSON body into the target type"),
        ("action", {"action": {}},
         "422 Unprocessable Entity: Failed to deserialize the JSON body into the target type"),
        ("info", {"type": "recentTrades", "coin": "NONE"}, "500 Internal Server Error: null"),
    ],
)  # fmt: skip
async def test_a_faulty_post_is_answered_as_an_error(
    socket: Socket, kind: str, payload: object, text: str
) -> None:
    await socket.send({"method": "post", "id": 3, "request": {"type": kind, "payload": payload}})
    assert await socket.on("post") == {"id": 3, "response": {"type": "error", "payload": text}}


async def test_order_updates_have_no_snapshot(venue: PaperVenue, socket: Socket) -> None:
    await venue.post("/exchange", venue.signed(order("buy", "149", "1")))
    await socket.subscribe("orderUpdates", user=MASTER)
    await socket.send({"method": "ping"})
    assert (await socket.next()) == {"channel": "pong"}


async def test_fills_begin_with_a_snapshot(venue: PaperVenue, socket: Socket) -> None:
    await venue.post("/exchange", venue.signed(order("buy", "151", "1", "Ioc")))
    confirmed = await socket.subscribe("userFills", user=MASTER.upper().replace("0X", "0x"))
    assert confirmed["data"]["subscription"]["user"] == MASTER
    data = await socket.on("userFills")
    assert data["isSnapshot"] is True
    assert len(data["fills"]) == 1


async def test_a_second_subscription_is_an_error_without_a_snapshot(socket: Socket) -> None:
    await socket.subscribe("userFills", user=MASTER)
    await socket.on("userFills")
    error = await socket.subscribe("userFills", user=MASTER)
    assert error["channel"] == "error"
    assert error["data"].startswith("Already subscribed: {")
    await socket.send({"method": "ping"})
    assert (await socket.next()) == {"channel": "pong"}


async def test_unsubscribing_ends_the_frames(venue: PaperVenue, socket: Socket) -> None:
    await socket.subscribe("orderUpdates", user=MASTER)
    message = {"method": "unsubscribe", "subscription": {"type": "orderUpdates", "user": MASTER}}
    await socket.send(message)
    assert (await socket.on("subscriptionResponse"))["method"] == "unsubscribe"
    await act(venue, socket, order("buy", "149", "1"))
    await socket.send(message)
    error = await socket.next()
    assert error["data"].startswith("Already unsubscribed: ")


@pytest.mark.parametrize(
    "subscription",
    [{"type": "nothing"}, {"type": "bbo", "coin": "NONE"}, {"type": "orderUpdates"},
     {"type": "orderUpdates", "user": "me"}],
)  # fmt: skip
async def test_an_invalid_subscription_is_an_error(
    socket: Socket, subscription: dict[str, object]
) -> None:
    await socket.send({"method": "subscribe", "subscription": subscription})
    assert (await socket.on("error")).startswith("Invalid subscription {")


@pytest.mark.parametrize("text", ["{", '{"method":"sing"}', '{"method":"post"}'])
async def test_what_is_no_request_is_quoted_back(socket: Socket, text: str) -> None:
    await socket.socket.send_str(text)
    expected = f"Error parsing JSON into valid websocket request: {text}"
    assert await socket.on("error") == expected


async def test_the_market_fills_a_resting_order(venue: PaperVenue, socket: Socket) -> None:
    payload = await act(venue, socket, order("buy", "150", "3", c=CLOID))
    oid = payload["response"]["data"]["statuses"][0]["resting"]["oid"]
    await socket.subscribe("userFills", user=MASTER)
    await socket.on("userFills")
    await venue.trade("sell", "150", "1")
    fill = (await socket.on("userFills"))["fills"][0]
    assert (fill["oid"], fill["cloid"], fill["crossed"], fill["dir"]) == (
        oid, CLOID, False, "Open Long",
    )  # fmt: skip
    assert (fill["fee"], fill["startPosition"]) == ("0.0225", "0.0")


async def test_user_events_tell_cancels_that_nobody_asked_for(
    venue: PaperVenue, socket: Socket
) -> None:
    payload = await act(venue, socket, order("buy", "150", "1"))
    oid = payload["response"]["data"]["statuses"][0]["resting"]["oid"]
    await socket.subscribe("userEvents", user=MASTER)
    await act(venue, socket, order("sell", "150", "1", "Ioc"))
    event = await socket.until(lambda f: f["channel"] == "user" and "nonUserCancel" in f["data"])
    assert event["data"]["nonUserCancel"] == [{"coin": "SOL", "oid": oid}]


async def test_best_prices_are_told_when_they_change(venue: PaperVenue, socket: Socket) -> None:
    await socket.subscribe("bbo", coin="SOL")
    first = await socket.on("bbo")
    assert [level["px"] for level in first["bbo"]] == ["149.99", "150.01"]
    await act(venue, socket, order("buy", "140", "1"))
    await act(venue, socket, order("buy", "150", "2"))
    assert (await socket.on("bbo"))["bbo"][0] == {"px": "150.0", "sz": "2.0", "n": 1}


async def test_books_are_told_whole(venue: PaperVenue, socket: Socket) -> None:
    await socket.subscribe("l2Book", coin="SOL")
    assert [len(side) for side in (await socket.on("l2Book"))["levels"]] == [20, 20]
    await venue.show_book([["149", "1"]], [])
    assert (await socket.on("l2Book"))["levels"] == [[{"px": "149.0", "sz": "1.0", "n": 1}], []]


async def test_trades_name_buyer_and_seller(venue: PaperVenue, socket: Socket) -> None:
    await socket.subscribe("trades", coin="SOL")
    assert await socket.on("trades") == []
    await socket.subscribe("userFills", user=MASTER)
    await act(venue, socket, order("buy", "151", "1", "Ioc"))
    fill = (await socket.until(lambda f: f["channel"] == "userFills" and "isSnapshot" not in
                               f["data"]))["data"]["fills"][0]  # fmt: skip
    trade = (await socket.on("trades"))[0]
    assert (trade["side"], trade["px"], trade["sz"]) == ("B", "150.01", "1.0")
    assert trade["users"][0] == MASTER
    assert trade["tid"] == fill["tid"]


async def test_whole_states_are_told_after_a_change(venue: PaperVenue, socket: Socket) -> None:
    kinds = ["openOrders", "clearinghouseState", "webData3", "allDexsClearinghouseState"]
    for kind in kinds:
        await socket.subscribe(kind, user=MASTER)
        await socket.on(kind)
    await act(venue, socket, order("buy", "149", "1"))
    told = await socket.on("openOrders")
    assert [row["origSz"] for row in told["orders"]] == ["1.0"]
    assert (await socket.on("clearinghouseState"))["clearinghouseState"]["withdrawable"]


@pytest.mark.parametrize(
    ("kind", "members", "channel"),
    [
        ("allMids", {}, "allMids"),
        ("activeAssetCtx", {"coin": "SOL"}, "activeAssetCtx"),
        ("activeAssetData", {"coin": "SOL", "user": MASTER}, "activeAssetData"),
        ("spotState", {"user": MASTER}, "spotState"),
        ("userHistoricalOrders", {"user": MASTER}, "userHistoricalOrders"),
        ("userFundings", {"user": MASTER}, "userFundings"),
        ("userNonFundingLedgerUpdates", {"user": MASTER}, "userNonFundingLedgerUpdates"),
    ],
)
async def test_every_other_subscription_begins_with_its_state(
    socket: Socket, kind: str, members: dict[str, object], channel: str
) -> None:
    confirmed = await socket.subscribe(kind, **members)
    assert confirmed["channel"] == "subscriptionResponse"
    assert await socket.on(channel)


async def test_mids_are_told_at_intervals() -> None:
    async with paper_hyperliquid(Settings(mids_interval_ms=100)) as venue:
        socket = await venue.connect()
        await socket.subscribe("allMids")
        told = [(await socket.on("allMids"))["mids"]["SOL"] for _ in range(2)]
        assert told == ["150.0", "150.0"]


async def test_history_tells_each_status(venue: PaperVenue, socket: Socket) -> None:
    await socket.subscribe("userHistoricalOrders", user=MASTER)
    assert (await socket.on("userHistoricalOrders"))["isSnapshot"] is True
    await act(venue, socket, order("buy", "151", "1", "Ioc"))
    rows = (await socket.on("userHistoricalOrders"))["orderHistory"]
    assert [row["status"] for row in rows] == ["open", "filled"]


async def test_aggregated_fills_are_one_per_price(venue: PaperVenue, socket: Socket) -> None:
    await socket.subscribe("userFills", user=MASTER, aggregateByTime=True)
    await socket.on("userFills")
    await act(venue, socket, order("buy", "151", "15", "Ioc"))
    assert [fill["sz"] for fill in (await socket.on("userFills"))["fills"]] == ["10.0", "5.0"]


async def test_a_connection_told_nothing_is_closed_as_inactive() -> None:
    async with paper_hyperliquid(Settings(ws_idle_close_ms=50)) as venue:
        socket = await venue.connect()
        message = await socket.socket.receive(timeout=5)
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert (message.data, message.extra) == (1000, "Inactive")


async def test_a_greeting_may_be_sent() -> None:
    async with paper_hyperliquid(Settings(ws_greeting=True)) as venue:
        socket = await venue.connect()
        assert await socket.socket.receive_str() == "Websocket connection established."


async def test_an_address_has_room_for_so_many_connections() -> None:
    async with paper_hyperliquid(Settings(ws_connections_max=1)) as venue:
        first = await venue.connect()
        second = await venue.connect()
        assert (await second.socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
        await first.send({"method": "ping"})
        assert await first.next() == {"channel": "pong"}


async def test_a_connection_follows_so_many_users_and_subscriptions() -> None:
    async with paper_hyperliquid(Settings(ws_users_max=1, ws_subscriptions_max=2)) as venue:
        socket = await venue.connect()
        await socket.subscribe("orderUpdates", user=MASTER)
        error = await socket.subscribe("orderUpdates", user="0x" + "ab" * 20)
        assert error["data"] == "Cannot track more than 1 total users."
        await socket.subscribe("userFills", user=MASTER)
        error = await socket.subscribe("bbo", coin="SOL")
        assert error["data"] == "Cannot track more than 2 subscriptions."


async def test_a_connection_may_send_so_many_messages() -> None:
    async with paper_hyperliquid(Settings(ws_messages_per_minute_max=1)) as venue:
        socket = await venue.connect()
        await socket.send({"method": "ping"})
        await socket.send({"method": "ping"})
        await socket.next()
        assert (await socket.next())["channel"] == "error"


async def test_a_plain_get_of_ws_is_told_to_upgrade(venue: PaperVenue) -> None:
    async with venue.session.get(venue.base_url + "/ws") as response:
        assert response.status == 426


async def test_a_posts_answer_may_be_lost_although_its_news_come(
    venue: PaperVenue, socket: Socket
) -> None:
    await socket.subscribe("orderUpdates", user=MASTER)
    await venue.control("faults", {"lose_answers": True})
    request = {"type": "action", "payload": venue.signed(order("buy", "149", "1"))}
    await socket.send({"method": "post", "id": 7, "request": request})
    assert (await socket.next())["channel"] == "orderUpdates"
