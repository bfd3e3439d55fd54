"""The paper exchange's HTTP side and control port, as any client sees them."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.service import AGENT, MASTER
from tests.integration.paper_hyperliquid import (
    MASTER_KEY,
    SOL,
    PaperVenue,
    paper_hyperliquid,
)

ROOT = Path(__file__).parents[2]
STRANGER = "0x" + "ab" * 20


@pytest.fixture
async def venue() -> AsyncIterator[PaperVenue]:
    async with paper_hyperliquid() as running:
        yield running


def order(side: str, px: str, size: str, tif: str = "Gtc", **changes: object) -> dict[str, object]:
    wire = {"a": SOL, "b": side == "buy", "p": px, "s": size, "r": False}
    orders = [wire | {"t": {"limit": {"tif": tif}}} | changes]
    return {"type": "order", "orders": orders, "grouping": "na"}


async def raw(venue: PaperVenue, path: str, body: str, kind: str) -> tuple[int, str]:
    headers = {"Content-Type": kind}
    url = venue.base_url + path
    async with venue.session.post(url, data=body, headers=headers) as response:
        return response.status, await response.text()


@pytest.mark.parametrize("path", ["/info", "/exchange"])
@pytest.mark.parametrize(
    ("body", "kind", "status", "text"),
    [
        ("{}", "text/plain", 415, "Expected request with `Content-Type: application/json`"),
        ("{", "application/json", 400, "Failed to parse the request body as JSON"),
        ("{}", "application/json", 422,
         "Failed to deserialize the JSON body into the target type"),
        ('{"type":"nothing"}', "application/json", 422,
         "Failed to deserialize the JSON body into the target type"),
    ],
)  # fmt: skip
async def test_faults_of_form(
    venue: PaperVenue, path: str, body: str, kind: str, status: int, text: str
) -> None:
    assert await raw(venue, path, body, kind) == (status, text)


async def test_a_price_in_scientific_notation_does_not_deserialize(venue: PaperVenue) -> None:
    body = json.dumps(venue.signed(order("buy", "149", "1"))).replace('"149"', '"1.49e2"')
    assert (await raw(venue, "/exchange", body, "application/json"))[0] == 422


async def test_a_question_about_nothing_is_a_500_null(venue: PaperVenue) -> None:
    body = '{"type":"recentTrades","coin":"NONE"}'
    assert await raw(venue, "/info", body, "application/json") == (500, "null")


async def test_an_unknown_coin_has_a_null_book(venue: PaperVenue) -> None:
    assert await venue.post("/info", {"type": "l2Book", "coin": "NONE"}) == (200, None)


async def test_too_much_weight_is_a_429_null() -> None:
    async with paper_hyperliquid(Settings(ip_weight_per_minute=61)) as venue:
        role = {"type": "userRole", "user": MASTER}
        assert (await venue.post("/info", role))[0] == 200
        assert await venue.post("/info", role) == (429, None)


async def test_an_action_over_http_is_answered_and_told(venue: PaperVenue) -> None:
    socket = await venue.connect()
    await socket.subscribe("orderUpdates", user=MASTER)
    status, answer = await venue.post("/exchange", venue.signed(order("buy", "149", "1")))
    oid = answer["response"]["data"]["statuses"][0]["resting"]["oid"]
    assert status == 200
    assert [update["order"]["oid"] for update in await socket.on("orderUpdates")] == [oid]


async def test_the_same_bytes_again_are_a_duplicate_nonce(venue: PaperVenue) -> None:
    body = venue.signed(order("buy", "149", "1"))
    await venue.post("/exchange", body)
    _, answer = await venue.post("/exchange", body)
    assert answer["response"] == f"Invalid nonce: duplicate nonce {body['nonce']}"
    assert len(await venue.info("openOrders")) == 1


async def test_queries_take_the_master_and_show_an_agent_nothing(venue: PaperVenue) -> None:
    await venue.post("/exchange", venue.signed(order("buy", "149", "1")))
    assert len(await venue.info("openOrders", user=MASTER.upper().replace("0X", "0x"))) == 1
    assert await venue.info("openOrders", user=AGENT) == []
    role = await venue.info("userRole", user=AGENT)
    assert role == {"role": "agent", "data": {"user": MASTER}}


async def test_the_first_questions_of_other_clients_are_answered(venue: PaperVenue) -> None:
    kinds = ["spotMeta", "spotMetaAndAssetCtxs", "metaAndAssetCtxs", "perpDexs", "allPerpMetas",
             "exchangeStatus", "userAbstraction", "spotClearinghouseState", "userFees",
             "extraAgents", "subAccounts", "historicalOrders", "userRateLimit"]  # fmt: skip
    answers = [await venue.post("/info", {"type": kind, "user": MASTER}) for kind in kinds]
    assert [status for status, _ in answers] == [200] * len(kinds)


async def test_the_control_port_shows_orders_positions_trades_and_times(venue: PaperVenue) -> None:
    socket = await venue.connect()
    await socket.subscribe("userFills", user=MASTER)
    action = order("sell", "149", "15", "Ioc", c="0x" + "0" * 28 + "beef")
    await venue.post("/exchange", venue.signed(action))
    books = await venue.control(f"books?account={MASTER}")
    assert [(o["status"], o["amount"], o["is_open"]) for o in books["orders"]] == [
        ("filled", "-15", False)
    ]
    assert books["positions"][0]["amount"] == "-15"
    trades = await venue.control("trades")
    assert [trade["amount"] for trade in trades] == ["-10", "-5"]
    request = (await venue.control("requests"))[0]
    assert request["order_id"] == trades[0]["order_id"]
    assert request["mono_parsed_ns"] < trades[0]["mono_written_ns"]


async def test_a_fill_that_nobody_hears_has_no_time(venue: PaperVenue) -> None:
    await venue.post("/exchange", venue.signed(order("sell", "149", "1", "Ioc")))
    assert (await venue.control("trades"))[0]["mono_written_ns"] is None


async def test_the_control_port_forgets_what_ended(venue: PaperVenue) -> None:
    await venue.post("/exchange", venue.signed(order("sell", "149", "1", "Ioc")))
    await venue.post("/exchange", venue.signed(order("buy", "140", "1")))
    await venue.control("clear", {})
    books = await venue.control("books")
    assert len(books["orders"]) == len(books["open_orders"]) == 1
    assert await venue.control("trades") == []
    assert await venue.control("requests") == []
    assert await venue.info("userFills") == []


async def test_the_control_port_seeds_accounts_and_agents(venue: PaperVenue) -> None:
    master = "0x5ce9454909639d2d17a3f753ce7d93fa0b9ab12e"
    agents = [{"address": "0x2e988a386a799f506693793c6a5af6b54dfaabfb", "name": "gw1"}]
    await venue.control("accounts", {"address": master, "balance": "500", "agents": agents})
    state = await venue.info("clearinghouseState", user=master)
    assert state["withdrawable"] == "500.0"
    assert (await venue.info("extraAgents", user=master))[0]["name"] == "gw1"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("accounts", {"address": "nobody", "balance": "1"}),
        ("accounts", {"address": STRANGER, "balance": "1", "typo": 1}),
        ("market", {"kind": "trade", "symbol": "NONE", "side": "buy", "price": "1", "qty": "1"}),
        ("tape", {"action": "sing"}),
        ("faults", []),
        ("faults", {"earthquake": True}),
    ],
)
async def test_the_control_port_refuses_nonsense(
    venue: PaperVenue, path: str, body: object
) -> None:
    async with venue.session.post(f"{venue.control_url}/{path}", json=body) as response:
        assert response.status == 400
        assert (await response.json())["error"]


async def test_the_control_port_pauses_the_tape_and_lists_faults(venue: PaperVenue) -> None:
    assert (await venue.control("tape", {"action": "pause"}))["paused"] is True
    health = await venue.control("health")
    assert health["venue"] == "hyperliquid"
    assert health["symbols"] == ["BTC", "ETH", "ATOM", "SOL", "kPEPE", "kDOGS"]
    report = await venue.control("faults", {"mute_users": True})
    assert report["active"] == ["mute_users"]
    assert "lose_answers" in report["supported"]
    assert (await venue.control("faults", {}))["active"] == []


async def test_an_answer_may_be_lost_although_the_order_rests(venue: PaperVenue) -> None:
    await venue.control("faults", {"lose_answers": True})
    with pytest.raises(aiohttp.ClientError):
        await venue.post("/exchange", venue.signed(order("buy", "149", "1")))
    assert len(await venue.info("openOrders")) == 1


async def test_a_scheduled_cancel_fires() -> None:
    settings = Settings(schedule_volume_required_usd=0, schedule_min_ahead_ms=0)
    async with paper_hyperliquid(settings) as venue:
        socket = await venue.connect()
        await socket.subscribe("orderUpdates", user=MASTER)
        await venue.post("/exchange", venue.signed(order("buy", "149", "1")))
        action = {"type": "scheduleCancel", "time": 0}
        body = venue.signed(action | {"time": venue.signed(action)["nonce"] + 200})
        assert (await venue.post("/exchange", body))[1]["status"] == "ok"
        ended = await socket.until(
            lambda f: f["channel"] == "orderUpdates" and f["data"][0]["status"] != "open"
        )
        assert ended["data"][0]["status"] == "scheduledCancel"


async def test_the_process_says_when_it_listens_and_ends_on_a_signal() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.paper_hyperliquid", "--seed", "7", "--speed", "20",
        cwd=ROOT, env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'shared'}"},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    ready = json.loads(await process.stdout.readline())
    async with aiohttp.ClientSession() as session:
        venue = PaperVenue(session, ready["port"], ready["control_port"])
        socket = await venue.connect()
        await socket.subscribe("trades", coin="SOL")
        assert (await socket.on("trades"))[0]["coin"] == "SOL"
        taken = venue.signed(order("buy", "160", "30", "Ioc"), MASTER_KEY)
        _, answer = await venue.post("/exchange", taken)
        assert answer["response"]["data"]["statuses"][0]["filled"]["totalSz"] == "30.0"
        assert len(await venue.info("userFills")) >= 2
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
