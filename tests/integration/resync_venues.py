"""What a test does at either exchange behind the gateway's back: trade, order by hand, go mute."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from examples.walkthrough.venue_books import Books
from tandem.cli.stack import binance_variables, hyperliquid_variables
from tandem.domain.ids import Exc, Ticker
from tests.integration.binance_process import paper_venue
from tests.integration.gateway_hyperliquid import ACCOUNT, paper

MUTE_MS = 600_000
# An account is backfilled thirty times as often here as usual, of thirty times the usual budget.
WEIGHT_PER_MINUTE = 36_000
BIDS = [[f"{150 - step / 10:.2f}", "5"] for step in range(1, 31)]
ASKS = [[f"{150 + step / 10:.2f}", "5"] for step in range(1, 31)]


class Placed(msgspec.Struct, frozen=True):
    """An order placed by hand."""

    order_id: str


class FaultReport(msgspec.Struct, frozen=True):
    """What goes wrong now, and how often each fault has fired."""

    active: tuple[str, ...]
    fired: dict[str, int]


@dataclass(frozen=True, slots=True)
class Venue:
    """An exchange with one account, whose SOL a test trades; `variables` point a gateway at it."""

    exc: Exc
    ticker: Ticker
    module: str
    account: str
    variables: Callable[[int], Mapping[str, str]]
    session: aiohttp.ClientSession
    port: int
    control_port: int

    async def control(self, path: str, body: object = None) -> bytes:
        url = f"http://127.0.0.1:{self.control_port}/control/{path}"
        method = "GET" if body is None else "POST"
        async with self.session.request(method, url, json=body) as response:
            assert response.status == 200, await response.text()
            return await response.read()

    async def show(self, bids: list[list[str]], asks: list[list[str]]) -> None:
        """Replace the displayed book."""
        depth = {"kind": "depth", "symbol": self.ticker, "bids": bids, "asks": asks}
        await self.control("market", {**depth, "replace": True})

    async def trade(self, side: str, price: str, qty: str) -> None:
        """Let somebody else trade; `side` is the aggressor's."""
        trade = {"kind": "trade", "symbol": self.ticker, "side": side, "price": price, "qty": qty}
        await self.control("market", trade)

    async def books(self) -> Books:
        answer = await self.control(f"books?account={self.account}")
        return msgspec.json.decode(answer, type=Books, strict=False)

    async def faults(self, **body: object) -> FaultReport:
        return msgspec.json.decode(await self.control("faults", body), type=FaultReport)

    async def mute(self) -> None:
        """Let the account's stream tell nothing more, with its socket open."""
        await self.faults(mute={"channels": ["user"], "for_ms": MUTE_MS})

    async def unmute(self) -> None:
        await self.faults(reset=True)

    async def place(self, amount: str, price: str | None = None) -> str:
        """Place an order by hand, one that takes where no price is given; return its id."""
        side = "sell" if amount.startswith("-") else "buy"
        terms: dict[str, Any] = {"symbol": self.ticker, "side": side, "price": price}
        return await self._act(action="place", qty=amount.removeprefix("-"), **terms)

    async def cancel(self, oid: str) -> None:
        """Cancel an order by hand."""
        body = {"action": "cancel", "account": self.account, "order_id": oid}
        await self.control("act", body)

    async def _act(self, **body: object) -> str:
        answer = await self.control("act", {**body, "account": self.account})
        return msgspec.json.decode(answer, type=Placed).order_id


@contextlib.asynccontextmanager
async def binance(directory: Path) -> AsyncIterator[Venue]:
    async with paper_venue(directory) as exchange, aiohttp.ClientSession() as session:
        yield Venue(
            Exc("binance"),
            Ticker("SOLUSDT"),
            "services.gateway_binance",
            "paper",
            binance_variables,
            session,
            exchange.address.port,
            exchange.address.control_port,
        )


@contextlib.asynccontextmanager
async def hyperliquid(_directory: Path) -> AsyncIterator[Venue]:
    rules = json.dumps({"ip_weight_per_minute": WEIGHT_PER_MINUTE})
    async with paper("--paused", rules=rules) as ports, aiohttp.ClientSession() as session:
        yield Venue(
            Exc("hyperliquid"),
            Ticker("SOL"),
            "services.gateway_hyperliquid",
            ACCOUNT,
            _hurried_variables,
            session,
            ports["port"],
            ports["control_port"],
        )


def _hurried_variables(port: int) -> dict[str, str]:
    return {**hyperliquid_variables(port), "HYPERLIQUID_WEIGHT_PER_MINUTE": str(WEIGHT_PER_MINUTE)}


VENUES = {"binance": binance, "hyperliquid": hyperliquid}
