"""A strategy's reader: it asks on from its own place, whatever becomes of an answer."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from tandem.bus.access.reader import AccessReader, ReaderLine
from tandem.bus.port import Cursor, Entry, LogState
from tandem.domain.ids import Strategy, Token
from tandem.messages.access import (
    AccessAnswer,
    CallRefused,
    CallUnanswered,
    EntriesRead,
    ReadableStream,
    ReadingPlace,
    ReadOn,
    StoredEntry,
    StreamWasCut,
)
from tandem.runtime.clock import SystemClock

COPY, AT_HAND = Token("copy"), "access.alpha.read.copy"
SILENT = CallUnanswered(text="nobody")


def _read(*seqs: int, pending: int = 0) -> EntriesRead:
    entries = tuple(StoredEntry(seq=seq, ts_ns=seq, subject=f"s{seq}", payload=b"") for seq in seqs)
    place = ReadingPlace(created_ns=9, seq=seqs[-1], subject=f"s{seqs[-1]}", ts_ns=seqs[-1])
    return EntriesRead(copy=COPY, place=place, pending=pending, entries=entries)


class NoWait:
    """The machine's clocks, and no waiting."""

    def __init__(self) -> None:
        self._clock = SystemClock()

    def wall_ns(self) -> int:
        return self._clock.wall_ns()

    def monotonic_ns(self) -> int:
        return self._clock.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(0)


class Reading:
    """A reader whose answers the test gives; then it waits."""

    def __init__(self, *answers: AccessAnswer, on_entry: Callable[[Entry], None] | None = None):
        self.calls: list[tuple[ReadOn, str]] = []
        self.entries: list[Entry] = []
        self.cuts: list[LogState] = []
        self.is_idle = asyncio.Event()
        self._answers = list(answers)
        line = ReaderLine(self._call, Strategy("alpha"), NoWait())
        self.reader = AccessReader(
            line, ReadableStream.DELTAS, ("orders.>",), Cursor(created_ns=9, seq=1)
        )
        self.closed: list[AccessReader] = []
        self.reader.start(on_entry or self.entries.append, self.cuts.append, self.closed.append)

    async def _call(self, call: ReadOn, where: str, _timeout_s: float) -> AccessAnswer:
        self.calls.append((call, where))
        if self._answers:
            return self._answers.pop(0)
        self.is_idle.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def seqs(self) -> list[int]:
        async with asyncio.timeout(5):
            await self.is_idle.wait()
        await self.reader.close()
        return [entry.seq for entry in self.entries]


@pytest.fixture
async def failures() -> AsyncIterator[list[dict[str, object]]]:
    """What nobody awaits and the process would end on."""
    told: list[dict[str, object]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, failure: told.append(failure))
    yield told
    loop.set_exception_handler(None)


async def test_it_asks_on_from_where_it_stands_the_copy_that_answered() -> None:
    reading = Reading(_read(2, 3, pending=1), _read(4))

    assert await reading.seqs() == [2, 3, 4]
    assert [call.place.seq for call, _ in reading.calls] == [1, 3, 4]
    assert [where for _, where in reading.calls] == ["", AT_HAND, AT_HAND]
    assert reading.reader.pending == 0
    assert reading.closed == [reading.reader]


async def test_silence_and_limits_cost_one_more_question_of_any_copy() -> None:
    limit = CallRefused(field="readers", value="33", rule="at most 32", retryable=True)
    reading = Reading(_read(2), SILENT, limit, _read(3))

    assert await reading.seqs() == [2, 3]
    assert [where for _, where in reading.calls[1:4]] == [AT_HAND, "", ""]


async def test_what_is_told_again_is_not_delivered_again() -> None:
    reading = Reading(_read(2, 3), _read(3, 4), _read(2))

    assert await reading.seqs() == [2, 3, 4]
    assert reading.calls[-1][0].place.seq == 4


async def test_a_cut_is_told_once_and_nothing_after_it(
    failures: list[dict[str, object]],
) -> None:
    cut = StreamWasCut(first_seq=1, last_seq=2, created_ns=3, messages=2)
    reading = Reading(cut, _read(5))
    async with asyncio.timeout(5):
        while not reading.cuts:
            await SystemClock().sleep(0)

    assert reading.cuts == [LogState(1, 2, 3, 2)]
    assert (reading.entries, failures) == ([], [])
    assert len(reading.calls) == 1


async def test_what_cannot_be_taken_ends_reading_and_is_reported(
    failures: list[dict[str, object]],
) -> None:
    def breaks(_entry: Entry) -> None:
        raise RuntimeError

    reading = Reading(_read(2, 3), on_entry=breaks)
    async with asyncio.timeout(5):
        while not failures:
            await SystemClock().sleep(0)

    assert len(failures) == len(reading.calls) == 1


async def test_a_reading_that_is_refused_for_good_is_reported(
    failures: list[dict[str, object]],
) -> None:
    reading = Reading(CallRefused(field="filters", value="oms.>", rule="what is its own"))
    async with asyncio.timeout(5):
        while not failures:
            await SystemClock().sleep(0)

    assert "filters=oms.>" in str(failures[0]["exception"])
    assert len(reading.calls) == 1
