"""What a strategy's reader reads next, kept at hand between two of its questions.

1. What is handed out follows the place that was asked for; a place other than the one that was
   reached is gone to anew.
2. No more is kept than a reader may lag behind: above it reading ends, and goes on from there once
   what is kept was handed out; not faster than the strategy's share, for each opening has the
   server send some thousands of messages, over the connection that every strategy's intents take.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tandem.bus.cursor import ANY_CREATED_NS, cursor_at
from tandem.bus.port import Cursor, Entry, Following, LogState, Reads
from tandem.bus.tasks import end
from tandem.domain.errors import UnavailableError
from tandem.domain.ids import Token
from tandem.messages.access import (
    AccessAnswer,
    CallRefused,
    CallUnanswered,
    EntriesRead,
    ReadingPlace,
    StoredEntry,
    StreamWasCut,
)
from tandem.runtime.clock import Clock, TaskOwner

WAIT_S = 0.5
MOST_KEPT = 2_000
MOST_KEPT_BYTES = 1_048_576
MOST_SENT = 500
MOST_SENT_BYTES = 262_144
MOST_ASKING = 2
FRESH_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class RelayPorts:
    """What every reading works with; `copy` names this process."""

    clock: Clock
    tasks: TaskOwner
    copy: Token


class RelayedReading:
    """One reader of one strategy; `go_on_s` tells how long to wait before it reads on."""

    def __init__(
        self,
        stream: Reads,
        filters: tuple[str, ...],
        ports: RelayPorts,
        go_on_s: Callable[[], float],
    ) -> None:
        self._stream, self._filters, self._ports = stream, filters, ports
        self._go_on_s = go_on_s
        self._turn, self._asking = asyncio.Lock(), 0
        self._news = asyncio.Event()
        self._kept: deque[Entry] = deque()
        self._kept_bytes = 0
        self._place = Cursor(created_ns=-1)
        self._following: Following | None = None
        self._opening: asyncio.Task[None] | None = None
        self._generation = 0
        self._cut: LogState | None = None
        self._failure = ""
        self.asked_ns = ports.clock.monotonic_ns()

    async def read_on(self, place: ReadingPlace) -> AccessAnswer:
        """Return what follows `place`, once there is something or half a second has passed."""
        if self._asking >= MOST_ASKING:
            rule = f"at most {MOST_ASKING} unanswered for one reader"
            value = str(self._asking + 1)
            return CallRefused(field="read_on", value=value, rule=rule, retryable=True)
        self._asking += 1
        try:
            return await self._read_in_turn(place)
        finally:
            self._asking -= 1

    async def _read_in_turn(self, place: ReadingPlace) -> AccessAnswer:
        async with self._turn:
            self.asked_ns = self._ports.clock.monotonic_ns()
            if not self.stands_at(place):
                await self.close()
                self._open(
                    Cursor(
                        created_ns=place.created_ns,
                        seq=place.seq,
                        subject=place.subject,
                        ts_ns=place.ts_ns,
                    )
                )
            await self._wait()
            return self._answer()

    def stands_at(self, place: ReadingPlace) -> bool:
        """Tell whether what follows a place is at hand, or on its way."""
        is_same = place.created_ns in {ANY_CREATED_NS, self._place.created_ns}
        return self._place.created_ns >= 0 and is_same and place.seq == self._place.seq

    async def close(self) -> None:
        """Read nothing more, and forget what was kept."""
        self._generation += 1
        opening, self._opening = self._opening, None
        following, self._following = self._following, None
        self._kept.clear()
        self._kept_bytes, self._cut = 0, None
        self._place = Cursor(created_ns=-1)
        if opening is not None:
            await end({opening})
        if following is not None:
            await following.close()

    def _open(self, after: Cursor, wait_s: float = 0) -> None:
        self._place, self._failure = after, ""
        opening = self._follow_later(after, self._generation, wait_s)
        self._opening = self._ports.tasks.spawn(opening, "relay")

    async def _follow_later(self, after: Cursor, generation: int, wait_s: float) -> None:
        if wait_s:
            await self._ports.clock.sleep(wait_s)
        await self._follow(after, generation)

    async def _follow(self, after: Cursor, generation: int) -> None:
        """Read from a place; a place of whichever stream is there becomes one of this stream."""

        def taken(entry: Entry) -> None:
            if generation == self._generation:
                self._take(entry)

        def was_cut(state: LogState) -> None:
            if generation == self._generation:
                self._cut = state
                self._news.set()

        try:
            if after.created_ns == ANY_CREATED_NS:
                state = await self._stream.state()
                after = Cursor(created_ns=state.created_ns, seq=after.seq)
                self._place = after
            following = await self._stream.follow(self._filters, after, taken, was_cut)
        except UnavailableError as error:
            self._place, self._failure = Cursor(created_ns=-1), str(error)
            self._news.set()
            return
        if generation == self._generation:
            self._following = following
        else:
            # What it read before it was there already is more than is kept.
            await following.close()

    def _take(self, entry: Entry) -> None:
        self._kept.append(entry)
        self._kept_bytes += len(entry.payload)
        self._news.set()
        if len(self._kept) > MOST_KEPT or self._kept_bytes > MOST_KEPT_BYTES:
            self._generation += 1  # what comes now is read again
            following, self._following = self._following, None
            if following is not None:
                self._ports.tasks.spawn(following.close(), "relay-close")

    async def _wait(self) -> None:
        if self._kept or self._cut is not None:
            return
        self._news.clear()
        try:
            async with asyncio.timeout(WAIT_S):
                await self._news.wait()
        except TimeoutError:
            return

    def _answer(self) -> AccessAnswer:
        if not self._kept and self._cut is not None:
            now = self._cut
            return StreamWasCut(
                first_seq=now.first_seq,
                last_seq=now.last_seq,
                created_ns=now.created_ns,
                messages=now.messages,
            )
        if self._place.created_ns <= 0:
            return CallUnanswered(text=self._failure or "the stream does not answer")
        sent = tuple(_stored(entry) for entry in self._next())
        answer = EntriesRead(
            copy=self._ports.copy,
            place=ReadingPlace(
                created_ns=self._place.created_ns,
                seq=self._place.seq,
                subject=self._place.subject,
                ts_ns=self._place.ts_ns,
            ),
            pending=sent[-1].pending if sent else self._pending(),
            entries=sent,
        )
        self._go_on()
        return answer

    def _next(self) -> list[Entry]:
        """Take what is sent now out of what is kept."""
        sent: list[Entry] = []
        size = 0
        while self._kept and len(sent) < MOST_SENT and size < MOST_SENT_BYTES:
            entry = self._kept.popleft()
            size += len(entry.payload)
            sent.append(entry)
        self._kept_bytes -= size
        if sent:
            self._place = cursor_at(self._place.created_ns, sent[-1])
        return sent

    def _go_on(self) -> None:
        """Read on where reading ended because too much was kept."""
        is_reading = self._following is not None or self._is_opening()
        if not is_reading and not self._kept and self._cut is None:
            self._open(self._place, self._go_on_s())

    def _is_opening(self) -> bool:
        return self._opening is not None and not self._opening.done()

    def _pending(self) -> int:
        """Tell how much is to come; while the stream is not heard, something may be."""
        following = self._following
        if following is None:
            return 1
        is_fresh = self._ports.clock.monotonic_ns() - following.heard_ns < FRESH_NS
        return following.pending if is_fresh else max(1, following.pending)


def _stored(entry: Entry) -> StoredEntry:
    return StoredEntry(
        seq=entry.seq,
        ts_ns=entry.ts_ns,
        subject=entry.subject,
        payload=entry.payload,
        pending=entry.pending,
    )
