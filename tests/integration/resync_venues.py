"""What a test does at either exchange behind the gateway's back: trade, order by hand, go mute."""

import contextlib
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import aiohttp
import msgspec

from examples.walkthrough.venue_books import Books
from services.paper_binance.keyring import PAPER_HMAC_KEY, PAPER_HMAC_SECRET
from tandem.cli.stack import binance_variables, hyperliquid_variables
from tandem.domain.ids import Exc, Ticker
from tandem.runtime.clock import SystemClock
from tests.integration import gateway_hyperliquid, paper_hyperliquid
from tests.integration.binance_process import paper_venue

NS_PER_MS = 1_000_000
FOREVER = 1_000_000_000
BIDS = [[f"{150 - step / 10:.2f}", "5"] for step in range(1, 31)]
ASKS = [[f"{150 + step / 10:.2f}", "5"] for step in range(1, 31)]
SOL_ASSET = 5


@dataclass(slots=True)
class Ports:
    """Where one exchange and its control port listen."""

    session: aiohttp.ClientSession
    port: int
    control_port: int

    async def control(self, path: str, body: object = None) -> bytes:
        url = f"http://127.0.0.1:{self.control_port}/control/{path}"
        method = "GET" if body is None else "POST"
        async with self.session.request(method, url, json=body) as response:
            assert response.status == 200, await response.text()
            return await response.read()

    async def show(self, symbol: str) -> None:
        """Replace the displayed book."""
        depth = {"kind": "depth", "symbol": symbol, "bids": BIDS, "asks": ASKS, "replace": True}
        await self.control("market", depth)

    async def trade(self, symbol: str, side: str, price: str, qty: str) -> None:
        """Let somebody else trade; `side` is the aggressor's."""
        action = {"kind": "trade", "symbol": symbol, "side": side, "price": price, "qty": qty}
        await self.control("market", action)

    async def books(self, account: str) -> Books:
        answer = await self.control(f"books?account={account}")
        return msgspec.json.decode(answer, type=Books, strict=False)


class Venue(Protocol):
    """An exchange with one account, whose SOL a test trades."""

    exc: Exc
    ticker: Ticker
    module: str
    account: str
    ports: Ports

    def variables(self, port: int) -> Mapping[str, str]:
        """Return what points a gateway at the exchange behind `port`."""
        ...

    async def place(self, amount: str, price: str) -> str:
        """Place a limit order by hand; return the venue's id."""
        ...

    async def cancel(self, oid: str) -> None:
        """Cancel an order by hand."""
        ...

    async def mute(self) -> None:
        """Let the account's stream tell nothing more, with its socket open."""
        ...

    async def unmute(self) -> None: ...


class BinanceVenue:
    """The Binance paper exchange."""

    exc = Exc("binance")
    ticker = Ticker("SOLUSDT")
    module = "services.gateway_binance"
    account = "paper"

    def __init__(self, ports: Ports) -> None:
        self.ports = ports

    def variables(self, port: int) -> Mapping[str, str]:
        return binance_variables(port)

    async def place(self, amount: str, price: str) -> str:
        side = "SELL" if amount.startswith("-") else "BUY"
        terms = {"symbol": self.ticker, "type": "LIMIT", "timeInForce": "GTC", "side": side}
        quantity = amount.removeprefix("-")
        answer = await self.signed("POST", "order", **terms, quantity=quantity, price=price)
        return str(answer["orderId"])

    async def cancel(self, oid: str) -> None:
        await self.signed("DELETE", "order", symbol=self.ticker, orderId=oid)

    async def signed(self, method: str, path: str, **params: object) -> Any:
        now_ms = SystemClock().wall_ns() // NS_PER_MS
        query = urlencode({**params, "timestamp": now_ms})
        secret = PAPER_HMAC_SECRET.encode()
        signature = hmac.new(secret, query.encode(), hashlib.sha256).hexdigest()
        return await self.send(method, f"{path}?{query}&signature={signature}")

    async def send(self, method: str, path: str) -> Any:
        url = f"http://127.0.0.1:{self.ports.port}/fapi/v1/{path}"
        headers = {"X-MBX-APIKEY": PAPER_HMAC_KEY}
        async with self.ports.session.request(method, url, headers=headers) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def mute(self) -> None:
        await self.ports.control("faults", {"events": [{"action": "DROP", "count": FOREVER}]})

    async def unmute(self) -> None:
        await self.ports.control("faults", {"reset": True})


class HyperliquidVenue:
    """The Hyperliquid paper exchange; orders by hand are the master key's."""

    exc = Exc("hyperliquid")
    ticker = Ticker("SOL")
    module = "services.gateway_hyperliquid"
    account = gateway_hyperliquid.ACCOUNT

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._hand = paper_hyperliquid.PaperVenue(ports.session, ports.port, ports.control_port)

    def variables(self, port: int) -> Mapping[str, str]:
        return hyperliquid_variables(port)

    async def place(self, amount: str, price: str) -> str:
        order = {
            "a": SOL_ASSET,
            "b": not amount.startswith("-"),
            "p": price,
            "s": amount.removeprefix("-"),
            "r": False,
            "t": {"limit": {"tif": "Gtc"}},
        }
        status = await self._act({"type": "order", "orders": [order], "grouping": "na"})
        return str((status.get("resting") or status["filled"])["oid"])

    async def cancel(self, oid: str) -> None:
        await self._act({"type": "cancel", "cancels": [{"a": SOL_ASSET, "o": int(oid)}]})

    async def _act(self, action: dict[str, Any]) -> Any:
        body = self._hand.signed(action, paper_hyperliquid.MASTER_KEY)
        status, answer = await self._hand.post("/exchange", body)
        assert (status, answer["status"]) == (200, "ok"), answer
        return answer["response"]["data"]["statuses"][0]

    async def mute(self) -> None:
        await self.ports.control("faults", {"mute_users": True})

    async def unmute(self) -> None:
        await self.ports.control("faults", {})


def wire_price(price: Decimal) -> str:
    """Return a price in the one spelling that both venues take."""
    return format(price.normalize(), "f")


@contextlib.asynccontextmanager
async def binance(directory: Path) -> AsyncIterator[Venue]:
    async with paper_venue(directory) as paper, aiohttp.ClientSession() as session:
        yield BinanceVenue(Ports(session, paper.address.port, paper.address.control_port))


@contextlib.asynccontextmanager
async def hyperliquid(_directory: Path) -> AsyncIterator[Venue]:
    async with (
        gateway_hyperliquid.paper("--paused") as ports,
        aiohttp.ClientSession() as session,
    ):
        yield HyperliquidVenue(Ports(session, ports["port"], ports["control_port"]))


VENUES = {"binance": binance, "hyperliquid": hyperliquid}
