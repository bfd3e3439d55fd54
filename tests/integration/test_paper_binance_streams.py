"""The stream WebSockets as clients really open them, over a loopback socket."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tests.integration.paper_binance import PaperClient, paper_binance

Eventually = Callable[..., Awaitable[None]]
FILL_WORDS = ["TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]


@pytest.fixture
async def paper() -> AsyncIterator[PaperClient]:
    async with paper_binance() as client:
        yield client


async def hear(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[Any]:
    return [await socket.receive_json(timeout=5) for _ in range(count)]


async def ask(socket: aiohttp.ClientWebSocketResponse, method: str, *params: object) -> Any:
    """Send a control request and return its reply."""
    await socket.send_json({"method": method, "params": params, "id": "request-1"})
    return await socket.receive_json(timeout=5)


@pytest.mark.parametrize(
    "address",
    [
        "/private/ws/{key}",
        "/private/ws?listenKey={key}",
        "/private/ws/?listenKey={key}&timeUnit=MICROSECOND",
        "/private/ws?listenKey={key}&events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE/TRADE_LITE",
    ],
)
async def test_raw_private_address_hears_fills_in_order(paper: PaperClient, address: str) -> None:
    socket = await paper.connect(address.format(key=await paper.listen_key()))

    await paper.order(symbol="SOLUSDT", side="BUY", type="MARKET", quantity="1")

    heard = await hear(socket, 4)
    assert [event["e"] for event in heard] == ["ORDER_TRADE_UPDATE", *FILL_WORDS]
    assert [heard[0]["o"]["X"], heard[3]["o"]["X"]] == ["NEW", "FILLED"]


async def test_wrapped_private_address_names_the_listen_key(paper: PaperClient) -> None:
    key = await paper.listen_key()
    socket = await paper.connect(f"/private/stream?listenKey={key}&events=TRADE_LITE")

    await paper.order(symbol="SOLUSDT", side="BUY", type="MARKET", quantity="1")

    (heard,) = await hear(socket, 1)
    assert (heard["stream"], heard["data"]["e"]) == (key, "TRADE_LITE")


async def test_private_connection_subscribes_to_a_listen_key(paper: PaperClient) -> None:
    key = await paper.listen_key()
    socket = await paper.connect("/private/stream")
    reply = await ask(socket, "SUBSCRIBE", key)

    await paper.limit("BUY", "1", "149")

    (heard,) = await hear(socket, 1)
    assert reply == {"result": None, "id": "request-1"}
    assert (heard["stream"], heard["data"]["o"]["x"]) == (key, "NEW")


async def test_fill_of_a_maker_carries_its_time_into_the_audit(paper: PaperClient) -> None:
    socket = await paper.connect(f"/private/ws?listenKey={await paper.listen_key()}")
    await paper.limit("SELL", "3", "150.05", newClientOrderId="maker")

    done = await paper.trade("buy", "151", "2")

    heard = await hear(socket, 4)
    trades = await paper.control("trades")
    assert done == {"fills_count": 1}
    assert heard[3]["o"]["t"] == int(trades[0]["exec_id"])
    assert (trades[0]["amount"], trades[0]["is_maker"]) == ("-2", True)
    assert trades[0]["mono_written_ns"] > 0


async def test_account_update_follows_the_wallet_fill_by_fill(paper: PaperClient) -> None:
    socket = await paper.connect(
        f"/private/ws?listenKey={await paper.listen_key()}&events=ACCOUNT_UPDATE"
    )

    await paper.order(symbol="SOLUSDT", side="BUY", type="MARKET", quantity="7")

    heard = await hear(socket, 2)
    wallets = [event["a"]["B"][0]["wb"] for event in heard]
    amounts = [event["a"]["P"][0]["pa"] for event in heard]
    assert wallets == ["999999.62497500", "999999.47495500"]
    assert amounts == ["5.00", "7.00"]


async def test_deleted_key_mutes_every_consumer_and_a_new_one_speaks(paper: PaperClient) -> None:
    old = await paper.connect(f"/private/ws?listenKey={await paper.listen_key()}")
    await paper.send("DELETE", "/fapi/v1/listenKey")
    new = await paper.connect(f"/private/ws?listenKey={await paper.listen_key()}")

    await paper.limit("BUY", "1", "149")

    (heard,) = await hear(new, 1)
    reply = await ask(old, "LIST_SUBSCRIPTIONS")
    assert heard["o"]["x"] == "NEW"
    assert len(reply["result"]) == 1


async def test_expired_key_is_announced_and_the_socket_stays(paper: PaperClient) -> None:
    key = await paper.listen_key()
    socket = await paper.connect(f"/private/ws?listenKey={key}")
    venue = paper.exchange.venue

    venue.run_timers(venue_ns(paper) + 3_600_001 * 1_000_000)

    (heard,) = await hear(socket, 1)
    assert (heard["e"], heard["listenKey"]) == ("listenKeyExpired", key)
    assert not socket.closed


def venue_ns(paper: PaperClient) -> int:
    return paper.now_ms() * 1_000_000


async def test_book_ticker_and_depth_follow_an_order(paper: PaperClient) -> None:
    socket = await paper.connect(
        "/public/stream?streams=solusdt@bookTicker/solusdt@depth@100ms/solusdt@depth5@100ms"
    )

    await paper.limit("BUY", "1.5", "150")

    heard = {item["stream"]: item["data"] for item in await hear(socket, 3)}
    ticker = heard["solusdt@bookTicker"]
    assert [ticker["b"], ticker["B"], ticker["a"]] == ["150.0000", "1.50", "150.0100"]
    diff = heard["solusdt@depth@100ms"]
    assert (diff["b"], diff["a"], diff["U"] - diff["pu"]) == ([["150.0000", "1.50"]], [], 1)
    assert heard["solusdt@depth5@100ms"]["b"][:2] == [["150.0000", "1.50"], ["149.9900", "5.00"]]


async def test_depth_diffs_chain_onto_a_rest_snapshot(paper: PaperClient) -> None:
    socket = await paper.connect("/public/ws/solusdt@depth@100ms")
    await paper.limit("BUY", "1", "149.50")
    (first,) = await hear(socket, 1)
    _, snapshot = await paper.send("GET", "/fapi/v1/depth", "symbol=SOLUSDT&limit=1000")
    await paper.limit("BUY", "1", "149.40")

    (second,) = await hear(socket, 1)

    assert first["u"] == snapshot["lastUpdateId"] == second["pu"]


async def test_trades_and_marks_are_on_the_market_connection(paper: PaperClient) -> None:
    socket = await paper.connect("/market/ws/solusdt@aggTrade")
    await paper.trade("sell", "149.99", "0.5")
    (trade,) = await hear(socket, 1)
    marks = await paper.connect("/market/ws/!markPrice@arr@1s")

    (mark,) = await hear(marks, 1)

    assert [trade[name] for name in ("e", "p", "q", "m")] == ["aggTrade", "149.9900", "0.50", True]
    assert {row["s"]: row["p"] for row in mark}["SOLUSDT"] == "150.00000000"


async def test_stream_of_another_category_is_accepted_and_silent(paper: PaperClient) -> None:
    socket = await paper.connect("/market/stream")
    reply = await ask(socket, "SUBSCRIBE", "solusdt@bookTicker")

    await paper.limit("BUY", "1", "150")
    listed = await ask(socket, "LIST_SUBSCRIPTIONS")

    assert reply["result"] is None
    assert listed["result"] == ["solusdt@bookTicker"]


async def test_unrouted_connection_carries_public_streams_only(paper: PaperClient) -> None:
    socket = await paper.connect("/stream?streams=solusdt@bookTicker/solusdt@aggTrade")

    await paper.limit("BUY", "1", "150")

    (heard,) = await hear(socket, 1)
    assert heard["stream"] == "solusdt@bookTicker"
    assert paper.exchange.hub.watched_count == 1


@pytest.mark.parametrize("name", ["solusdt@rumour", "solusdt", "solusdt@kline_7m", "!everything"])
async def test_d3_a_stream_of_no_documented_form_is_refused(paper: PaperClient, name: str) -> None:
    socket = await paper.connect("/market/ws")

    reply = await ask(socket, "SUBSCRIBE", "solusdt@aggTrade", name)

    assert (reply["code"], reply["msg"]) == (2, "Invalid request: invalid stream")
    assert (await ask(socket, "LIST_SUBSCRIPTIONS"))["result"] == []


async def test_d3_such_a_stream_may_be_switched_to_silence(paper: PaperClient) -> None:
    await paper.control("faults", {"switches": {"refuse_unknown_streams": False}})
    socket = await paper.connect("/market/ws")

    assert (await ask(socket, "SUBSCRIBE", "solusdt@rumour"))["result"] is None


@pytest.mark.parametrize(
    ("path", "name", "event"),
    [
        ("/market/ws", "solusdt@kline_1m", "kline"),
        ("/market/ws", "solusdt@ticker", "24hrTicker"),
        ("/market/ws", "solusdt@miniTicker", "24hrMiniTicker"),
        ("/public/ws", "solusdt@trade", "trade"),
    ],
)
async def test_d3_a_trade_is_heard_on_every_stream_that_tells_of_it(
    paper: PaperClient, path: str, name: str, event: str
) -> None:
    socket = await paper.connect(path)
    await ask(socket, "SUBSCRIBE", name)

    await paper.trade("buy", "150.01", "1")

    (heard,) = await hear(socket, 1)
    assert heard["e"] == event


async def test_unsubscribed_stream_falls_silent(paper: PaperClient) -> None:
    socket = await paper.connect("/public/ws/solusdt@bookTicker")
    await ask(socket, "UNSUBSCRIBE", "solusdt@bookTicker")

    await paper.limit("BUY", "1", "150")

    assert (await ask(socket, "LIST_SUBSCRIPTIONS"))["result"] == []


async def test_combined_property_can_be_read_and_set(paper: PaperClient) -> None:
    socket = await paper.connect("/public/ws/solusdt@bookTicker")
    before = await ask(socket, "GET_PROPERTY", "combined")
    await ask(socket, "SET_PROPERTY", "combined", True)

    await paper.limit("BUY", "1", "150")

    (heard,) = await hear(socket, 1)
    assert (before["result"], heard["stream"]) == (False, "solusdt@bookTicker")


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("SET_PROPERTY", ["combined", "yes"], 1),
        ("SET_PROPERTY", ["other", True], 0),
        ("GET_PROPERTY", ["other"], 0),
        ("SHOUT", [], 2),
        ("SUBSCRIBE", [f"s{index}@depth" for index in range(1025)], 1),
    ],
)
async def test_bad_control_request_is_refused_by_code(
    paper: PaperClient, method: str, params: list[object], code: int
) -> None:
    socket = await paper.connect("/public/ws")

    assert (await ask(socket, method, *params))["code"] == code


async def test_malformed_control_request_ends_the_connection(paper: PaperClient) -> None:
    socket = await paper.connect("/public/ws")

    await socket.send_str("{not json")

    reply = json.loads((await socket.receive(timeout=5)).data)
    assert reply["code"] == 3
    assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE


async def test_eleven_requests_in_a_second_end_the_connection(paper: PaperClient) -> None:
    socket = await paper.connect("/public/ws")
    for _ in range(25):
        await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 1})

    messages = [message async for message in socket]

    assert 10 <= len(messages) < 25


async def test_other_paths_are_not_found(paper: PaperClient) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError, match="404"):
        await paper.connect("/somewhere/else")


async def test_closed_connection_is_forgotten(paper: PaperClient, eventually: Eventually) -> None:
    socket = await paper.connect("/public/ws/solusdt@bookTicker")
    private = await paper.connect(f"/private/ws?listenKey={await paper.listen_key()}")
    await eventually(lambda: paper.exchange.hub.watched_count == 1 and paper.exchange.hub.is_heard)

    await socket.close()
    await private.close()

    await eventually(lambda: not paper.exchange.hub.watched_count)
    await eventually(lambda: not paper.exchange.hub.is_heard)
