"""What the exchanges are made to do wrong for a while, through their control ports.

1. A fault is on for its time, then off; `stop` leaves both exchanges well.
2. Requests are refused, lost or delayed before and after they were carried out; events are lost,
   doubled and late. What the venue's own books say is never touched.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from examples.walkthrough.venue_books import VenueBooks
from tandem.runtime.clock import Clock

BINANCE, HYPERLIQUID = "binance", "hyperliquid"
MANY = 1_000
Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class VenueFault:
    """One misbehaviour of one exchange, as its control port is told."""

    exc: str
    body: Body


def _answers(**said: object) -> Body:
    return {"answers": [said]}


def _events(action: str, count: int) -> Body:
    return {"events": [{"action": action, "count": count}]}


_WELL: Mapping[str, Body] = {BINANCE: {"reset": True, "hidden_ms": 0}, HYPERLIQUID: {}}
FAULTS: Mapping[str, VenueFault] = {
    "binance: answers lost": VenueFault(BINANCE, _answers(is_lost=True, count=2)),
    "binance: answers 2 s late": VenueFault(BINANCE, _answers(delay_ms=2_000, count=4)),
    "binance: 503, executed": VenueFault(BINANCE, _answers(breakdown="UNKNOWN", count=4)),
    "binance: 503, not executed": VenueFault(
        BINANCE, _answers(breakdown="UNAVAILABLE", is_executed=False, count=4)
    ),
    "binance: events lost": VenueFault(BINANCE, _events("DROP", 8)),
    "binance: events doubled": VenueFault(BINANCE, _events("DUPLICATE", MANY)),
    "binance: events late": VenueFault(BINANCE, _events("HOLD", 8)),
    "binance: orders hidden": VenueFault(BINANCE, {"hidden_ms": 800}),
    "binance: sockets cut": VenueFault(BINANCE, {"disconnect": True}),
    "hyperliquid: answers lost": VenueFault(HYPERLIQUID, {"lose_answers": True}),
    "hyperliquid: users silent": VenueFault(HYPERLIQUID, {"mute_users": True}),
    "hyperliquid: fills doubled": VenueFault(HYPERLIQUID, {"repeat_fills": True}),
    "hyperliquid: updates first": VenueFault(HYPERLIQUID, {"updates_first": True}),
    "hyperliquid: orders hidden": VenueFault(HYPERLIQUID, {"hide_orders": True}),
    "hyperliquid: 429": VenueFault(HYPERLIQUID, {"refuse_busy": True}),
}


class VenueFaults:
    """Both exchanges' control ports."""

    def __init__(self, venues: Mapping[str, VenueBooks], clock: Clock) -> None:
        self._venues, self._clock = venues, clock

    async def hold(self, name: str, hold_s: float) -> None:
        """Let one fault be on for a while. Faults of one exchange take turns: the last one wins."""
        fault = FAULTS[name]
        await self._venues[fault.exc].post("faults", fault.body)
        await self._clock.sleep(hold_s)
        await self._venues[fault.exc].post("faults", _WELL[fault.exc])

    async def stop(self) -> None:
        """Let both exchanges behave."""
        for exc, venue in self._venues.items():
            await venue.post("faults", _WELL[exc])
