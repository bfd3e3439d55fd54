"""A running Hyperliquid paper exchange with a still tape and a scripted SOL book."""

import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import eth_account
from hyperliquid.exchange import Exchange as SdkExchange
from hyperliquid.info import Info as SdkInfo
from hyperliquid.utils import signing

from services.paper_exchange.shell.serving import Endpoints, running
from services.paper_exchange.shell.tape_driver import TapeOptions
from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.service import MASTER, assemble
from tandem.domain.units import NS_PER_MS
from tandem.runtime.clock import SystemClock

MASTER_KEY = "0x" + "11" * 32
AGENT_KEY = "0x" + "22" * 32
SOL = 5
BIDS = [[f"{150 - step / 100:.2f}", "10"] for step in range(1, 31)]
ASKS = [[f"{150 + step / 100:.2f}", "10"] for step in range(1, 31)]


class PaperVenue:
    """Both ports of one exchange, and what a hand-written client needs."""

    def __init__(self, session: aiohttp.ClientSession, port: int, control_port: int) -> None:
        self.session = session
        self.base_url = f"http://127.0.0.1:{port}"
        self.control_url = f"http://127.0.0.1:{control_port}/control"
        self._last_nonce = 0

    async def control(self, path: str, body: object = None) -> Any:
        method = "GET" if body is None else "POST"
        url = f"{self.control_url}/{path}"
        async with self.session.request(method, url, json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def trade(self, side: str, price: str, qty: str) -> int:
        """Let somebody else trade SOL; return how many fills of ours it caused."""
        action = {"kind": "trade", "symbol": "SOL", "side": side, "price": price, "qty": qty}
        return int((await self.control("market", action))["fills_count"])

    async def show_book(self, bids: object = BIDS, asks: object = ASKS) -> None:
        depth = {"kind": "depth", "symbol": "SOL", "bids": bids, "asks": asks, "replace": True}
        await self.control("market", depth)

    async def post(self, path: str, body: object) -> tuple[int, Any]:
        async with self.session.post(f"{self.base_url}{path}", json=body) as response:
            return response.status, await response.json(content_type=None)

    async def info(self, kind: str, **members: object) -> Any:
        return (await self.post("/info", {"type": kind, "user": MASTER} | members))[1]

    def signed(self, action: dict[str, Any], key: str = AGENT_KEY) -> dict[str, Any]:
        """Return the body of a signed action with a fresh nonce."""
        return self._signed(action, key, None)

    def signed_until(self, action: dict[str, Any], valid_ms: int) -> dict[str, Any]:
        """Return the body of a signed action that expires so soon."""
        now_ms = SystemClock().wall_ns() // NS_PER_MS
        body = self._signed(action, AGENT_KEY, now_ms + valid_ms)
        return body | {"expiresAfter": now_ms + valid_ms}

    def _signed(self, action: dict[str, Any], key: str, expires_ms: int | None) -> dict[str, Any]:
        now_ms = SystemClock().wall_ns() // NS_PER_MS
        self._last_nonce = nonce = max(self._last_nonce + 1, now_ms)
        wallet = eth_account.Account.from_key(key)
        signature = signing.sign_l1_action(wallet, action, None, nonce, expires_ms, False)
        return {"action": action, "nonce": nonce, "signature": signature}

    async def connect(self) -> "Socket":
        url = self.base_url.replace("http", "ws") + "/ws"
        return Socket(await self.session.ws_connect(url))


class Socket:
    """A /ws connection that keeps every frame it saw."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []

    async def send(self, message: object) -> None:
        await self.socket.send_json(message)

    async def subscribe(self, kind: str, **members: object) -> dict[str, Any]:
        """Subscribe and return the confirmation or the error."""
        subscription = {"type": kind} | members
        await self.send({"method": "subscribe", "subscription": subscription})
        return await self.until(lambda f: f["channel"] in {"subscriptionResponse", "error"})

    async def next(self) -> dict[str, Any]:
        frame: dict[str, Any] = await self.socket.receive_json(timeout=5)
        self.frames.append(frame)
        return frame

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the next frame that fits."""
        while True:
            frame = await self.next()
            if wanted(frame):
                return frame

    async def on(self, channel: str) -> Any:
        """Return the data of the next frame on a channel."""
        return (await self.until(lambda frame: frame["channel"] == channel))["data"]


class SdkClient:
    """The official SDK, unchanged, with every message of its user streams."""

    def __init__(self, base_url: str, key: str = MASTER_KEY) -> None:
        self.wallet = eth_account.Account.from_key(key)
        self.address = MASTER
        self.info = SdkInfo(base_url)
        self.exchange = SdkExchange(self.wallet, base_url, account_address=MASTER)
        self.messages: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def listen(self, *kinds: str) -> None:
        for kind in kinds:
            self.info.subscribe({"type": kind, "user": self.address}, self._keep)

    def _keep(self, message: dict[str, Any]) -> None:
        with self._lock:
            self.messages.append(message)

    def on(self, channel: str) -> list[Any]:
        with self._lock:
            return [m["data"] for m in self.messages if m["channel"] == channel]

    def close(self) -> None:
        self.info.disconnect_websocket()


@contextlib.asynccontextmanager
async def paper_hyperliquid(settings: Settings | None = None) -> AsyncIterator[PaperVenue]:
    """Serve an exchange whose SOL book is BIDS and ASKS and stays so."""
    exchange = assemble(
        settings or Settings(), SystemClock(), lambda: iter(()), TapeOptions(source="none")
    )
    async with (
        running(exchange.applications, Endpoints()) as ready,
        aiohttp.ClientSession() as session,
    ):
        venue = PaperVenue(session, ready.port, ready.control_port)
        await venue.show_book()
        yield venue
