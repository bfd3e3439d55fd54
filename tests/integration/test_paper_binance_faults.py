"""Faults of the paper Binance over real sockets; the control port's books are the truth."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.integration.paper_binance import PaperClient, paper_binance


@pytest.fixture
async def paper() -> AsyncIterator[PaperClient]:
    async with paper_binance() as client:
        yield client


async def user_socket(paper: PaperClient) -> aiohttp.ClientWebSocketResponse:
    return await paper.connect(f"/private/ws?listenKey={await paper.listen_key()}")


async def script(paper: PaperClient, **step: object) -> Any:
    return await paper.control("faults", {"script": [step]})


async def fired(paper: PaperClient) -> dict[str, int]:
    counts: dict[str, int] = (await paper.control("faults"))["fired"]
    return counts


async def test_same_seed_gives_the_same_answers_and_they_are_counted(paper: PaperClient) -> None:
    async def statuses(seed: int) -> list[int]:
        change = {"reset": True, "seed": seed, "chances": {"rate_limit": 0.5}}
        await paper.control("faults", change)
        return [(await paper.send("GET", "/fapi/v1/time"))[0] for _ in range(12)]

    first, again, other = await statuses(7), await statuses(7), await statuses(8)

    assert first == again != other
    assert await fired(paper) == {"rate_limit": [*first, *again, *other].count(429)}


async def test_a_failed_order_that_was_not_executed_left_nothing(paper: PaperClient) -> None:
    await script(paper, fault="fail_unexecuted", on="place_order", looks="UNKNOWN")

    status, body = await paper.order(symbol="SOLUSDT", side="BUY", type="MARKET", quantity="1")

    assert (status, body["code"]) == (503, -1000)
    assert (await paper.control("books"))["orders"] == []


async def test_a_dropped_request_is_never_answered_nor_carried_out(paper: PaperClient) -> None:
    await script(paper, fault="drop_request", on="place_order")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await paper.order(symbol="SOLUSDT", side="BUY", type="MARKET", quantity="1")

    assert (await paper.control("books"))["orders"] == []
    assert await fired(paper) == {"drop_request": 1}


async def test_a_late_answer_holds_up_no_other_on_the_same_connection(paper: PaperClient) -> None:
    await script(paper, fault="delay_answer", on="ticker_price", ms=100)
    socket = await paper.connect("/ws-fapi/v1")

    for number, method in ((1, "ticker.price"), (2, "ticker.book")):
        params = {"symbol": "SOLUSDT"}
        await socket.send_json({"id": number, "method": method, "params": params})
    ids = [(await socket.receive_json(timeout=5))["id"] for _ in range(2)]

    assert ids == [2, 1]


async def test_a_delayed_event_comes_after_those_that_followed_it(paper: PaperClient) -> None:
    socket = await user_socket(paper)
    await script(paper, fault="delay_event", on="ORDER_TRADE_UPDATE", ms=30)

    await paper.order(symbol="SOLUSDT", side="BUY", type="MARKET", quantity="1")

    heard = [await socket.receive_json(timeout=5) for _ in range(4)]
    assert [one["e"] for one in heard] == [
        "TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE", "ORDER_TRADE_UPDATE",
    ]  # fmt: skip
    assert [one["o"]["x"] for one in heard[2:]] == ["TRADE", "NEW"]


@pytest.mark.parametrize("name", ["user", "market", "order"])
async def test_a_channels_sockets_are_cut_and_others_stay(paper: PaperClient, name: str) -> None:
    sockets = {
        "user": await user_socket(paper),
        "market": await paper.connect("/public/ws/solusdt@bookTicker"),
        "order": await paper.connect("/ws-fapi/v1"),
    }

    await paper.control("faults", {"cut": [name]})

    assert (await sockets.pop(name).receive(timeout=5)).type is aiohttp.WSMsgType.CLOSED
    assert not any(socket.closed for socket in sockets.values())
    assert await fired(paper) == {f"cut:{name}": 1}


async def test_a_silent_user_stream_stays_open_and_speaks_again(paper: PaperClient) -> None:
    socket = await user_socket(paper)
    await paper.control("faults", {"mute": {"channels": ["user"], "for_ms": 60_000}})
    await paper.limit("BUY", "1", "149")

    await paper.control("faults", {"reset": True})
    await paper.limit("BUY", "2", "149")

    assert (await socket.receive_json(timeout=5))["o"]["q"] == "2.00"
    assert len((await paper.control("books"))["open_orders"]) == 2


async def test_a_silent_order_connection_carries_out_and_does_not_answer(
    paper: PaperClient,
) -> None:
    await paper.control("faults", {"mute": {"channels": ["order"], "for_ms": 60_000}})

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await paper.limit("BUY", "1", "149")

    assert len((await paper.control("books"))["open_orders"]) == 1


async def test_a_stale_market_stream_says_nothing(paper: PaperClient) -> None:
    socket = await paper.connect("/public/ws/solusdt@bookTicker")
    await paper.control("faults", {"mute": {"channels": ["market"], "for_ms": 60_000}})
    await paper.limit("BUY", "1", "150")

    await paper.control("faults", {"reset": True})
    await paper.limit("BUY", "2", "150")

    assert (await socket.receive_json(timeout=5))["B"] == "3.00"


async def test_listen_keys_expire_on_demand_and_the_socket_stays(paper: PaperClient) -> None:
    socket = await user_socket(paper)

    await paper.control("faults", {"expire_listen_keys": ["paper", "nobody"]})
    await paper.limit("BUY", "1", "149")

    assert (await socket.receive_json(timeout=5))["e"] == "listenKeyExpired"
    assert await fired(paper) == {"expire_listen_keys": 1}
    assert not socket.closed


async def test_an_event_may_end_the_socket_or_the_key(paper: PaperClient) -> None:
    socket = await user_socket(paper)
    await script(paper, fault="expire_listen_key", on="ORDER_TRADE_UPDATE")
    await paper.limit("BUY", "1", "149")
    words = [(await socket.receive_json(timeout=5))["e"] for _ in range(2)]
    other = await user_socket(paper)

    await script(paper, fault="cut_user")
    await paper.limit("BUY", "1", "149")

    assert words == ["ORDER_TRADE_UPDATE", "listenKeyExpired"]
    assert (await other.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSED


async def test_the_end_of_the_day_ends_every_connection(paper: PaperClient) -> None:
    sockets = [await user_socket(paper), await paper.connect("/ws-fapi/v1")]

    await paper.control("faults", {"disconnect": True})

    kinds = {(await socket.receive(timeout=5)).type for socket in sockets}
    assert kinds == {aiohttp.WSMsgType.CLOSED}


async def test_a_venue_that_is_down_resets_connections(paper: PaperClient) -> None:
    socket = await user_socket(paper)
    await paper.control("faults", {"down": {"for_ms": 60_000}})

    with pytest.raises(aiohttp.ClientError):
        await paper.send("GET", "/fapi/v1/time")

    assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSED
    await paper.control("faults", {"reset": True})
    assert (await paper.send("GET", "/fapi/v1/time"))[0] == 200
    assert (await fired(paper))["down"] >= 1


async def test_a_venue_that_is_down_may_answer_by_its_proxy(paper: PaperClient) -> None:
    await paper.control("faults", {"down": {"for_ms": 60_000, "looks": "bad_gateway"}})

    async with paper.session.get(f"{paper.base}/fapi/v1/time") as response:
        assert (response.status, response.content_type) == (502, "text/html")


async def test_the_venues_clock_may_be_wrong(paper: PaperClient) -> None:
    await paper.control("faults", {"clock": {"skew_ms": -60_000}})

    _, told = await paper.send("GET", "/fapi/v1/time")
    status, body = await paper.order(symbol="SOLUSDT", side="BUY", type="MARKET", quantity="1")

    assert 55_000 < paper.now_ms() - told["serverTime"] < 65_000
    assert (status, body["code"]) == (400, -1021)


async def test_a_limited_address_is_told_when_to_come_back(paper: PaperClient) -> None:
    for fault in ("rate_limit", "ban"):
        await script(paper, fault=fault, on="server_time", ms=1_500)

    statuses = []
    for _ in range(2):
        async with paper.session.get(f"{paper.base}/fapi/v1/time") as response:
            statuses.append((response.status, response.headers["Retry-After"]))

    assert statuses == [(429, "1"), (418, "2")]


async def test_acts_by_hand_are_told_and_booked(paper: PaperClient) -> None:
    socket = await user_socket(paper)
    hand = {"account": "paper", "symbol": "SOLUSDT"}

    placed = await paper.control("act", {**hand, "action": "place", "side": "buy", "qty": "2"})
    closed = await paper.control("act", {**hand, "action": "liquidate", "qty": "1"})

    heard = [await socket.receive_json(timeout=5) for _ in range(6)]
    assert (placed["fills_count"], closed["fills_count"]) == (1, 1)
    assert heard[-1]["o"]["x"] == "CALCULATED"
    (position,) = (await paper.control("books"))["positions"]
    assert float(position["amount"]) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"chances": {"earthquake": 1}}, "earthquake"),
        ({"chances": {"stall": 1}}, "chances.stall=1: this venue has no such fault"),
        ({"chances": {"ban": 2}}, "chances.ban=2: must be from 0 to 1"),
        ({"script": [{"fault": "ban", "on": "sing"}]}, "script[0].on=sing"),
        ({"script": [{"fault": "fail_executed", "looks": "BUSY"}]}, "script[0].looks=BUSY"),
        ({"cut": ["moon"]}, "moon"),
        ({"mute": {"channels": ["user"], "for_ms": -1}}, "mute.for_ms=-1"),
        ({"down": {"for_ms": -5}}, "down.for_ms=-5"),
        ({"clock": {"every_ms": 0}}, "clock.every_ms=0"),
        ({"hidden_ms": -1}, "hidden_ms=-1"),
        ({"typo": 1}, "typo"),
    ],
)
async def test_nonsense_changes_nothing(
    paper: PaperClient, body: dict[str, Any], words: str
) -> None:
    sensible = {"chances": {"drop_event": 0.5}, "cut": []}
    before = (await paper.control("faults", sensible))["active"]

    refused = await paper.control("faults", {"reset": True, **body})

    assert words in refused["error"]
    assert (await paper.control("faults"))["active"] == before == ["drop_event:0.5"]


async def test_clearing_forgets_the_counts(paper: PaperClient) -> None:
    await paper.control("faults", {"cut": ["user"]})

    await paper.control("clear", {})

    assert await fired(paper) == {}
