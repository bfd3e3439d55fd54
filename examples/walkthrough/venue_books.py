"""What the exchanges themselves say, asked over their control ports: the walkthrough's oracle."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

import aiohttp
import msgspec

T = TypeVar("T")


class Order(msgspec.Struct, frozen=True):
    """One order in the exchange's own books; `amount` is signed."""

    symbol: str
    order_id: str
    client_order_id: str
    amount: Decimal
    filled: Decimal
    status: str
    is_open: bool
    updated_ms: int = 0


class Position(msgspec.Struct, frozen=True):
    """A signed position with its average entry."""

    symbol: str
    amount: Decimal
    entry: Decimal
    account: str = ""


class Books(msgspec.Struct, frozen=True):
    """Everything the exchange knows of its accounts."""

    orders: tuple[Order, ...]
    open_orders: tuple[Order, ...]
    positions: tuple[Position, ...]


class Trade(msgspec.Struct, frozen=True):
    """One fill in the exchange's ledger; `mono_written_ns` is when its frame was written."""

    symbol: str
    exec_id: str
    order_id: str
    client_order_id: str
    amount: Decimal
    price: Decimal
    mono_written_ns: int | None
    time_ms: int = 0


class Request(msgspec.Struct, frozen=True):
    """One order request as the exchange parsed it."""

    client_order_id: str
    mono_parsed_ns: int
    outcome: str


class VenueBooks:
    """The control port of one paper exchange."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url

    async def books(self) -> Books:
        return await self._get("books", Books)

    async def trades(self) -> Sequence[Trade]:
        return await self._get("trades", list[Trade])

    async def requests(self) -> Sequence[Request]:
        return await self._get("requests", list[Request])

    async def pause(self) -> None:
        await self.post("tape", {"action": "pause"})

    async def seek(self, position_ms: int) -> None:
        await self.post("tape", {"action": "seek", "position_ms": position_ms})

    async def resume(self, speed: float) -> None:
        await self.post("tape", {"action": "speed", "speed": speed})
        await self.post("tape", {"action": "resume"})

    async def trade(self, symbol: str, side: str, price: Decimal, qty: Decimal) -> None:
        """Let somebody else trade: `side` is the aggressor's."""
        action = {
            "kind": "trade",
            "symbol": symbol,
            "side": side,
            "price": str(price),
            "qty": str(qty),
        }
        await self.post("market", action)

    async def post(self, what: str, body: object) -> bytes:
        """Send one control action and return the exchange's answer.

        Raises:
            aiohttp.ClientResponseError: the exchange refused it; the message says why.
        """
        async with self._session.post(f"{self._url}/control/{what}", json=body) as answer:
            if not answer.ok:
                raise RuntimeError(f"{self._url} refused {what}: {await answer.text()}")
            return await answer.read()

    async def _get(self, what: str, kind: type[T]) -> T:
        async with self._session.get(f"{self._url}/control/{what}") as answer:
            answer.raise_for_status()
            return msgspec.json.decode(await answer.read(), type=kind, strict=False)
