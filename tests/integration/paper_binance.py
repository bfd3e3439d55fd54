"""A running Binance paper exchange with a still tape and a scripted book, and a plain client."""

import contextlib
import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from services.paper_binance.auth.keyring import PAPER_HMAC_KEY, PAPER_HMAC_SECRET
from services.paper_binance.service import PaperBinance, applications
from services.paper_exchange.shell.cli import parse_options
from services.paper_exchange.shell.serving import Endpoints, running
from tandem.domain.units import NS_PER_MS
from tandem.runtime.clock import SystemClock

BIDS = [[f"{150 - step / 100:.2f}", "5"] for step in range(1, 31)]
ASKS = [[f"{150 + step / 100:.2f}", "5"] for step in range(1, 31)]


class PaperClient:
    """Talks to both ports of one exchange as the paper account."""

    def __init__(
        self, session: aiohttp.ClientSession, exchange: PaperBinance, ports: tuple[int, int]
    ) -> None:
        self.session = session
        self.exchange = exchange
        self.port, self.control_port = ports
        self.base = f"http://127.0.0.1:{self.port}"

    def now_ms(self) -> int:
        return SystemClock().wall_ns() // NS_PER_MS

    async def send(
        self, method: str, path: str, query: str = "", body: str = ""
    ) -> tuple[int, Any]:
        """Send bytes as they are and return status and JSON."""
        url = URL(f"{self.base}{path}{'?' if query else ''}{query}", encoded=True)
        headers: dict[str, str] = {"X-MBX-APIKEY": PAPER_HMAC_KEY}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        async with self.session.request(
            method, url, data=body or None, headers=headers
        ) as response:
            return response.status, await response.json()

    def sign(self, payload: str) -> str:
        secret = PAPER_HMAC_SECRET.encode()
        return hmac.new(secret, payload.encode(), hashlib.sha256).hexdigest()

    async def signed(self, method: str, path: str, **params: object) -> tuple[int, Any]:
        query = urlencode({**params, "timestamp": self.now_ms()})
        return await self.send(method, path, f"{query}&signature={self.sign(query)}")

    async def order(self, **params: object) -> tuple[int, Any]:
        return await self.signed("POST", "/fapi/v1/order", **params)

    async def limit(self, side: str, quantity: str, price: str, **params: object) -> Any:
        """Place a limit order on SOLUSDT and return what was answered."""
        terms = {"symbol": "SOLUSDT", "type": "LIMIT", "timeInForce": "GTC", **params}
        _, answer = await self.order(side=side, quantity=quantity, price=price, **terms)
        return answer

    async def control(self, path: str, body: object = None) -> Any:
        url = f"http://127.0.0.1:{self.control_port}/control/{path}"
        method = "GET" if body is None else "POST"
        async with self.session.request(method, url, json=body) as response:
            return await response.json()

    async def trade(self, side: str, price: str, qty: str) -> Any:
        """Let somebody else trade on SOLUSDT."""
        action = {"kind": "trade", "symbol": "SOLUSDT", "side": side, "price": price, "qty": qty}
        return await self.control("market", action)

    async def listen_key(self) -> str:
        _, answer = await self.send("POST", "/fapi/v1/listenKey")
        return str(answer["listenKey"])

    async def connect(self, address: str) -> aiohttp.ClientWebSocketResponse:
        return await self.session.ws_connect(f"ws://127.0.0.1:{self.port}{address}")


@contextlib.asynccontextmanager
async def paper_binance() -> AsyncIterator[PaperClient]:
    """Serve an exchange whose SOLUSDT book is BIDS and ASKS and stays so."""
    options = parse_options("paper", "PAPER_BINANCE", ["--paused"], {})
    exchange = PaperBinance(options, SystemClock())
    async with (
        running(applications(exchange), Endpoints()) as ready,
        aiohttp.ClientSession() as session,
    ):
        client = PaperClient(session, exchange, (ready.port, ready.control_port))
        depth = {"kind": "depth", "symbol": "SOLUSDT", "bids": BIDS, "asks": ASKS}
        await client.control("market", {**depth, "replace": True})
        yield client
