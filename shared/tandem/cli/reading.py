"""How a command reads a stream: to its end, or it says by name why not.

1. A command waits for no bus that has gone away and for no stream that was cut: where nothing
   more comes for some seconds though there is more, it ends. A long log is no reason to.
"""

import asyncio
from collections.abc import Callable, Sequence

from tandem.bus.port import Entry, Following, Reads
from tandem.domain.errors import UnavailableError
from tandem.runtime.clock import SystemClock
from tandem.runtime.interrupts import end_if_interrupted

STALL_S = 5.0
POLL_S = 0.02


async def read_to_end(
    stream: Reads,
    filters: Sequence[str],
    on_entry: Callable[[Entry], None],
    stall_s: float = STALL_S,
) -> Following:
    """Return a reader that has handed over all that the stream holds, and goes on.

    Raises:
        UnavailableError: for `stall_s` nothing came though there is more.
    """
    loop, limit = asyncio.get_running_loop(), asyncio.timeout(stall_s)
    following: Following | None = None
    is_at_end = False

    def take(entry: Entry) -> None:
        on_entry(entry)
        if not is_at_end and not limit.expired():
            limit.reschedule(loop.time() + stall_s)

    try:
        async with limit:
            following = await stream.follow(filters, 0, take)
            while following.pending:
                end_if_interrupted()
                await SystemClock().sleep(POLL_S)
            return following
    except TimeoutError as error:
        left = f"{following.pending} more to read" if following is not None else "no reader"
        what = f"the log was not read to its end: nothing came for {stall_s:g} s"
        raise UnavailableError(f"{what}, {left}") from error
    finally:
        is_at_end = True
