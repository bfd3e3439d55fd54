"""The bus of a strategy: what each answer of `access` comes to for who asked."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tandem.bus.access.bus import AccessBus
from tandem.bus.memory.bus import MemoryBus
from tandem.bus.port import Appended, Entry, LogState
from tandem.domain.errors import (
    ConflictError,
    InvalidInputError,
    LimitReachedError,
    UnavailableError,
)
from tandem.domain.ids import Strategy
from tandem.messages import codec, subjects
from tandem.messages.access import (
    AccessAnswer,
    AccessCall,
    AskDesk,
    CallRefused,
    CallUnanswered,
    DeskAnswered,
    EntryFound,
    IntentConflict,
    IntentLogged,
    LogIntent,
    StoredEntry,
    StreamState,
)
from tandem.runtime.clock import SystemClock

ALPHA = Strategy("alpha")
SILENT = CallUnanswered(text="the log did not confirm in time")
TOO_MANY = CallRefused(field="intents", value="501", rule="at most 100 a second", retryable=True)
WRONG = CallRefused(field="cloid", value="0x7a", rule="not reserved")


class Told:
    """A bus whose `access` answers as the test says, in turn and the last for ever."""

    def __init__(self) -> None:
        self.world = MemoryBus(SystemClock())
        self.bus = AccessBus(self.world.client(), ALPHA, SystemClock())
        self.calls: list[AccessCall] = []

    async def answers(self, *told: AccessAnswer | bytes) -> None:
        left = list(told)

        async def answer(call: bytes) -> bytes:
            self.calls.append(codec.decode_call(call))
            given = left.pop(0) if len(left) > 1 else left[0]
            return given if isinstance(given, bytes) else codec.encode(given)

        await self.world.serve(subjects.access_calls(ALPHA), answer, queue="access")

    async def append(self, *, same: bool = True) -> Appended:
        async with asyncio.timeout(5):
            return await self.bus.log.append("subject", b"payload", same=same)


@pytest.fixture
async def told() -> AsyncIterator[Told]:
    made = Told()
    yield made
    await made.bus.close()


async def test_what_was_logged_has_its_place(told: Told) -> None:
    await told.answers(IntentLogged(seq=7, already=True))
    assert await told.append() == Appended(7, already=True)
    assert told.calls == [LogIntent(subject="subject", payload=b"payload")]


async def test_a_refusal_and_a_conflict_are_told_at_once(told: Told) -> None:
    await told.answers(TOO_MANY, WRONG, IntentConflict(text="id already used"))
    with pytest.raises(LimitReachedError, match="intents=501: at most 100 a second"):
        await told.append()
    with pytest.raises(InvalidInputError, match="cloid=0x7a: not reserved"):
        await told.append()
    with pytest.raises(ConflictError, match="id already used"):
        await told.append()
    assert await told.append(same=False) == Appended(0, already=True)


@pytest.mark.parametrize("silence", [SILENT, b"{", EntryFound(entry=None)])
async def test_a_limit_after_silence_makes_no_refusal_of_what_may_be_logged(
    told: Told, silence: AccessAnswer | bytes
) -> None:
    await told.answers(silence, TOO_MANY, silence, TOO_MANY, IntentLogged(seq=3, already=True))
    assert await told.append() == Appended(3, already=True)
    assert len(told.calls) == 5


async def test_nobody_there_is_silence_too(told: Told) -> None:
    appending = asyncio.ensure_future(told.append())
    await SystemClock().sleep(0)
    await told.answers(IntentLogged(seq=1))
    assert await appending == Appended(1)


async def test_what_is_looked_up_is_found_or_not_or_the_reason_told(told: Told) -> None:
    entry = StoredEntry(seq=1, ts_ns=2, subject="s", payload=b"p")
    await told.answers(EntryFound(entry=entry), EntryFound(entry=None), WRONG, TOO_MANY, SILENT)
    assert await told.bus.deltas.find("s") == Entry(1, 2, "s", b"p")
    assert await told.bus.deltas.find("s") is None
    with pytest.raises(InvalidInputError, match="cloid=0x7a"):
        await told.bus.deltas.find("s")
    with pytest.raises(UnavailableError, match="intents=501"):
        await told.bus.deltas.find("s")
    with pytest.raises(UnavailableError, match="did not confirm"):
        await told.bus.deltas.find("s")


async def test_a_state_is_told_or_the_reason(told: Told) -> None:
    await told.answers(
        StreamState(first_seq=1, last_seq=2, created_ns=3, messages=4), IntentLogged(seq=1)
    )
    assert await told.bus.marks.state() == LogState(1, 2, 3, 4)
    with pytest.raises(UnavailableError, match="answered with IntentLogged"):
        await told.bus.marks.state()


async def test_a_question_takes_the_time_it_is_given(told: Told) -> None:
    await told.answers(DeskAnswered(payload=b"answer"), TOO_MANY)
    assert await told.bus.request("page", b"question", 3.0) == b"answer"
    assert told.calls == [AskDesk(subject="page", payload=b"question", timeout_ms=3_000)]
    with pytest.raises(UnavailableError, match="intents=501"):
        await told.bus.request("page", b"question", 3.0)


async def test_coming_back_is_told(told: Told) -> None:
    came: list[int] = []
    told.bus.on_reconnect(lambda: came.append(1))
    line = told.bus._connection
    assert isinstance(line, MemoryBus)
    line.disconnect()
    assert not told.bus.connected
    line.reconnect()
    assert came == [1]
