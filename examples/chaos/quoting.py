"""The strategies of a chaos run: each keeps several hedged makers live, on both sides.

1. Each strategy hedges half of its makers from the pool that both share, half from its own.
2. A maker that lives too long is cancelled on the way, by its hedge or by its client id.
3. A strategy that was killed takes over, when it starts again, the makers under its name.
4. A bus that is away for a while is no failure of a strategy: it tries again. A maker that it has
   asked for may live although nobody confirmed it: it is asked for again under the same name, so
   that it can be stopped.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from examples.chaos.stage import Market
from services.paper_exchange.prng import Prng
from tandem import OMS
from tandem.client.arguments import HedgeLeg, MakerOrder
from tandem.client.handles import LinkHandle
from tandem.domain.errors import UnavailableError
from tandem.domain.ids import HedgeId
from tandem.domain.units import NS_PER_MS, NS_PER_S
from tandem.messages.deltas import HedgeState, HedgeView
from tandem.runtime.clock import Clock

MAKERS = 4
SHARED_POOL = "shared"
BINANCE, HYPERLIQUID = "binance", "hyperliquid"
LOTS = (40, 400)
AWAY_BP = (2, 25)
PATIENCE_MS = (3_000, 20_000)
ASK_AGAIN_MS = 3_000
BP = Decimal(10_000)
PRICE_STEP = Decimal("0.01")
POLL_S = 0.1
OVER = (HedgeState.DONE, HedgeState.HEDGING, HedgeState.REFUSED)


@dataclass(slots=True)
class _Maker:
    """A maker from the moment it is asked for; `link` is None until the log has confirmed it.

    `order` is None where another process of the strategy has asked for it.
    """

    hedge_id: HedgeId
    order: MakerOrder | None
    pool: str | None
    cancel_at_ns: int
    link: LinkHandle | None = None


@dataclass(slots=True)
class Strategy:
    """One client and the makers that it keeps live."""

    oms: OMS
    market: Market
    clock: Clock
    prng: Prng
    quoted: int = 0
    cancelled: int = 0
    _makers: list[_Maker] = field(default_factory=list)

    def mid(self) -> Decimal:
        """Return the last price of the maker's market that this strategy has heard."""
        return Decimal(str(self.oms.lagged_price(BINANCE, self.market.maker_ticker).mid))

    async def hears_a_price(self, within_s: float) -> None:
        """Wait for the first price; raises UnavailableError when none comes."""
        deadline_ns = self.clock.monotonic_ns() + int(within_s * NS_PER_S)
        while True:
            try:
                self.mid()
            except UnavailableError:
                if self.clock.monotonic_ns() > deadline_ns:
                    raise
                await self.clock.sleep(POLL_S)
            else:
                return

    async def quote(self) -> None:
        """Keep makers live until cancelled."""
        while True:
            try:
                await self.step()
            except UnavailableError:
                await self.clock.sleep(POLL_S)
            await self.clock.sleep(POLL_S)

    async def step(self) -> None:
        """Let go of what has ended, cancel what is old, quote what is missing."""
        self._look()
        for one in self._makers:
            await self._confirmed(one)
            if self.clock.monotonic_ns() >= one.cancel_at_ns:
                await self._cancel(one)
        while len(self._makers) < MAKERS:
            await self._quote_one()

    async def stop(self) -> bool:
        """Ask for the end of every maker that is still live; True when none is."""
        self._look()
        for one in self._makers:
            await self._stop(one)
        return not self._makers

    def _look(self) -> None:
        """Let go of what is over, take over what lives under this name and is nobody's here."""
        rows = self.oms.hedges.links.rows
        known = {one.hedge_id for one in self._makers}
        for row in tuple(rows.values()):
            is_live = row.strategy == self.oms.strategy and row.state not in OVER
            if is_live and row.hedge_id not in known:
                self._makers.append(_Maker(row.hedge_id, None, None, self._patience_ns()))
        self._makers = [one for one in self._makers if not self._is_over(one)]

    def _row(self, one: _Maker) -> HedgeView | None:
        """Return what the mirror shows of a maker that was confirmed, or asked for by others."""
        if one.link is None and one.order is not None:
            return None
        return self.oms.hedges.get(one.hedge_id)

    def _is_over(self, one: _Maker) -> bool:
        row = self._row(one)
        return row is not None and row.state in OVER

    def _patience_ns(self) -> int:
        patience_ms = self.prng.between(*PATIENCE_MS)
        return self.clock.monotonic_ns() + patience_ms * NS_PER_MS

    async def _stop(self, one: _Maker) -> None:
        """Ask for the end of a maker: by its hedge, or by its name where another process asked."""
        link, row = await self._confirmed(one), self._row(one)
        if link is not None:
            await link.stop()
        elif row is not None:
            await self.oms.cancel_order(BINANCE, cloid=row.maker_cloid)

    async def _quote_one(self) -> None:
        side = 1 if self.prng.percent(50) else -1
        away = Decimal(self.prng.between(*AWAY_BP)) / BP
        maker: MakerOrder = {
            "exc": BINANCE,
            "ticker": self.market.maker_ticker,
            "amount": side * self.prng.between(*LOTS) * self.market.lot,
            "price": (self.mid() * (1 - side * away)).quantize(PRICE_STEP),
        }
        pool = SHARED_POOL if self.prng.percent(50) else None
        one = _Maker(self.oms.rand_hedge_id(), maker, pool, self._patience_ns())
        self._makers.append(one)
        await self._confirmed(one)

    async def _confirmed(self, one: _Maker) -> LinkHandle | None:
        """Ask for a maker until the log has it: again under its name, it is the same one."""
        if one.link is None and one.order is not None:
            leg: HedgeLeg = {"exc": HYPERLIQUID, "ticker": self.market.hedge_ticker}
            one.link = await self.oms.hedge_order(
                one.order, leg, pool=one.pool, hedge_id=one.hedge_id
            )
            self.quoted += 1
        return one.link

    async def _cancel(self, one: _Maker) -> None:
        """Cancel a maker by one of the two ways; asked again as long as it lives."""
        one.cancel_at_ns = self.clock.monotonic_ns() + ASK_AGAIN_MS * NS_PER_MS
        self.cancelled += 1
        row = self._row(one)
        if row is not None and self.prng.percent(50):
            await self.oms.cancel_order(BINANCE, cloid=row.maker_cloid)
        else:
            await self._stop(one)
