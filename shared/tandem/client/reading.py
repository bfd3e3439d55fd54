"""How the client follows a stream: from a place of its own, with pauses, also past a cut.

1. Each entry is handed over once, in order; what arrives while paused is read again later.
2. After each reconnect the place is checked against the stream. If the stream no longer holds
   what was read, it was cut or made anew: reading goes on where `on_cut` says.
3. An entry that cannot be taken is logged and passed over.
"""

from asyncio import Event, Task
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from structlog.typing import FilteringBoundLogger

from tandem.bus.port import Entry, Following, Log, LogState
from tandem.domain.errors import MalformedMessageError, UnavailableError
from tandem.runtime.clock import Clock, TaskOwner

RETRY_S = 0.1
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReadingPorts:
    """What every reading of a client works with."""

    clock: Clock
    log: FilteringBoundLogger
    tasks: TaskOwner


@dataclass(frozen=True, slots=True)
class Reactions:
    """`on_entry` takes an entry; `on_cut` returns the sequence to go on after."""

    on_entry: Callable[[Entry], None]
    on_cut: Callable[[LogState], int]


class Reading:
    """One stream, read on for as long as the client lives."""

    def __init__(
        self, stream: Log, filters: tuple[str, ...], reactions: Reactions, ports: ReadingPorts
    ) -> None:
        self._stream, self._filters = stream, filters
        self._reactions, self._ports = reactions, ports
        self._seq, self._ts_ns, self._created_ns = 0, 0, 0
        self._generation = 0
        self._following: Following | None = None
        self._checking: Task[None] | None = None
        self._going = Event()
        self._going.set()

    @property
    def seq(self) -> int:
        """The sequence of the last entry taken."""
        return self._seq

    @property
    def has_pending(self) -> bool:
        return self._following is None or self._following.pending > 0

    @property
    def is_paused(self) -> bool:
        return not self._going.is_set()

    async def start(self, after_seq: int, state: LogState) -> None:
        """Follow from `after_seq` of the stream in this state."""
        self._seq, self._ts_ns, self._created_ns = after_seq, 0, state.created_ns
        await self._follow()

    async def close(self) -> None:
        self._generation += 1
        if self._checking is not None:
            self._checking.cancel()
        if self._following is not None:
            await self._following.close()

    def reconnected(self) -> None:
        """Check the place; call it after each reconnect of the bus."""
        if self._checking is None or self._checking.done():
            self._checking = self._ports.tasks.spawn(self._check(), "reading-check")

    def pause(self) -> None:
        """Take nothing more until `resume`."""
        if self.is_paused:
            return
        self._going.clear()
        self._generation += 1
        self._ports.tasks.spawn(self._follow_again(), "reading-paused")

    def resume(self) -> None:
        """Read on after the last entry taken."""
        self._going.set()

    async def _follow_again(self) -> None:
        await self._stop()
        await self._going.wait()
        await self._follow()

    async def _stop(self) -> None:
        self._generation += 1
        following, self._following = self._following, None
        if following is not None:
            await following.close()

    async def _follow(self) -> None:
        on_entry = partial(self._take, self._generation)
        self._following = await self._stream.follow(self._filters, self._seq, on_entry)

    def _take(self, generation: int, entry: Entry) -> None:
        if generation != self._generation:
            return
        self._seq, self._ts_ns = entry.seq, entry.ts_ns
        try:
            self._reactions.on_entry(entry)
        except MalformedMessageError as error:
            self._ports.log.warning("skipped", subject=entry.subject, error=str(error))

    async def _check(self) -> None:
        state = await self._asked(self._stream.state)
        stored = await self._asked(partial(self._stream.get, self._seq)) if self._seq else None
        if self._is_kept(state, stored):
            return
        self._ports.log.warning("a stream was cut", read_seq=self._seq, last_seq=state.last_seq)
        await self._stop()
        await self.start(self._reactions.on_cut(state), state)

    def _is_kept(self, state: LogState, stored: Entry | None) -> bool:
        if state.created_ns != self._created_ns or state.last_seq < self._seq:
            return False
        return stored is None or self._ts_ns in {0, stored.ts_ns}

    async def _asked(self, question: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await question()
            except UnavailableError:
                await self._ports.clock.sleep(RETRY_S)
