"""How a strategy follows a stream through `access`: it asks on from its own place, for ever.

1. One question is open at a time, and it names the place that was reached: what a copy sends is
   taken before more is asked for, so nothing piles up on the way.
2. What does not begin at the place that was asked for is not taken. A copy that is gone, or an
   answer that was lost, costs one more question.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from secrets import token_hex

import structlog

from tandem.bus.clock import Timing
from tandem.bus.port import Cursor, Entry, LogState, OnCut
from tandem.bus.spells import Spell
from tandem.bus.tasks import Background, report
from tandem.domain.errors import InvalidInputError, InvariantError
from tandem.domain.ids import Strategy, Token
from tandem.messages import subjects
from tandem.messages.access import (
    AccessAnswer,
    CallRefused,
    EntriesRead,
    ReadableStream,
    ReadingPlace,
    ReadOn,
    StoredEntry,
    StreamWasCut,
)

READ_TIMEOUT_S = 2.0
RETRY_S = 0.1
TOKEN_BYTES = 10
MOST_SHOWN = 200
Call = Callable[[ReadOn, str, float], Awaitable[AccessAnswer]]

_log = structlog.get_logger(component="bus.access")


@dataclass(frozen=True, slots=True)
class ReaderLine:
    """How a reader asks, and for whom."""

    call: Call
    strategy: Strategy
    timing: Timing


class AccessReader:
    """Follows one stream; satisfies `Following`."""

    def __init__(
        self, line: ReaderLine, stream: ReadableStream, filters: tuple[str, ...], place: Cursor
    ) -> None:
        self._line, self._stream, self._filters = line, stream, filters
        self._name = Token(token_hex(TOKEN_BYTES))
        self._place = ReadingPlace(
            created_ns=place.created_ns, seq=place.seq, subject=place.subject, ts_ns=place.ts_ns
        )
        self._background = Background()
        self._copy: Token | None = None
        self._heard_ns, self._pending = 0, 1
        self._closed = False
        self._failing = Spell()

    @property
    def heard_ns(self) -> int:
        return self._heard_ns

    @property
    def pending(self) -> int:
        return self._pending

    def start(
        self,
        on_entry: Callable[[Entry], None],
        on_cut: OnCut | None,
        on_close: Callable[["AccessReader"], None],
    ) -> None:
        self._on_entry, self._on_cut, self._on_close = on_entry, on_cut, on_close
        self._background.spawn(self._read(), f"access-reader-{self._stream.value}")

    async def close(self) -> None:
        self._closed = True
        self._on_close(self)
        await self._background.close()

    async def _read(self) -> None:
        while not self._closed:
            if not self._take(await self._ask()):
                self._copy, self._heard_ns = None, 0
                await self._line.timing.sleep(RETRY_S)

    async def _ask(self) -> AccessAnswer:
        call = ReadOn(
            reader=self._name, stream=self._stream, filters=self._filters, place=self._place
        )
        copy, strategy = self._copy, self._line.strategy
        where = subjects.access_readings(strategy, copy) if copy else ""
        return await self._line.call(call, where, READ_TIMEOUT_S)

    def _take(self, told: AccessAnswer) -> bool:
        """Take an answer; tell whether it was one."""
        match told:
            case EntriesRead() if told.place.seq >= self._place.seq:
                self._say_what_ended()
                self._copy = told.copy
                self._heard_ns = self._line.timing.monotonic_ns()
                for stored in told.entries:
                    self._deliver(stored)
                self._place = told.place
                self._pending = told.pending
                return True
            case StreamWasCut():
                self._end(LogState(told.first_seq, told.last_seq, told.created_ns, told.messages))
                return True
            case CallRefused(retryable=False):
                self._closed = True
                error = InvalidInputError(told.field, told.value, told.rule)
                report(f"reading of {self._stream.value} refused", error)
                return True
            case _:
                self._tell(told)
                return False

    def _tell(self, told: AccessAnswer) -> None:
        """Log the first of many, and then ever more rarely."""
        count = self._failing.failed(self._line.timing.monotonic_ns())
        if count:
            stream, text = self._stream.value, str(told)[:MOST_SHOWN]
            _log.warning("no answer, asking on", stream=stream, told=text, failures=count)

    def _say_what_ended(self) -> None:
        ended = self._failing.ended(self._line.timing.monotonic_ns(), quiet_ns=0)
        if ended is not None:
            stream, times = self._stream.value, ended.count
            _log.info("reads again", stream=stream, times=times, lasted_ms=ended.lasted_ms)

    def _deliver(self, stored: StoredEntry) -> None:
        if self._closed or stored.seq <= self._place.seq:
            return
        entry = Entry(stored.seq, stored.ts_ns, stored.subject, stored.payload, stored.pending)
        try:
            self._on_entry(entry)
        except Exception as error:  # noqa: BLE001 - whatever it is, reading on would skip a fact
            self._closed = True
            report(f"reading stopped at {entry.seq} {entry.subject}", error)

    def _end(self, state: LogState) -> None:
        """Deliver nothing more, and say why."""
        self._closed = True
        read_seq, stream = self._place.seq, self._stream.value
        _log.error("the stream was cut", stream=stream, read_seq=read_seq, last_seq=state.last_seq)
        if self._on_cut is None:
            report(f"{stream} was cut", InvariantError(f"read up to {read_seq}"))
        else:
            asyncio.get_running_loop().call_soon(self._on_cut, state)
