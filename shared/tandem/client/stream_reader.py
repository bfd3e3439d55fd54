"""How the client follows a stream: from a place of its own, with pauses, also past a cut.

1. Each entry is handed over once, in order; what arrives while paused is read again later.
2. If the stream no longer holds what was read, it was cut or made anew: reading goes on where
   `on_cut` says.
3. An entry that cannot be taken is logged and passed over.
"""

from asyncio import Event, Task
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from structlog.typing import FilteringBoundLogger

from tandem.bus.cursor import ANY_CREATED_NS, cursor_at
from tandem.bus.port import Cursor, Entry, Following, LogState, Reads
from tandem.bus.tasks import end
from tandem.domain.errors import MalformedMessageError
from tandem.runtime.clock import Clock, TaskOwner


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
        self, stream: Reads, filters: tuple[str, ...], reactions: Reactions, ports: ReadingPorts
    ) -> None:
        self._stream, self._filters = stream, filters
        self._reactions, self._ports = reactions, ports
        self._place = Cursor(created_ns=0)
        self._generation = 0
        self._following: Following | None = None
        self._running: Task[None] | None = None
        self._interrupted, self._going = Event(), Event()
        self._going.set()

    @property
    def seq(self) -> int:
        """The sequence of the last entry taken."""
        return self._place.seq

    @property
    def has_pending(self) -> bool:
        """Whether there may be entries that are not taken yet."""
        return self._following is None or self._following.pending > 0

    @property
    def is_paused(self) -> bool:
        return not self._going.is_set()

    def start(self, after_seq: int = 0, state: LogState | None = None) -> None:
        """Follow from `after_seq` of the stream in this state, or as it is once it is there."""
        created_ns = state.created_ns if state is not None else ANY_CREATED_NS
        self._place = Cursor(created_ns=created_ns, seq=after_seq)
        self._running = self._ports.tasks.spawn(self._run(), "reading")

    async def close(self) -> None:
        if self._running is not None:
            self._interrupt()
            await end({self._running})

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
            on_cut = partial(self._on_cut, self._generation)
            self._following = await self._stream.follow(
                self._filters, self._place, on_entry, on_cut
            )
            try:
                await self._interrupted.wait()
            finally:
                following, self._following = self._following, None
                await following.close()

    def _take(self, generation: int, entry: Entry) -> None:
        if generation != self._generation:
            return
        self._place = cursor_at(self._place.created_ns, entry)
        try:
            self._reactions.on_entry(entry)
        except MalformedMessageError as error:
            self._ports.log.warning("skipped", subject=entry.subject, error=str(error))

    def _on_cut(self, generation: int, state: LogState) -> None:
        if generation != self._generation:
            return
        self._ports.log.warning("a stream was cut", read_seq=self.seq, last_seq=state.last_seq)
        after_seq = self._reactions.on_cut(state)
        self._place = Cursor(created_ns=state.created_ns, seq=after_seq)
        self._interrupt()
