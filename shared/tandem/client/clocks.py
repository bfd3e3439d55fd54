"""How a strategy's clock callbacks run: at their interval, one at a time, until cleanup."""

import inspect
from collections.abc import Awaitable, Callable

from tandem.client.feed import Log
from tandem.runtime.clock import Clock

ClockCallback = Callable[[], Awaitable[None] | None]
MS_PER_S = 1_000


async def run_clock(clock: Clock, log: Log, callback: ClockCallback, interval_ms: int) -> None:
    """Call back for ever; a callback slower than its interval skips the beats it missed."""
    while True:
        await clock.sleep(interval_ms / MS_PER_S)
        try:
            result = callback()
            if inspect.isawaitable(result):
                await result
        except Exception:
            log.exception("a clock callback raised", callback=repr(callback))
