"""The bus as a strategy has it where the bus has users: everything goes through `access`.

1. An append goes on until the log has it, is known to refuse it, or the caller gives up. What was
   asked and not answered is unknown: no later limit makes a refusal of it.
2. A reader keeps its own place and asks on from there, one question at a time: it is given no
   more than it takes, and any copy of `access` can go on where another ended.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from tandem.bus.access.reader import AccessReader, ReaderLine
from tandem.bus.clock import Timing
from tandem.bus.port import Appended, Cursor, Entry, Following, LogState, OnCut
from tandem.domain.errors import (
    ConflictError,
    InvalidInputError,
    LimitReachedError,
    MalformedMessageError,
    NotAllowedError,
    UnavailableError,
)
from tandem.domain.ids import Strategy
from tandem.domain.units import MS_PER_S
from tandem.messages import codec, subjects
from tandem.messages.access import (
    AccessAnswer,
    AccessCall,
    AliveSaid,
    AskDesk,
    CallRefused,
    CallUnanswered,
    DeskAnswered,
    EntryFound,
    FindEntry,
    IntentConflict,
    IntentLogged,
    LogIntent,
    ReadableStream,
    ReadState,
    SayAlive,
    StreamState,
)
from tandem.messages.presence import OtherClient, StrategyAlive

CALL_TIMEOUT_S = 2.0
ALIVE_TIMEOUT_S = 1.0
RETRY_FIRST_S, RETRY_MOST_S = 0.02, 0.5


class Line(Protocol):
    """The connection that calls go over."""

    async def request(self, subject: str, payload: bytes, timeout_s: float) -> bytes: ...

    def on_reconnect(self, callback: Callable[[], None]) -> None: ...

    @property
    def connected(self) -> bool: ...

    async def close(self) -> None: ...


class AccessLine:
    """Calls of one strategy, over one connection."""

    def __init__(self, line: Line, strategy: Strategy, timing: Timing) -> None:
        self.timing, self.strategy = timing, strategy
        self._line = line
        self._calls = subjects.access_calls(strategy)

    async def call(
        self, call: AccessCall, subject: str = "", timeout_s: float = CALL_TIMEOUT_S
    ) -> AccessAnswer:
        """Return what `access` tells; silence is an answer too."""
        try:
            told = await self._line.request(subject or self._calls, codec.encode(call), timeout_s)
            return codec.decode_told(told)
        except (UnavailableError, MalformedMessageError, NotAllowedError) as error:
            return CallUnanswered(text=str(error))

    async def greet(self) -> None:
        """Return once `access` answers.

        Raises:
            NotAllowedError: the server does not let this user speak under this name.
            UnavailableError: nobody answers.
        """
        call = codec.encode(ReadState(stream=ReadableStream.OMS))
        await self._line.request(self._calls, call, CALL_TIMEOUT_S)


class AccessLog:
    """One stream; satisfies `IntentLog`, and only the log may be appended to."""

    def __init__(self, line: AccessLine, stream: ReadableStream) -> None:
        self._line, self._stream = line, stream
        self._readers: set[AccessReader] = set()

    async def append(self, subject: str, payload: bytes, *, same: bool = False) -> Appended:
        call, delay_s, is_unknown = (
            LogIntent(subject=subject, payload=payload),
            RETRY_FIRST_S,
            False,
        )
        while True:
            match await self._line.call(call):
                case IntentLogged() as logged:
                    return Appended(logged.seq, logged.already)
                case IntentConflict() as conflict:
                    if same:
                        raise ConflictError(conflict.text)
                    return Appended(0, already=True)
                case CallRefused() as refused if not (is_unknown and refused.retryable):
                    kind = LimitReachedError if refused.retryable else InvalidInputError
                    raise kind(refused.field, refused.value, refused.rule)
                case CallRefused():
                    pass
                case _:
                    is_unknown = True
            await self._line.timing.sleep(delay_s)
            delay_s = min(delay_s * 2, RETRY_MOST_S)

    async def follow(
        self,
        filters: Sequence[str],
        after: int | Cursor,
        on_entry: Callable[[Entry], None],
        on_cut: OnCut | None = None,
    ) -> Following:
        place = after if isinstance(after, Cursor) else Cursor(created_ns=0, seq=after)
        line = ReaderLine(self._line.call, self._line.strategy, self._line.timing)
        reader = AccessReader(line, self._stream, tuple(filters), place)
        self._readers.add(reader)
        reader.start(on_entry, on_cut, self._readers.discard)
        return reader

    async def find(self, subject: str) -> Entry | None:
        match await self._line.call(FindEntry(stream=self._stream, subject=subject)):
            case EntryFound(entry=None):
                return None
            case EntryFound(entry=found) if found is not None:
                return Entry(found.seq, found.ts_ns, found.subject, found.payload)
            case told:
                raise failure(subject, told)

    async def state(self) -> LogState:
        match await self._line.call(ReadState(stream=self._stream)):
            case StreamState() as now:
                return LogState(now.first_seq, now.last_seq, now.created_ns, now.messages)
            case told:
                raise failure(self._stream.value, told)

    async def close(self) -> None:
        for reader in tuple(self._readers):
            await reader.close()


def failure(what: str, told: AccessAnswer) -> InvalidInputError | UnavailableError:
    """Return the error for an answer that does not give what was asked."""
    match told:
        case CallRefused(retryable=False):
            return InvalidInputError(told.field, told.value, told.rule)
        case CallRefused():
            return UnavailableError(f"{told.field}={told.value}: {told.rule}")
        case CallUnanswered():
            return UnavailableError(f"{what}: {told.text}")
        case _:
            return UnavailableError(f"{what}: answered with {type(told).__name__}")


class AccessBus:
    """The streams and questions of one strategy; satisfies `StrategyBus`."""

    def __init__(self, line: Line, strategy: Strategy, timing: Timing) -> None:
        self._connection = line
        self._line = AccessLine(line, strategy, timing)
        self._log, self._deltas, self._marks = (
            AccessLog(self._line, stream)
            for stream in (ReadableStream.OMS, ReadableStream.DELTAS, ReadableStream.MARKS)
        )

    @property
    def log(self) -> AccessLog:
        return self._log

    @property
    def deltas(self) -> AccessLog:
        return self._deltas

    @property
    def marks(self) -> AccessLog:
        return self._marks

    @property
    def connected(self) -> bool:
        return self._connection.connected

    async def greet(self) -> None:
        """Return once `access` answers; raises as `AccessLine.greet` does."""
        await self._line.greet()

    async def request(self, subject: str, payload: bytes, timeout_s: float) -> bytes:
        asked = AskDesk(subject=subject, payload=payload, timeout_ms=int(timeout_s * MS_PER_S))
        match await self._line.call(asked, timeout_s=timeout_s):
            case DeskAnswered() as answered:
                return answered.payload
            case told:
                raise failure(subject, told)

    async def say_alive(
        self, alive: StrategyAlive, on_joining: Callable[[], None] | None = None
    ) -> tuple[OtherClient, ...]:
        """Have `access` say it, which hears all clients: nobody need answer one that begins."""
        del on_joining
        said = SayAlive(client=alive.client, state=alive.state)
        match await self._line.call(said, timeout_s=ALIVE_TIMEOUT_S):
            case AliveSaid() as told:
                return told.others
            case told:
                raise failure("say_alive", told)

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        self._connection.on_reconnect(callback)

    async def close(self) -> None:
        for log in (self._log, self._deltas, self._marks):
            await log.close()
        await self._connection.close()
