import asyncio

import pytest

from services.paper_exchange.shell.late import finish
from tandem.runtime.clock import TaskOwner


async def test_what_is_still_to_come_ends_with_the_connection() -> None:
    later = TaskOwner()
    waiting = later.spawn(asyncio.Event().wait(), "never")

    await finish(later)

    assert waiting.cancelled()


async def test_what_went_wrong_late_is_not_lost() -> None:
    async def break_down() -> None:
        raise ValueError("late")

    later = TaskOwner()
    broken = later.spawn(break_down(), "broken")
    await asyncio.wait([broken])

    with pytest.raises(ValueError, match="late"):
        await finish(later)
