"""What a reader is given next: from its own place, no more than is kept, and a cut told."""

from collections.abc import Callable, Sequence

import pytest

from services.access.relay import MOST_KEPT, RelayedReading, RelayPorts
from tandem.bus.memory.bus import MemoryBus
from tandem.bus.port import Cursor, Entry, Following, LogState, OnCut, Reads
from tandem.domain.ids import Token
from tandem.messages.access import (
    AccessAnswer,
    CallRefused,
    CallUnanswered,
    EntriesRead,
    ReadingPlace,
    StreamWasCut,
)
from tandem.runtime.clock import SystemClock, TaskOwner

START = ReadingPlace(created_ns=0, seq=0)
FILTERS = ("orders.>",)
LONG_TURNS = 40  # of the loop: until all that a stream holds has come, or too much of it


class LateToReturn:
    """A stream whose reader is handed over only when it has read: NATS answers in that order."""

    def __init__(self, stream: Reads, entries: int) -> None:
        self._stream, self._entries = stream, entries
        self.opened = 0

    async def follow(
        self,
        filters: Sequence[str],
        after: int | Cursor,
        on_entry: Callable[[Entry], None],
        on_cut: OnCut | None = None,
    ) -> Following:
        self.opened += 1
        read = 0

        def counted(entry: Entry) -> None:
            nonlocal read
            read += 1
            on_entry(entry)

        following = await self._stream.follow(filters, after, counted, on_cut)
        place = after.seq if isinstance(after, Cursor) else after
        while read < self._entries - place:
            await SystemClock().sleep(0)
        return following

    async def find(self, subject: str) -> Entry | None:
        return await self._stream.find(subject)

    async def state(self) -> LogState:
        return await self._stream.state()


class World:
    def __init__(self) -> None:
        self.clock = SystemClock()
        self.bus = MemoryBus(self.clock)
        self.tasks = TaskOwner()
        self.ports = RelayPorts(self.clock, self.tasks, Token("copy"))

    async def store(self, count: int, payload: bytes = b"x") -> None:
        for n in range(count):
            await self.bus.deltas.append(f"orders.binance.{n}.0.{n}.0", payload)

    def reading(self, stream: Reads | None = None) -> RelayedReading:
        return RelayedReading(stream or self.bus.deltas, FILTERS, self.ports, lambda: 0.0)


async def _read(reading: RelayedReading, place: ReadingPlace = START) -> EntriesRead:
    while True:
        told = await reading.read_on(place)
        assert isinstance(told, EntriesRead)
        if told.entries or not told.pending:
            return told


async def _everything(reading: RelayedReading) -> list[int]:
    place, seqs = START, list[int]()
    while (told := await _read(reading, place)).entries:
        seqs += [entry.seq for entry in told.entries]
        place = told.place
        for _ in range(LONG_TURNS):
            await SystemClock().sleep(0)
    return seqs


async def test_a_reader_goes_on_from_its_own_place() -> None:
    world = World()
    await world.store(3)
    reading = world.reading()

    first = await _read(reading)
    nothing = await _read(reading, first.place)
    again = await _read(reading)
    elsewhere = await _read(world.reading(), first.place)

    assert [entry.seq for entry in first.entries] == [1, 2, 3]
    assert [entry.pending for entry in first.entries] == [2, 1, 0]
    assert (first.place.seq, first.place.subject, first.copy) == (
        3,
        "orders.binance.2.0.2.0",
        "copy",
    )
    assert nothing.entries == elsewhere.entries == ()
    assert again.entries == first.entries
    await world.tasks.close()


@pytest.mark.parametrize("late", [False, True])
async def test_more_than_is_kept_is_read_again_and_nothing_is_left_out(late: bool) -> None:
    world = World()
    count = 2 * MOST_KEPT + 100
    await world.store(count)
    stream = LateToReturn(world.bus.deltas, count if late else 0)

    seqs = await _everything(world.reading(stream))

    assert seqs == list(range(1, count + 1))
    assert stream.opened >= 2
    await world.tasks.close()


async def test_a_few_large_entries_are_as_much_as_many_small_ones() -> None:
    world = World()
    await world.store(12, b"x" * 300_000)

    assert await _everything(world.reading()) == list(range(1, 13))
    await world.tasks.close()


async def test_a_place_that_the_stream_does_not_bear_out_is_a_cut() -> None:
    world = World()
    await world.store(2)
    state = await world.bus.deltas.state()
    elsewhere = ReadingPlace(created_ns=state.created_ns, seq=1, subject="orders.else", ts_ns=1)

    told: AccessAnswer = await world.reading().read_on(elsewhere)

    assert told == StreamWasCut(first_seq=1, last_seq=2, created_ns=state.created_ns, messages=2)
    await world.tasks.close()


async def test_silence_of_the_log_is_told_as_silence() -> None:
    world = World()
    world.bus.disconnect()

    assert await world.reading().read_on(START) == CallUnanswered(text="not connected: state")
    await world.tasks.close()


async def test_a_stream_that_is_no_longer_heard_may_have_more() -> None:
    world = World()
    reading = world.reading()
    await _read(reading)
    world.bus.disconnect()

    told = await reading.read_on(START)

    assert isinstance(told, EntriesRead)
    assert told.pending == 1
    await world.tasks.close()


async def test_e12_a_third_question_of_one_reader_at_once_is_refused() -> None:
    world = World()
    reading = world.reading()
    waiting = [world.tasks.spawn(reading.read_on(START), f"ask{n}") for n in range(2)]
    await world.clock.sleep(0)

    told = await reading.read_on(START)

    assert isinstance(told, CallRefused)
    assert (told.field, told.value) == ("read_on", "3")
    for one in waiting:
        assert isinstance(await one, EntriesRead)
    await reading.close()
    await world.tasks.close()
