"""The strategy of a simulated desk: the real client, its mirrors, and the script it follows."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

from tandem.bus.port import Bus
from tandem.client.oms import OMS, ClientOptions
from tandem.domain.errors import TandemError
from tests.simulation.bus import SimBus
from tests.simulation.copies import (
    BINANCE,
    BINANCE_TICKER,
    HYPERLIQUID,
    HYPERLIQUID_TICKER,
)
from tests.simulation.loop import Process, SimClock, spawn
from tests.simulation.plan import Plain, Plan, Quote
from tests.simulation.quiet import trace_log

if TYPE_CHECKING:
    from tests.simulation.world import World

NAME = "s"
BID, ASK = Decimal("99.9"), Decimal("100.1")
APPEND_S = 120.0
POLL_S = 0.05
RETRY_S = 0.5
PLAIN_VALID_MS = 30_000
DISCONNECT_MS = 1_000


@contextmanager
def seeded_names(seed: int) -> Iterator[None]:
    """Let the names that a client makes up follow from the seed."""
    real, made = secrets.token_hex, 0

    def token_hex(nbytes: int | None = None) -> str:
        nonlocal made
        made += 1
        return f"{seed:08x}{made:08x}".rjust(2 * (nbytes or 10), "0")[-2 * (nbytes or 10) :]

    secrets.token_hex = token_hex
    try:
        yield
    finally:
        secrets.token_hex = real


class SimOMS(OMS):
    """The real client on a simulated connection."""

    def __init__(self, bus: SimBus, clock: SimClock, plan: Plan) -> None:
        options = ClientOptions(
            ready_timeout_s=APPEND_S, append_timeout_s=APPEND_S, offers_kept_s=plan.kept_s
        )
        super().__init__(
            strategy=NAME,
            exchanges=(BINANCE, HYPERLIQUID),
            options=options,
            on_disconnect="keep" if plan.has("keeps orders") else "cancel",
            disconnect_after_ms=DISCONNECT_MS,
        )
        self._clock = clock
        self._log = trace_log(None)
        self._sim_bus = bus

    async def _connect(self) -> Bus:  # type: ignore[explicit-override]
        return self._sim_bus


class Strategy:
    """Quotes what the plan says, and stops it at the end; it may crash and come again."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.lives = 0
        self.quoted: list[str] = []
        self.oms: SimOMS | None = None
        self.is_ready = False
        asked: tuple[Quote | Plain, ...] = (*world.plan.quotes, *world.plan.plains)
        self.left: list[Quote | Plain] = sorted(asked, key=lambda one: one.at_ms)
        self.wants_stop = False
        self.has_stopped = False
        self.process = Process("strategy")
        self.bus: SimBus | None = None

    def start(self) -> None:
        world = self.world
        self.lives += 1
        self.process = Process(f"strategy.{self.lives}")
        self.is_ready = False
        clock = SimClock(world.loop)
        self.bus = SimBus(world.server, self.process, clock, world.loop)
        self.oms = SimOMS(self.bus, clock, world.plan)
        spawn(world.loop, self.process, self._live(self.oms, clock), "strategy")

    def die(self) -> None:
        """Be killed: what was quoted rests until its gateway cancels it."""
        self.process.is_dead = True
        self.is_ready = False
        if self.bus is not None:
            self.bus.detach()

    def restart(self) -> None:
        """Die and begin anew: what was quoted stays quoted."""
        self.die()
        self.start()

    def calm(self) -> None:
        if self.bus is not None and not self.bus.connected:
            self.bus.come_back()

    async def _live(self, oms: SimOMS, clock: SimClock) -> None:
        try:
            await oms.init()
        except TandemError as error:
            self.world.note("strategy", f"no start: {error}")
            await clock.sleep(RETRY_S)
            self.restart()
            return
        self.is_ready = True
        while not self.wants_stop:
            if not self.left or self.left[0].at_ms > self.world.loop.now_ns // 1_000_000:
                await clock.sleep(POLL_S)
                continue
            asked = self.left.pop(0)
            try:
                await self._ask(oms, asked)
            except TandemError as error:
                self.world.note("strategy", f"refused: {error}")
        await self._stop(oms)
        self.has_stopped = True

    async def _ask(self, oms: SimOMS, asked: Quote | Plain) -> None:
        if isinstance(asked, Quote):
            await self._quote(oms, asked)
        else:
            await self._place(oms, asked)

    async def _quote(self, oms: SimOMS, quote: Quote) -> None:
        on_binance = quote.is_on_binance
        maker = (BINANCE, BINANCE_TICKER) if on_binance else (HYPERLIQUID, HYPERLIQUID_TICKER)
        leg = (HYPERLIQUID, HYPERLIQUID_TICKER) if on_binance else (BINANCE, BINANCE_TICKER)
        lot = self.world.plan.lots[maker[0]]
        handle = await oms.hedge_order(
            {
                "exc": maker[0],
                "ticker": maker[1],
                "amount": quote.sign * quote.lots * lot,
                "price": BID if quote.sign > 0 else ASK,
            },
            {"exc": leg[0], "ticker": leg[1]},
            trigger_after_ms=quote.coalesce_ms,
            pool=quote.pool,
        )
        self.quoted.append(handle.hedge_id)

    async def _place(self, oms: SimOMS, plain: Plain) -> None:
        exc = BINANCE if plain.is_on_binance else HYPERLIQUID
        ticker = BINANCE_TICKER if plain.is_on_binance else HYPERLIQUID_TICKER
        await oms.limit_order(
            exc,
            ticker,
            plain.sign * plain.lots * self.world.plan.lots[exc],
            price=BID if plain.sign > 0 else ASK,
            valid_for_ms=PLAIN_VALID_MS,
        )

    async def _stop(self, oms: SimOMS) -> None:
        """Stop every hedge, and cancel whatever else is open."""
        for exc in (BINANCE, HYPERLIQUID):
            await oms.cancel_open_orders(exc)
        for hedge_id in self.quoted:
            await oms._stop_hedge(hedge_id)  # type: ignore[arg-type]
