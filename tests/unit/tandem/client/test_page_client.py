"""What a client asks until there is an answer."""

import structlog

from tandem.bus.memory.bus import MemoryBus
from tandem.client.page_client import RETRY_S, Asking
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock, TaskOwner


async def test_the_newest_place_is_asked_for_until_the_log_answers() -> None:
    """Where a strategy's share is used up for the moment it is told so, and asks again."""
    clock, tasks = SystemClock(), TaskOwner()
    bus = MemoryBus(clock)
    bus.disconnect()
    asking = Asking(bus, clock, structlog.get_logger())
    newest = tasks.spawn(asking.newest_seq(subjects.ORDERS_PAGE), "newest")
    await clock.sleep(RETRY_S)
    assert not newest.done()

    bus.reconnect()

    assert await newest == 0
    await tasks.close()
