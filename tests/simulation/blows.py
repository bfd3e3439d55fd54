"""The faults that came later: exchanges that restart, and positions that the venue itself closes.

They strike by a generator of their own, beside those of `chaos`. An exchange restarts in the middle
of things: when an order arrives. It is taken into the books before the end, or is not; in neither
case is it answered, nothing of it is told, and every connection is gone. What comes back is the
venue with the books of before: its orders, its positions, its numbers, its nonces.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.simulation.forced import ADL, BINANCE_IDS, LIQUIDATION, SETTLEMENT
from tests.simulation.plan import LATER_CHAOS
from tests.simulation.venue_binance import BinanceFront
from tests.simulation.venue_hyperliquid import HyperliquidFront

if TYPE_CHECKING:
    from tests.simulation.world import World

MOST_STRIKES = 3
AWAY_MS = (50, 1_500)
CLOSED_LOTS = (1, 300)
Anywhere = BinanceFront | HyperliquidFront


class Blows:
    """Strikes at random moments until it is cancelled."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.rng = world.plan.generator("later chaos")
        self._faults: dict[str, Callable[[], None]] = {
            "venue restart": self._restart,
            "deleveraging": lambda: self._close(ADL),
            "autoclose": lambda: self._close(self.rng.choice((LIQUIDATION, SETTLEMENT))),
        }

    async def run(self) -> None:
        plan = self.world.plan
        names = [name for name in LATER_CHAOS if plan.has(name)]
        strikes = self.rng.randint(1, MOST_STRIKES) if names else 0
        for _ in range(strikes):
            gap_ms = self.rng.randint(1, 2 * plan.trouble_ms // (strikes + 1))
            await self.world.clock.sleep(gap_ms / 1_000)
            name = self.rng.choice(names)
            self.world.note("fault", name)
            self._faults[name]()

    def _restart(self) -> None:
        """Let an exchange end at the next order that reaches it."""
        front = self.rng.choice((self.world.binance, self.world.hyperliquid))
        is_taken, counts = self.rng.random() < 0.6, self.world.counts

        def meets(frame: bytes, take: Callable[[], None]) -> None:
            if not _is_order(frame):
                take()
                return
            for wire in front.wires():
                wire.is_silent = True
            if is_taken:
                take()
            counts[f"restart {'after' if is_taken else 'before'} an order"] += 1
            self._end(front)

        front.weather.meets = meets

    def _end(self, front: Anywhere) -> None:
        weather = front.weather
        weather.meets, weather.is_down = None, True
        for wire in front.wires():
            wire.cut("the exchange has ended")
        front.begin_anew()
        self.world.counts["venue restart"] += 1
        self.world.note("restart", front.venue.exc)
        away_s = self.rng.randint(*AWAY_MS) / 1_000

        async def come_back() -> None:
            await self.world.clock.sleep(away_s)
            weather.is_down = False

        self.world.outside(come_back(), "come-back")

    def _close(self, forced: str) -> None:
        """Close a part of a position by an ordinary trade that no order of ours asked for."""
        venue = self.rng.choice(list(self.world.venues.values()))
        qty = self.rng.randint(*CLOSED_LOTS) * venue.contract.lot
        if venue.holding(venue.contract.ticker).amount:
            self.world.counts["deleveraging" if forced == ADL else "autoclose"] += 1
            venue.force(qty, BINANCE_IDS[forced], forced)


def _is_order(frame: bytes) -> bool:
    return b'"order.place"' in frame or b'"orders"' in frame
