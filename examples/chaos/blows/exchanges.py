"""Blows on the exchanges: misbehaving, killed, refusing in unknown words, closing positions.

1. An exchange that was killed replays its books; what was made likely of it is likely again.
2. A refusal in words that no list has is no reason to lose an order or to send it twice.
3. What the venue closes by itself is a trade that nobody here asked for: the books move, what is
   owed does not.
"""

import asyncio
from collections.abc import Mapping, Sequence

from examples.chaos.blows.journal import Journal
from examples.chaos.blows.plan import Kind
from examples.chaos.blows.venue_faults import VenueFaults
from examples.chaos.figures.uptime import Uptime
from examples.walkthrough.venue_books import Position
from services.paper_exchange.engine.forcing import lots_of_half
from tandem.cli.stack import LocalStack
from tandem.runtime.clock import Clock

POLL_S = 0.2
MOST_AWAITED_S = 20.0
# Nothing like these is in a fact sheet, neither the numbers nor the words.
BINANCE_REFUSALS = (
    {"on": "place_order", "code": -9101, "http_status": 400, "text": "Order entry is resting."},
    {"on": "cancel_order", "code": -9102, "http_status": 400, "text": "Cancels are resting."},
    {"on": "place_order", "code": -7777, "http_status": 409, "text": ""},
    {"on": "place_order", "code": 0, "http_status": 422, "text": "Try another instrument."},
    {"on": "cancel_order", "code": 31415, "http_status": 451, "text": "Not in your region."},
)
HYPERLIQUID_REFUSALS = (
    {"on": "place_order", "text": "The auctioneer has gone for lunch."},
    {"on": "cancel_order", "text": "Cancels are resting."},
    {"on": "place_order", "text": "Order entry is resting.", "whole": True},
    {"on": "place_order", "text": ""},
    {"on": "cancel_order", "text": "Not in your region.", "whole": True},
)
REFUSALS: Mapping[str, Sequence[Mapping[str, object]]] = {
    "binance": BINANCE_REFUSALS,
    "hyperliquid": HYPERLIQUID_REFUSALS,
}
# By what a venue closes a position; the last one does not say that it is a liquidation.
FORCED: Mapping[str, Mapping[str, object]] = {
    "deleverage": {"action": "deleverage"},
    "liquidate": {"action": "liquidate"},
    "liquidate unsaid": {"action": "liquidate", "is_noted": False},
}
FORCED_NAMES = tuple(f"{exc}: {what}" for exc in REFUSALS for what in FORCED)


class ExchangeBlows:
    """Strikes the paper exchanges; `restarts` counts those that were killed."""

    def __init__(
        self, stack: LocalStack, faults: VenueFaults, journal: Journal, uptime: Uptime
    ) -> None:
        self._stack, self._faults = stack, faults
        self._journal, self._uptime = journal, uptime
        self._clock: Clock = faults.clock
        self.restarts = 0

    async def strike(self, kind: Kind, target: str, hold_s: float) -> None:
        """Let one blow fall and last."""
        match kind:
            case Kind.EXCHANGE:
                await self._kill(target)
            case Kind.REFUSAL:
                await self._refuse(target, hold_s)
            case Kind.FORCED:
                await self._close_position(target)
            case _:
                await self._misbehave(target, hold_s)

    async def _misbehave(self, fault: str, hold_s: float) -> None:
        exchange = f"paper-{fault.partition(':')[0]}"
        event = self._journal.begin(Kind.VENUE, fault)
        self._uptime.fault(exchange)
        await self._faults.hold(fault, hold_s)
        self._uptime.healed(exchange)
        self._journal.end(event)

    async def _kill(self, exc: str) -> None:
        """Kill an exchange and start it at once, on its own books and its own addresses."""
        child = self._stack.children[f"paper-{exc}"]
        async with self._faults.away(exc):
            event = self._journal.begin(Kind.EXCHANGE, f"kill {child.name}")
            self._uptime.fault(child.name)
            child.kill()
            self.restarts += 1
            await asyncio.to_thread(child.start)
            self._uptime.healed(child.name)
        self._journal.end(event)

    async def _refuse(self, exc: str, hold_s: float) -> None:
        """Let an exchange refuse in words and by numbers that no list has."""
        event = self._journal.begin(Kind.REFUSAL, f"{exc} refuses in unknown words")
        self._uptime.fault(f"paper-{exc}")
        await self._faults.ask(exc, "faults", {"refusals": REFUSALS[exc]})
        await self._clock.sleep(hold_s)
        self._uptime.healed(f"paper-{exc}")
        self._journal.end(event)

    async def _close_position(self, target: str) -> None:
        """Let the venue close half of a position, as soon as there is one."""
        exc, _, what = target.partition(": ")
        event = self._journal.begin(Kind.FORCED, f"{target}, of no position")
        for _ in range(int(MOST_AWAITED_S / POLL_S)):
            closed = await self._close_half(exc, FORCED[what])
            if closed:
                event.what = f"{target} {closed}"
                break
            await self._clock.sleep(POLL_S)
        self._journal.end(event)

    async def _close_half(self, exc: str, how: Mapping[str, object]) -> str:
        """Return what was closed, or the empty text."""
        books = await self._faults.books(exc)
        held = max(books.positions, key=lambda one: abs(one.amount), default=None)
        qty = lots_of_half(abs(held.amount), self._faults.lot) if held is not None else 0
        if held is None or not qty:
            return ""
        try:
            await self._faults.ask(exc, "act", _order(held, how, str(qty)))
        except RuntimeError:
            return ""  # It is smaller by now.
        return f"{qty} of {held.amount} {held.symbol}"


def _order(held: Position, how: Mapping[str, object], qty: str) -> dict[str, object]:
    return {**how, "account": held.account, "symbol": held.symbol, "qty": qty}
