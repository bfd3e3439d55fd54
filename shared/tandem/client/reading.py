"""How the client follows a stream: from a place of its own, with pauses, also past a cut.

1. Each entry is handed over once, in order; what arrives while paused is read again later.
2. After each reconnect the place is checked against the stream. If the stream no longer holds
   what was read, it was cut or made anew: reading goes on where `on_cut` says.
3. An entry that cannot be taken is logged and passed over.
"""

from asyncio import Event, Task, wait
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
        self._running: Task[None] | None = None
        self._interrupted, self._going = Event(), Event()
        self._going.set()

    @property
    def seq(self) -> int:
        """The sequence of the last entry taken."""
        return self._seq

    @property
    def has_pending(self) -> bool:
        """Whether there may be entries that are not taken yet."""
        return self._following is None or self._following.pending > 0

    @property
    def is_paused(self) -> bool:
        return not self._going.is_set()

    def start(self, after_seq: int, state: LogState) -> None:
        """Follow from `after_seq` of the stream in this state."""
        self._seq, self._ts_ns, self._created_ns = after_seq, 0, state.created_ns
        self._running = self._ports.tasks.spawn(self._run(), "reading")

    async def close(self) -> None:
        if self._running is not None:
            self._interrupt()
            self._running.cancel()
            await wait({self._running})

    def reconnected(self) -> None:
        """Check the place; call it at each reconnect of the bus, before anything is read."""
        self._interrupt()

    def pause(self) -> None:
        """Take nothing more until `resume`."""
        self._going.clear()
        self._interrupt()

    def resume(self) -> None:
        """Read on after the last entry taken."""
        self._going.set()

    def _interrupt(self) -> None:
        """Ignore what arrives from now on; it is read again."""
        self._generation += 1
        self._interrupted.set()

    async def _run(self) -> None:
        while True:
            await self._going.wait()
            self._interrupted.clear()
            on_entry = partial(self._take, self._generation)
            await self._check_place()
            self._following = await self._stream.follow(self._filters, self._seq, on_entry)
            try:
                await self._interrupted.wait()
            finally:
                following, self._following = self._following, None
                await following.close()

    def _take(self, generation: int, entry: Entry) -> None:
        if generation != self._generation:
            return
        self._seq, self._ts_ns = entry.seq, entry.ts_ns
        try:
            self._reactions.on_entry(entry)
        except MalformedMessageError as error:
            self._ports.log.warning("skipped", subject=entry.subject, error=str(error))

    async def _check_place(self) -> None:
        state = await self._asked(self._stream.state)
        stored = await self._asked(partial(self._stream.get, self._seq)) if self._seq else None
        if self._is_kept(state, stored):
            return
        self._ports.log.warning("a stream was cut", read_seq=self._seq, last_seq=state.last_seq)
        self._seq, self._ts_ns = self._reactions.on_cut(state), 0
        self._created_ns = state.created_ns

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
