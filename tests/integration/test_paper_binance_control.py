"""The control port and the process: audits, scripts, accounts, tape, command line."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

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
