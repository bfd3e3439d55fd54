"""A Binance paper exchange in a process of its own, with a still tape and a book set by hand."""

import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tandem.cli.stack import Child, PaperAddress, StackPlan, checkout

BIDS = [[f"{150 - step / 100:.2f}", "5"] for step in range(1, 31)]
ASKS = [[f"{150 + step / 100:.2f}", "5"] for step in range(1, 31)]


class PaperVenue:
    """What a test does at the exchange behind the gateway's back."""

    def __init__(self, session: aiohttp.ClientSession, address: PaperAddress) -> None:
        self._session = session
        self.address = address

    async def control(self, path: str, body: object = None) -> Any:
        url = f"{self.address.control_url}/control/{path}"
        method = "GET" if body is None else "POST"
        async with self._session.request(method, url, json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def show(self, bids: list[list[str]], asks: list[list[str]]) -> None:
        """Replace what the book of SOLUSDT displays."""
        depth = {"kind": "depth", "symbol": "SOLUSDT", "bids": bids, "asks": asks}
        await self.control("market", {**depth, "replace": True})

    async def trade(self, side: str, price: str, qty: str) -> None:
        """Let somebody else trade on SOLUSDT; `side` is the aggressor's."""
        action = {"kind": "trade", "symbol": "SOLUSDT", "side": side, "price": price, "qty": qty}
        await self.control("market", action)

    async def books(self) -> Any:
        return await self.control("books?account=paper")


@contextlib.asynccontextmanager
async def paper_venue(directory: Path) -> AsyncIterator[PaperVenue]:
    """Run the exchange and set SOLUSDT's book to BIDS and ASKS."""
    plan = StackPlan(root=checkout(), directory=directory)
    ports = ("--port", "0", "--control-port", "0", "--paused")
    command = (sys.executable, "-m", "services.paper_binance", *ports)
    child = Child("paper-binance", command, plan)
    try:
        child.spawn()
        said = child.wait_ready()
        async with aiohttp.ClientSession() as session:
            venue = PaperVenue(session, PaperAddress(said["port"], said["control_port"]))
            await venue.show(BIDS, ASKS)
            yield venue
    finally:
        child.stop()
