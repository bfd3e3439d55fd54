"""A strategy inside the compose network: a command a line on stdin, an answer a line on stdout.

The exchanges' control ports are reachable there only; what they say is the oracle. What the log
acknowledged is remembered, and must be found on their books at the end. Its one argument says what
becomes of its orders when it leaves: cancel or keep.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import aiohttp

from examples.walkthrough import audit
from examples.walkthrough.checks import StepFailedError, eventually
from examples.walkthrough.venue_books import VenueBooks
from tandem import OMS
from tandem.client.handles import LinkHandle
from tandem.client.oms import ClientOptions
from tandem.domain.errors import TandemError, UnavailableError
from tandem.runtime import logs
from tandem.runtime.config import LogFormat, LogLevel
from tests.e2e.hedging import PRICE, Hedging, scripted_book

Answer = Mapping[str, object]
BUCKET = ("hyperliquid", "SOL")
ACCOUNTS = ("binance", "hyperliquid")
SETTLE_S = 60.0
APPEND_S = 3.0
FAR_BELOW = Decimal("0.5")


def _file(variable: str) -> Path | None:
    name = os.environ.get(variable, "")
    return Path(name) if name else None


@dataclass(slots=True)
class Strategist:
    """One client that outlives every disturbance; `links` are the hedges under way."""

    hedging: Hedging
    links: list[LinkHandle] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)

    async def quote(self) -> Answer:
        """Let a maker rest."""
        self.links.append(await self.hedging.quote())
        return {}

    async def fill(self) -> Answer:
        """Let the maker be filled in pieces; nobody waits for its hedge."""
        await self.hedging.fill()
        return {}

    async def done(self) -> Answer:
        """Wait until everything under way is hedged."""
        for link in self.links:
            await link.done(timeout_s=SETTLE_S)
        self.links.clear()
        return {}

    async def order(self) -> Answer:
        """Ask for an order that never fills; tell whether the log acknowledged it."""
        price = PRICE * FAR_BELOW
        try:
            order = await self.hedging.oms.limit_order(
                "binance", "SOLUSDT", Decimal(1), price=price
            )
        except UnavailableError as error:
            return {"acknowledged": False, "text": str(error)}
        self.acknowledged.append(order.cloid)
        return {"acknowledged": True}

    async def requests(self) -> Answer:
        """Count the orders that the exchanges were asked for."""
        venues = (self.hedging.binance, self.hedging.hyperliquid)
        return {"requests": sum([len(await venue.requests()) for venue in venues])}

    async def balance(self) -> Answer:
        """Judge by the exchanges' books; every order that was acknowledged has reached them."""
        with suppress(StepFailedError):  # what differs is said below
            await eventually(self._is_settled, "the pages equal the books", timeout_s=SETTLE_S)
        assert await self._is_settled(), await self._differences()
        await self.hedging.balance()
        return {"acknowledged": len(self.acknowledged)}

    async def held(self) -> Answer:
        """Tell what the accounts hold by the exchanges' books, which the pages show too."""
        await eventually(self.hedging.pages_agree, "the pages are the books", timeout_s=SETTLE_S)
        venues = (self.hedging.binance, self.hedging.hyperliquid)
        books = [await venue.books() for venue in venues]
        return {
            "positions": [{one.symbol: str(one.amount) for one in of.positions} for of in books],
            "orders": [[one.client_order_id for one in of.open_orders] for of in books],
        }

    async def _is_settled(self) -> bool:
        known = {order.client_order_id for order in (await self.hedging.binance.books()).orders}
        return set(self.acknowledged) <= known and await self.hedging.settled()

    async def _differences(self) -> list[str]:
        """Say what does not agree."""
        oms = self.hedging.oms
        found = [f"bucket {oms.hedges.bucket(*BUCKET, oms.strategy)}"]
        for exc, venue in (
            ("binance", self.hedging.binance),
            ("hyperliquid", self.hedging.hyperliquid),
        ):
            books = await venue.books()
            found.append(f"{exc} trades add up to {sum(t.amount for t in await venue.trades())}")
            found += audit.orders_agree(tuple(oms.orders_peek(exc)), books)
            found += audit.positions_agree(tuple(oms.positions_peek(exc)), books)
        return [*found, f"acknowledged {self.acknowledged}"]


async def main() -> None:
    """Do what the lines say until they end."""
    logs.configure(LogLevel.WARNING, LogFormat.CONSOLE)
    options = ClientOptions(
        nkey_seed_file=_file("TANDEM_NATS_NKEY_SEED_FILE"),
        ca_file=_file("TANDEM_NATS_CA_FILE"),
        ready_timeout_s=30.0,
        append_timeout_s=APPEND_S,
    )
    oms = OMS(
        os.environ["TANDEM_NATS_URL"],
        strategy="walkthrough",
        exchanges=ACCOUNTS,
        options=options,
        share_strategy=True,  # with the walkthrough of the stack itself
        on_disconnect=sys.argv[1],
    )
    async with aiohttp.ClientSession() as session, oms:
        controls = [os.environ[f"WALKTHROUGH_{exc.upper()}_CONTROL"] for exc in ACCOUNTS]
        binance, hyperliquid = (VenueBooks(session, url) for url in controls)
        await scripted_book(binance)
        strategist = Strategist(Hedging(oms, binance, hyperliquid))
        while line := await asyncio.to_thread(sys.stdin.readline):
            answer = await _answer(getattr(strategist, line.strip()))
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


async def _answer(command: Callable[[], Awaitable[Answer]]) -> Answer:
    try:
        return await command()
    except (AssertionError, TandemError, TimeoutError) as error:
        return {"failed": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    asyncio.run(main())
