"""A command reads a log to its end, and waits for none that it cannot reach."""

import asyncio

import pytest

from tandem.bus.memory.bus import MemoryBus
from tandem.bus.port import Entry, Following
from tandem.cli.reading import read_to_end
from tandem.domain.errors import UnavailableError
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock

SUBJECTS = tuple(subjects.alarm("hedger", str(number)) for number in range(3))


async def written() -> MemoryBus:
    bus = MemoryBus(SystemClock())
    for subject in SUBJECTS:
        await bus.log.append(subject, b"{}")
    return bus.client()


async def test_all_that_the_log_holds_is_read_and_what_comes_later_too() -> None:
    bus, read = await written(), list[str]()

    following = await read_to_end(
        bus.log, [subjects.ALL_ALARMS], lambda entry: read.append(entry.subject)
    )

    assert (tuple(read), following.pending) == (SUBJECTS, 0)
    await bus.close()


async def test_bus_that_goes_away_meanwhile_ends_the_reading_with_a_reason() -> None:
    bus, read = await written(), list[str]()

    def lose_the_bus(entry: Entry) -> None:
        read.append(entry.subject)
        bus.disconnect()

    with pytest.raises(UnavailableError, match=r"nothing came for 0\.05 s, 2 more to read"):
        await read_to_end(bus.log, [subjects.ALL_ALARMS], lose_the_bus, stall_s=0.05)

    assert tuple(read) == SUBJECTS[:1]


class Unreadable:
    """A stream of which nobody can begin to read: its server does not answer."""

    async def follow(self, *_: object) -> Following:
        await asyncio.Event().wait()
        raise AssertionError


async def test_stream_that_cannot_be_read_at_all_is_told_so() -> None:
    with pytest.raises(UnavailableError, match=r"not read to its end.*no reader"):
        await read_to_end(Unreadable(), [subjects.ALL_ALARMS], print, stall_s=0.05)  # type: ignore[arg-type]  # what it uses
