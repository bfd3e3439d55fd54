"""Faults of the paper Hyperliquid over real sockets; the control port's books are the truth."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from services.paper_hyperliquid.service import MASTER
from tests.integration.paper_hyperliquid import SOL, PaperVenue, Socket, paper_hyperliquid


@pytest.fixture
async def venue() -> AsyncIterator[PaperVenue]:
    async with paper_hyperliquid() as running:
        yield running


def order(side: str, px: str, size: str, tif: str = "Gtc") -> dict[str, Any]:
    wire = {"a": SOL, "b": side == "buy", "p": px, "s": size, "r": False}
    return {"type": "order", "orders": [wire | {"t": {"limit": {"tif": tif}}}], "grouping": "na"}


async def post(venue: PaperVenue, socket: Socket, action: dict[str, Any], number: int = 7) -> None:
    request = {"type": "action", "payload": venue.signed(action)}
    await socket.send({"method": "post", "id": number, "request": request})


async def script(venue: PaperVenue, **step: object) -> None:
    await venue.control("faults", {"script": [step]})


async def fired(venue: PaperVenue) -> dict[str, int]:
    counts: dict[str, int] = (await venue.control("faults"))["fired"]
    return counts


async def closes(socket: Socket) -> bool:
    """Return whether the connection ends, whatever it still says."""
    while (message := await socket.socket.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
        pass
    return message.type is aiohttp.WSMsgType.CLOSED


async def test_a_lost_answer_ends_either_connection_and_the_order_stands(
    venue: PaperVenue,
) -> None:
    socket = await venue.connect()
    await venue.control("faults", {"script": [{"fault": "lose_answer", "count": 2}]})

    with pytest.raises(aiohttp.ClientError):
        await venue.post("/exchange", venue.signed(order("buy", "149", "1")))
    await post(venue, socket, order("buy", "149", "2"))

    assert await closes(socket)
    assert len(await venue.info("openOrders")) == 2
    assert await fired(venue) == {"lose_answer": 2}


async def test_a_dropped_request_is_never_answered_nor_carried_out(venue: PaperVenue) -> None:
    await script(venue, fault="drop_request", on="place_order")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await venue.post("/exchange", venue.signed(order("buy", "149", "1")))

    assert await venue.info("openOrders") == []


async def test_a_late_answer_holds_up_no_other_on_the_same_connection(venue: PaperVenue) -> None:
    socket = await venue.connect()
    await script(venue, fault="delay_answer", on="place_order", ms=100)

    await post(venue, socket, order("buy", "149", "1"), 1)
    await post(venue, socket, order("buy", "149", "2"), 2)

    assert [(await socket.on("post"))["id"] for _ in range(2)] == [2, 1]


async def test_the_news_may_come_before_the_answer(venue: PaperVenue) -> None:
    socket = await venue.connect()
    await socket.subscribe("userFills", user=MASTER)
    await socket.on("userFills")
    await script(venue, fault="answer_last", on="place_order")

    await post(venue, socket, order("buy", "151", "1", "Ioc"))

    assert [(await socket.next())["channel"] for _ in range(2)] == ["userFills", "post"]


@pytest.mark.parametrize(("looks", "kind"), [("502", "text/html"), ("500", "application/json")])
async def test_a_failing_answer_may_hide_an_executed_order(
    venue: PaperVenue, looks: str, kind: str
) -> None:
    await script(venue, fault="fail_executed", on="place_order", looks=looks)

    url = f"{venue.base_url}/exchange"
    async with venue.session.post(url, json=venue.signed(order("buy", "149", "1"))) as response:
        told = (response.status, response.content_type)

    assert told == (int(looks), kind)
    assert len(await venue.info("openOrders")) == 1


async def test_while_the_chain_stalls_time_stands_and_actions_wait(venue: PaperVenue) -> None:
    socket = await venue.connect()
    await venue.control("faults", {"stall": {"for_ms": 400}})
    clearing = [await venue.info("clearinghouseState") for _ in range(2)]

    await post(venue, socket, order("buy", "149", "1"))
    await socket.send({"method": "ping"})
    _, http = await venue.post("/exchange", venue.signed(order("buy", "149", "2")))

    after = await venue.info("clearinghouseState")
    channels = [(await socket.next())["channel"] for _ in range(2)]
    assert clearing[0]["time"] == clearing[1]["time"]
    assert after["time"] - clearing[0]["time"] >= 390
    assert channels == ["pong", "post"]
    assert "resting" in http["response"]["data"]["statuses"][0]
    assert await fired(venue) == {"stall": 1}


async def test_an_action_is_judged_by_the_time_at_which_the_chain_goes_on(
    venue: PaperVenue,
) -> None:
    await script(venue, fault="stall", on="place_order", ms=300)
    body = venue.signed_until(order("buy", "149", "1"), 150)

    _, answer = await venue.post("/exchange", body)

    assert answer == {"status": "err", "response": "Action already expired"}
    assert await venue.info("openOrders") == []


async def test_the_market_stands_while_the_chain_does(venue: PaperVenue) -> None:
    socket = await venue.connect()
    await socket.subscribe("allMids")
    await socket.on("allMids")
    await venue.control("tape", {"action": "resume"})
    await venue.control("faults", {"stall": {"for_ms": 60_000}})
    during = (await venue.control("health"))["tape"]["paused"]

    await venue.control("faults", {"reset": True})

    await socket.on("allMids")
    assert (during, (await venue.control("health"))["tape"]["paused"]) == (True, False)


@pytest.mark.parametrize("name", ["user", "market", "order"])
async def test_a_channels_sockets_are_cut_and_others_stay(venue: PaperVenue, name: str) -> None:
    sockets = {kind: await venue.connect() for kind in ("user", "market", "order")}
    await sockets["user"].subscribe("orderUpdates", user=MASTER)
    await sockets["market"].subscribe("bbo", coin="SOL")
    await sockets["market"].next()
    await post(venue, sockets["order"], order("buy", "140", "1"))
    await sockets["order"].on("post")
    await sockets["user"].next()

    await venue.control("faults", {"cut": [name]})

    assert await closes(sockets.pop(name))
    assert not any(socket.socket.closed for socket in sockets.values())


async def test_a_silent_user_stream_stays_open_and_speaks_again(venue: PaperVenue) -> None:
    socket = await venue.connect()
    await socket.subscribe("orderUpdates", user=MASTER)
    await venue.control("faults", {"mute": {"channels": ["user"], "for_ms": 60_000}})
    await venue.post("/exchange", venue.signed(order("buy", "149", "1")))

    await venue.control("faults", {"reset": True})
    await venue.post("/exchange", venue.signed(order("buy", "149", "2")))

    (update,) = await socket.on("orderUpdates")
    assert update["order"]["sz"] == "2.0"


async def test_a_silent_order_connection_carries_out_and_does_not_answer(
    venue: PaperVenue,
) -> None:
    socket = await venue.connect()
    await venue.control("faults", {"mute": {"channels": ["order"], "for_ms": 60_000}})

    await post(venue, socket, order("buy", "149", "1"))
    await socket.send({"method": "ping"})
    first = await socket.next()

    await venue.control("faults", {"reset": True})
    assert first["channel"] == "pong"
    assert len(await venue.info("openOrders")) == 1


async def test_a_venue_that_is_down_cuts_and_resets(venue: PaperVenue) -> None:
    socket = await venue.connect()
    await socket.subscribe("orderUpdates", user=MASTER)
    await venue.control("faults", {"down": {"for_ms": 60_000}})

    with pytest.raises(aiohttp.ClientError):
        await venue.info("openOrders")

    assert await closes(socket)
    await venue.control("faults", {"reset": True})
    assert await venue.info("openOrders") == []


async def test_late_fills_come_after_the_cancel(venue: PaperVenue) -> None:
    socket = await venue.connect()
    await socket.subscribe("userFills", user=MASTER)
    await socket.on("userFills")
    _, placed = await venue.post("/exchange", venue.signed(order("buy", "149", "1")))
    oid = placed["response"]["data"]["statuses"][0]["resting"]["oid"]
    await script(venue, fault="late_fill", ms=50)

    cancel = {"type": "cancel", "cancels": [{"a": SOL, "o": oid}]}
    _, answer = await venue.post("/exchange", venue.signed(cancel))
    booked = await venue.control("trades")
    told = (await socket.on("userFills"))["fills"]

    assert answer["response"]["data"]["statuses"] == ["success"]
    assert [fill["order_id"] for fill in booked] == [str(oid)]
    assert [(fill["oid"], fill["sz"]) for fill in told] == [(oid, "0.5")]


async def test_system_fills_are_booked_under_ids_of_their_own(venue: PaperVenue) -> None:
    hand = {"account": MASTER, "symbol": "SOL"}
    await venue.control("act", {**hand, "action": "place", "side": "buy", "qty": "3"})

    for _ in range(2):
        await venue.control("act", {**hand, "action": "deleverage", "qty": "1"})

    trades = await venue.control("trades")
    assert len({fill["exec_id"] for fill in trades}) == 3
    (position,) = (await venue.control("books"))["positions"]
    assert float(position["amount"]) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"chances": {"earthquake": 1}}, "earthquake"),
        ({"chances": {"ban": 1}}, "chances.ban=1: this venue has no such fault"),
        ({"script": [{"fault": "drop_event", "on": "TRADE_LITE"}]}, "script[0].on=TRADE_LITE"),
        ({"script": [{"fault": "fail_executed", "looks": "429"}]}, "script[0].looks=429"),
        ({"stall": {"for_ms": -1}}, "stall.for_ms=-1"),
        ({"mute_users": True, "typo": 1}, "typo"),
        ({"event_delay_ms": [3, 2]}, "event_delay_ms=[3, 2]"),
    ],
)
async def test_nonsense_changes_nothing(
    venue: PaperVenue, body: dict[str, Any], words: str
) -> None:
    await venue.control("faults", {"lose_answers": True})
    before = (await venue.control("faults", {"chances": {"drop_event": 0.5}}))["active"]

    url = f"{venue.control_url}/faults"
    async with venue.session.post(url, json={"reset": True, **body}) as response:
        status, refusal = response.status, (await response.json())["error"]

    assert (status, words in refusal) == (400, True)
    active = (await venue.control("faults"))["active"]
    assert active == before == ["lose_answers", "drop_event:0.5"]


async def test_reset_ends_switches_and_plan_and_keeps_the_counts(venue: PaperVenue) -> None:
    await venue.control("faults", {"hide_orders": True})
    await venue.control("faults", {"chances": {"rate_limit": 1}, "clock": {"skew_ms": 5}})
    status, _ = await venue.post("/info", {"type": "allMids"})

    report = await venue.control("faults", {"reset": True})

    assert status == 429
    assert (report["active"], report["fired"]) == ([], {"rate_limit": 1, "clock": 1})
