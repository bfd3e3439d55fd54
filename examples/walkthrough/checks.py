"""How a step insists on what it shows: a failed check ends the walkthrough with its reason."""

from asyncio import timeout
from collections.abc import Awaitable, Callable

from tandem.runtime.clock import SystemClock

POLL_S = 0.02


class StepFailedError(AssertionError):
    """The walkthrough did not show what it promises."""


def insist(holds: bool, what: str) -> None:
    """Fail the walkthrough unless `what` holds."""
    if not holds:
        raise StepFailedError(what)


async def eventually(
    holds: Callable[[], Awaitable[bool]] | Callable[[], bool], what: str, timeout_s: float = 10.0
) -> None:
    """Wait until `holds()`; fail the walkthrough when it does not in time."""
    clock = SystemClock()
    try:
        async with timeout(timeout_s):
            while not await _value(holds):
                await clock.sleep(POLL_S)
    except TimeoutError as error:
        raise StepFailedError(f"not within {timeout_s:g} s: {what}") from error


async def _value(holds: Callable[[], Awaitable[bool]] | Callable[[], bool]) -> bool:
    result = holds()
    return result if isinstance(result, bool) else await result
