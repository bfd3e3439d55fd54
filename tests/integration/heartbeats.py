"""A strategy that lives as long as a test wants: what it says of itself, and nothing else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tandem.bus.port import Bus
from tandem.domain.errors import UnavailableError
from tandem.domain.ids import Strategy, Token
from tandem.messages.presence import StrategyAlive
from tandem.runtime.clock import SystemClock

PERIOD_S = 0.1


@contextlib.asynccontextmanager
async def living(bus: Bus, strategy: Strategy, client: str = "test") -> AsyncIterator[None]:
    """Say over and over that a client lives; it is killed, without a last word, at the end."""

    async def live() -> None:
        clock, alive = SystemClock(), StrategyAlive(strategy=strategy, client=Token(client))
        while True:
            with contextlib.suppress(UnavailableError):
                await bus.say_alive(alive)
            await clock.sleep(PERIOD_S)

    life = asyncio.create_task(live())
    try:
        yield
    finally:
        life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await life
