"""Everybody else on the maker's exchange: trades that fill our makers at a steady rate.

The recorded tape runs underneath and fills makers too; the crowd adds what is missing to the
wanted number of fills a second, in sizes from one lot up, so that remainders come about.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import aiohttp
import msgspec

from examples.chaos.stage import Market
from examples.walkthrough.venue_books import VenueBooks
from services.paper_exchange.prng import Prng
from tandem.domain.units import NS_PER_S
from tandem.runtime.clock import Clock

LOTS = (1, 1, 1, 2, 2, 3, 5, 8, 13, 21)
# Beyond every price that a strategy quotes at: the trade reaches them all, the best first.
REACH = {"sell": Decimal("0.5"), "buy": Decimal("1.5")}
PRICE_STEP = Decimal("0.01")
MOST_BEHIND_S = 15


class _Outcome(msgspec.Struct, frozen=True):
    fills_count: int


@dataclass(slots=True)
class Crowd:
    """`mid` gives the price around which the strategies quote; `fills` counts those caused here.

    `traded_s`: for how long they have been.
    """

    venue: VenueBooks
    market: Market
    mid: Callable[[], Decimal]
    clock: Clock
    prng: Prng
    fills: int = 0
    traded_s: float = 0.0

    async def trade(self, per_s: int) -> None:
        """Fill makers `per_s` times a second until cancelled.

        What was not possible, because nobody quoted, is made up for at twice the rate; what is
        further behind than MOST_BEHIND_S is let go.
        """
        tick_ns = NS_PER_S // (per_s * 2)
        began_ns, let_go = self.clock.monotonic_ns(), 0
        while True:
            tick_began_ns = self.clock.monotonic_ns()
            wanted = (tick_began_ns - began_ns) * per_s // NS_PER_S - let_go
            let_go += max(0, wanted - self.fills - per_s * MOST_BEHIND_S)
            if self.fills < wanted:
                await self._trade_once()
            self.traded_s = (tick_began_ns - began_ns) / NS_PER_S
            spent_ns = self.clock.monotonic_ns() - tick_began_ns
            await self.clock.sleep(max(0, tick_ns - spent_ns) / NS_PER_S)

    async def _trade_once(self) -> None:
        """Trade on one side, or on the other where nobody quotes."""
        sides = ("sell", "buy") if self.prng.percent(50) else ("buy", "sell")
        for side in sides:
            if filled := await self._take(side):
                self.fills += filled
                return

    async def _take(self, side: str) -> int:
        lots = LOTS[self.prng.between(0, len(LOTS) - 1)]
        action = {
            "kind": "trade",
            "symbol": self.market.maker_ticker,
            "side": side,
            "price": str((self.mid() * REACH[side]).quantize(PRICE_STEP)),
            "qty": str(self.market.lot * lots),
        }
        try:
            answer = await self.venue.post("market", action)
        except (aiohttp.ClientError, TimeoutError):
            return 0
        return msgspec.json.decode(answer, type=_Outcome).fills_count
