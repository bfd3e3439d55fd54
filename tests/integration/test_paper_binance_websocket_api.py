"""The WebSocket API over a loopback socket."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.paper_binance.auth.keyring import PAPER_ED25519_KEY, PAPER_HMAC_KEY
from tests.integration.paper_binance import PaperClient, paper_binance

# RFC 8032 §7.1, test 1.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
LIMIT: dict[str, object] = {
    "symbol": "SOLUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
    "quantity": "1", "price": "149.5",
}  # fmt: skip


@pytest.fixture
async def paper() -> AsyncIterator[PaperClient]:
    async with paper_binance() as client:
        yield client


@pytest.fixture
async def socket(paper: PaperClient) -> aiohttp.ClientWebSocketResponse:
    return await paper.connect("/ws-fapi/v1")


async def call(
    socket: aiohttp.ClientWebSocketResponse, method: str, params: dict[str, object]
) -> Any:
    """Send one request and return its answer."""
    await socket.send_json({"id": "request-1", "method": method, "params": params})
    return await socket.receive_json(timeout=5)


def payload_of(params: dict[str, object]) -> str:
    return "&".join(f"{name}={params[name]}" for name in sorted(params))


def signed(paper: PaperClient, params: dict[str, object]) -> dict[str, object]:
    complete = {**params, "apiKey": PAPER_HMAC_KEY, "timestamp": paper.now_ms()}
    return {**complete, "signature": paper.sign(payload_of(complete))}


def logon(paper: PaperClient) -> dict[str, object]:
    params: dict[str, object] = {"apiKey": PAPER_ED25519_KEY, "timestamp": paper.now_ms()}
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    signature = base64.b64encode(key.sign(payload_of(params).encode())).decode()
    return {**params, "signature": signature}


async def test_signed_order_is_placed_with_limits_reported(
    paper: PaperClient, socket: aiohttp.ClientWebSocketResponse
) -> None:
    answer = await call(socket, "order.place", signed(paper, {**LIMIT}))

    assert (answer["id"], answer["status"]) == ("request-1", 200)
    assert answer["result"]["status"] == "NEW"
    assert "avgPrice" not in answer["result"]
    counts = {(row["rateLimitType"], row["interval"]): row["count"] for row in answer["rateLimits"]}
    assert counts[("ORDERS", "SECOND")] == 1


async def test_session_logon_makes_key_and_signature_unnecessary(
    paper: PaperClient, socket: aiohttp.ClientWebSocketResponse
) -> None:
    logged_on = await call(socket, "session.logon", logon(paper))
    stamp: dict[str, object] = {"timestamp": paper.now_ms()}
    placed = await call(socket, "order.place", {**LIMIT, **stamp})
    order_id = placed["result"]["orderId"]
    which: dict[str, object] = {"symbol": "SOLUSDT", "orderId": order_id, **stamp}

    modified = await call(
        socket, "order.modify", {**which, "side": "BUY", "quantity": 2, "price": 149.25}
    )
    found = await call(socket, "order.status", which)
    cancelled = await call(socket, "order.cancel", which)

    assert logged_on["result"]["apiKey"] == PAPER_ED25519_KEY
    assert (modified["result"]["price"], modified["result"]["origQty"]) == ("149.2500", "2.00")
    assert found["result"]["avgPrice"] == "0.000000"
    assert cancelled["result"]["status"] == "CANCELED"


async def test_logged_out_session_needs_a_key_again(
    paper: PaperClient, socket: aiohttp.ClientWebSocketResponse
) -> None:
    await call(socket, "session.logon", logon(paper))
    out = await call(socket, "session.logout", {})
    refused = await call(socket, "order.place", {**LIMIT, "timestamp": paper.now_ms()})
    status = await call(socket, "session.status", {})

    assert (out["result"]["apiKey"], status["result"]["authorizedSince"]) == (None, None)
    assert (refused["status"], refused["error"]["code"]) == (401, -2014)


async def test_hmac_key_cannot_log_on(
    paper: PaperClient, socket: aiohttp.ClientWebSocketResponse
) -> None:
    answer = await call(socket, "session.logon", signed(paper, {}))

    assert answer["error"]["code"] == -1099


async def test_account_is_told_in_both_versions(
    paper: PaperClient, socket: aiohttp.ClientWebSocketResponse
) -> None:
    await paper.order(symbol="SOLUSDT", side="BUY", type="MARKET", quantity="2")

    held = await call(socket, "v2/account.position", signed(paper, {}))
    every = await call(socket, "account.position", signed(paper, {}))
    balance = await call(socket, "v2/account.balance", signed(paper, {}))
    account = await call(socket, "v2/account.status", signed(paper, {}))

    assert [row["symbol"] for row in held["result"]] == ["SOLUSDT"]
    assert len(every["result"]) == 3
    assert balance["result"][0]["balance"] == account["result"]["totalWalletBalance"]


async def test_public_data_needs_no_key(socket: aiohttp.ClientWebSocketResponse) -> None:
    depth = await call(socket, "depth", {"symbol": "SOLUSDT", "limit": 5})
    ticker = await call(socket, "ticker.book", {"symbol": "SOLUSDT"})
    price = await call(socket, "ticker.price", {"symbol": "SOLUSDT"})

    assert depth["result"]["bids"][0] == ["149.9900", "5.00"]
    assert ticker["result"]["askPrice"] == "150.0100"
    assert price["result"]["price"] == "150.0000"


async def test_user_data_stream_key_needs_only_the_api_key(
    socket: aiohttp.ClientWebSocketResponse,
) -> None:
    key: dict[str, object] = {"apiKey": PAPER_HMAC_KEY}
    started = await call(socket, "userDataStream.start", key)
    pinged = await call(socket, "userDataStream.ping", key)
    stopped = await call(socket, "userDataStream.stop", key)
    gone = await call(socket, "userDataStream.ping", key)

    assert started["result"] == pinged["result"]
    assert stopped["result"] == {}
    assert gone["error"]["code"] == -1125


@pytest.mark.parametrize(
    ("method", "changes", "code"),
    [
        ("order.place", {"timestamp": 1}, -1021),
        ("order.place", {"price": "149.505"}, -4014),
        ("order.place", {"price": [149]}, -1130),
        ("order.destroy", {}, -1130),
        ("session.dance", {}, -1130),
        ("order.cancel", {"orderId": 1}, -2011),
        ("order.status", {"orderId": 1}, -2013),
    ],
)
async def test_bad_request_is_refused_by_code(
    paper: PaperClient,
    socket: aiohttp.ClientWebSocketResponse,
    method: str,
    changes: dict[str, object],
    code: int,
) -> None:
    complete = {**LIMIT, "apiKey": PAPER_HMAC_KEY, "timestamp": paper.now_ms(), **changes}
    params = {**complete, "signature": paper.sign(payload_of(complete))}

    answer = await call(socket, method, params)

    assert (answer["status"], answer["error"]["code"]) == (400, code)


async def test_altered_request_is_refused(
    paper: PaperClient, socket: aiohttp.ClientWebSocketResponse
) -> None:
    answer = await call(socket, "order.place", {**signed(paper, {**LIMIT}), "quantity": "2"})

    assert answer["error"]["code"] == -1022


async def test_rate_limits_can_be_left_out(paper: PaperClient) -> None:
    socket = await paper.connect("/ws-fapi/v1?returnRateLimits=false")
    without = await call(socket, "ticker.price", {"symbol": "SOLUSDT"})
    params: dict[str, object] = {"symbol": "SOLUSDT", "returnRateLimits": True}

    told = await call(socket, "ticker.price", params)

    assert ("rateLimits" in without, "rateLimits" in told) == (False, True)


async def test_text_that_is_no_request_is_answered(
    socket: aiohttp.ClientWebSocketResponse,
) -> None:
    await socket.send_str("hello")

    answer = await socket.receive_json(timeout=5)

    assert (answer["id"], answer["status"]) == (None, 400)


async def test_request_is_audited_with_its_parsing_time(
    paper: PaperClient, socket: aiohttp.ClientWebSocketResponse
) -> None:
    await call(socket, "order.place", signed(paper, {**LIMIT, "newClientOrderId": "good"}))
    bad = {**LIMIT, "newClientOrderId": "bad", "price": "149.505"}
    await call(socket, "order.place", signed(paper, bad))

    requests = await paper.control("requests?account=paper")

    assert [row["client_order_id"] for row in requests] == ["good", "bad"]
    assert [row["order_id"] is None for row in requests] == [False, True]
    assert requests[1]["outcome"].startswith("-4014")
    assert requests[0]["mono_parsed_ns"] < requests[1]["mono_parsed_ns"]


async def test_exhausted_address_cannot_connect(paper: PaperClient) -> None:
    await paper.control("faults", {"limits": {"weight_1m": 1}})

    with pytest.raises(aiohttp.WSServerHandshakeError, match="429"):
        await paper.connect("/ws-fapi/v1")
