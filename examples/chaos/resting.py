"""Limit orders that rest beside a strategy's makers until it dies: nobody else cancels them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from examples.chaos.quoting import BINANCE, HYPERLIQUID
from examples.chaos.stage import Market
from tandem import OMS
from tandem.client.handles import OrderHandle
from tandem.domain.errors import UnavailableError
from tandem.runtime.clock import Clock

LOTS = 40
# So far from the price that hardly any is filled: they are there to be cancelled.
AWAY = Decimal("0.95")
WHOLE = Decimal(1)
POLL_S = 0.5


@dataclass(slots=True)
class Resting:
    """Keeps `count` limit orders on each exchange."""

    oms: OMS
    market: Market
    clock: Clock
    mid: Callable[[], Decimal]
    count: int
    _orders: dict[str, list[OrderHandle]] = field(default_factory=dict)

    async def keep(self) -> None:
        """Ask for what is missing until cancelled."""
        places = {BINANCE: self.market.maker_ticker, HYPERLIQUID: self.market.hedge_ticker}
        while True:
            try:
                for exc, ticker in places.items():
                    await self._fill_up(exc, ticker)
            except UnavailableError:
                pass
            await self.clock.sleep(POLL_S)

    async def _fill_up(self, exc: str, ticker: str) -> None:
        live = self._orders[exc] = [one for one in self._orders.get(exc, ()) if not _is_over(one)]
        if len(live) < self.count:
            price = (self.mid() * AWAY).quantize(WHOLE)
            live.append(
                await self.oms.limit_order(exc, ticker, LOTS * self.market.lot, price=price)
            )


def _is_over(handle: OrderHandle) -> bool:
    return handle.order is not None and handle.order.order_status.is_terminal
