"""The control port and the process: audits, scripts, accounts, tape, command line."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from tests.integration.paper_binance import PaperClient, paper_binance

ROOT = Path(__file__).resolve().parents[2]
Eventually = Callable[..., Awaitable[None]]


@pytest.fixture
async def paper() -> AsyncIterator[PaperClient]:
    async with paper_binance() as client:
        yield client


async def test_health_names_venue_symbols_and_tape(paper: PaperClient) -> None:
    health = await paper.control("health")

    assert (health["venue"], health["symbols"]) == (
        "paper-binance",
        ["BTCUSDT", "ETHUSDT", "SOLUSDT"],
    )
    assert (health["tape"]["paused"], health["tape"]["applied_count"]) == (True, 0)


async def test_books_show_orders_positions_and_balances(paper: PaperClient) -> None:
    await paper.limit("SELL", "3", "150.05", newClientOrderId="open")
    await paper.order(symbol="SOLUSDT", side="SELL", type="MARKET", quantity="2")

    books = await paper.control("books?account=paper")

    assert [row["client_order_id"] for row in books["open_orders"]] == ["open"]
    assert [row["status"] for row in books["orders"]] == ["NEW", "FILLED"]
    assert [(row["symbol"], row["amount"]) for row in books["positions"]] == [("SOLUSDT", "-2")]
    assert books["balances"][0]["wallet"] == "999999.85001000"
    assert (await paper.control("books?account=other"))["orders"] == []


async def test_seeded_account_trades_with_its_own_key(paper: PaperClient) -> None:
    seed = {"account": "second", "api_key": "second-key", "secret": "s", "wallet": "10"}

    created = await paper.control("accounts", seed)

    assert created == {"account": "second", "api_key": "second-key"}
    balances = (await paper.control("books?account=second"))["balances"]
    assert balances == [{"account": "second", "asset": "USDT", "wallet": "10"}]


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("accounts", {"account": "x"}, "api_key"),
        ("accounts", {"account": "x", "api_key": "k", "public_key": "no pem"}, "account x"),
        ("market", {"kind": "party"}, "kind"),
        (
            "market",
            {"kind": "trade", "symbol": "NOPE", "side": "buy", "price": "1", "qty": "1"},
            "NOPE",
        ),
        ("tape", {"action": "rewind"}, "action"),
        ("tape", {"action": "speed", "speed": 0}, "speed"),
        ("faults", {"switches": {"slim_acks": 3}}, "slim_acks"),
    ],
)
async def test_bad_control_request_is_refused_with_its_reason(
    paper: PaperClient, path: str, body: object, reason: str
) -> None:
    assert reason in (await paper.control(path, body))["error"]


async def test_clear_forgets_what_has_ended(paper: PaperClient) -> None:
    await paper.limit("SELL", "3", "150.05")
    await paper.order(symbol="SOLUSDT", side="BUY", type="MARKET", quantity="1")

    await paper.control("clear", {})

    assert len((await paper.control("books"))["orders"]) == 1
    assert await paper.control("trades") == []
    assert await paper.control("requests") == []


async def test_switches_are_set_and_reported(paper: PaperClient) -> None:
    report = await paper.control("faults", {"switches": {"slim_acks": False}})
    placed = await paper.limit("BUY", "1", "149")

    assert report["active"] == ["slim_acks"]
    assert placed["avgPrice"] == "0.000000"


async def test_tape_runs_pauses_and_seeks(paper: PaperClient, eventually: Eventually) -> None:
    await paper.control("tape", {"action": "speed", "speed": 20})
    await paper.control("tape", {"action": "resume"})
    await eventually(lambda: paper.exchange.driver.state().applied_count > 50)

    paused = await paper.control("tape", {"action": "pause"})
    sought = await paper.control("tape", {"action": "seek", "position_ms": 60_000})

    assert paused["paused"] is True
    assert sought["position_ns"] == 60_000_000_000


async def test_scripted_trades_reach_a_resting_order_behind_the_queue(
    paper: PaperClient,
) -> None:
    await paper.limit("SELL", "1", "150.01")

    first = await paper.trade("buy", "150.01", "5")
    second = await paper.trade("buy", "150.01", "0.4")
    third = await paper.trade("buy", "150.01", "0.6")

    assert [done["fills_count"] for done in (first, second, third)] == [0, 1, 1]


async def test_process_prints_its_ports_and_stops_when_told() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.paper_binance", "--symbols", "SOLUSDT",
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    ready = json.loads(await process.stdout.readline())

    process.terminate()

    assert (ready["ready"], ready["port"] > 0, ready["control_port"] > 0) == (True, True, True)
    assert await process.wait() == 0


async def test_lost_answer_ends_the_connection_and_the_order_stands(paper: PaperClient) -> None:
    lost = {"operation": "place_order", "is_lost": True}
    report = await paper.control("faults", {"answers": [lost]})

    with pytest.raises(aiohttp.ClientError):
        await paper.order(symbol="SOLUSDT", side="BUY", type="MARKET", quantity="1")

    assert report["active"] == ["answer:place_order"]
    assert [row["status"] for row in (await paper.control("books"))["orders"]] == ["FILLED"]


async def test_late_answer_comes_after_its_events(paper: PaperClient) -> None:
    socket = await paper.connect(f"/private/ws?listenKey={await paper.listen_key()}")
    await paper.control("faults", {"answers": [{"operation": "place_order", "delay_ms": 50}]})

    order = asyncio.create_task(paper.limit("BUY", "1", "149"))
    heard = await socket.receive_json(timeout=5)

    assert (heard["o"]["x"], order.done()) == ("NEW", False)
    assert (await order)["status"] == "NEW"


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("DROP", ["NEW", "LITE", "ACCOUNT", "NEW"]),
        ("DUPLICATE", ["NEW", "LITE", "LITE", "ACCOUNT", "TRADE", "NEW"]),
        ("HOLD", ["NEW", "ACCOUNT", "LITE", "TRADE", "NEW"]),
    ],
)
async def test_events_can_be_lost_doubled_or_late(
    paper: PaperClient, action: str, words: list[str]
) -> None:
    socket = await paper.connect(f"/private/ws?listenKey={await paper.listen_key()}")
    event = "ORDER_TRADE_UPDATE" if action == "DROP" else "TRADE_LITE"
    await paper.limit("SELL", "1", "150.05")
    await paper.control("faults", {"events": [{"action": action, "event": event}]})

    await paper.trade("buy", "151", "1")
    await paper.limit("BUY", "1", "149")

    heard = [await socket.receive_json(timeout=5) for _ in words]
    short = {"TRADE_LITE": "LITE", "ACCOUNT_UPDATE": "ACCOUNT"}
    assert [short.get(one["e"]) or one["o"]["x"] for one in heard] == words


async def test_streams_can_be_disconnected(paper: PaperClient) -> None:
    socket = await paper.connect("/public/ws/solusdt@bookTicker")

    await paper.control("faults", {"disconnect": True})

    assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSED


async def test_connections_end_after_their_life(paper: PaperClient) -> None:
    socket = await paper.connect("/public/ws")

    await paper.control("faults", {"switches": {"connection_life_ms": 20}})

    assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSED


async def test_websocket_answer_can_be_lost_or_late(paper: PaperClient) -> None:
    faults = [
        {"operation": "ticker_price", "delay_ms": 1},
        {"operation": "book_ticker", "is_lost": True},
    ]
    await paper.control("faults", {"reset": True, "answers": faults})
    socket = await paper.connect("/ws-fapi/v1")

    await socket.send_json({"id": 1, "method": "ticker.price", "params": {"symbol": "SOLUSDT"}})
    late = await socket.receive_json(timeout=5)
    await socket.send_json({"id": 2, "method": "ticker.book", "params": {"symbol": "SOLUSDT"}})

    assert late["status"] == 200
    assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSED
