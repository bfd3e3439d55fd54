"""How a strategy's clock callbacks run: at their interval, one at a time, until cleanup."""

from collections.abc import Awaitable, Callable

from structlog.typing import FilteringBoundLogger

from tandem.client.mirror.handlers import call
from tandem.domain.units import MS_PER_S
from tandem.runtime.clock import Clock

ClockCallback = Callable[[], Awaitable[None] | None]


async def run_clock(
    clock: Clock, log: FilteringBoundLogger, callback: ClockCallback, interval_ms: int
) -> None:
    """Call back for ever; a callback slower than its interval skips the beats it missed."""
    while True:
        await clock.sleep(interval_ms / MS_PER_S)
        await call(callback, (), log)
