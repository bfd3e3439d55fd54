"""The bus in one process, with the semantics of the real one; for tests and simulations.

1. Everything happens in the order of the event loop: one seed, one run.
2. Entries are delivered from the loop, never from inside an append.
3. A disconnected client reads nothing, its appends wait, its offers and requests fail.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from tandem.bus.clock import Timing
from tandem.bus.cursor import cursor_at, place_is_kept
from tandem.bus.filters import matcher
from tandem.bus.memory.stream import MemoryStream
from tandem.bus.port import Appended, Cursor, Entry, Following, Guard, LogState, OnCut
from tandem.bus.roll_call import RollCall
from tandem.bus.tasks import Background, report
from tandem.domain.errors import (
    ConflictError,
    InvalidInputError,
    InvariantError,
    SupersededError,
    UnavailableError,
)
from tandem.messages.presence import OtherClient, StrategyAlive

DELIVERIES_A_TURN = 256
MAX_PAYLOAD = 1_048_576

Answering = Callable[[bytes], Awaitable[bytes]]


class MemoryServer:
    """The streams and the listeners that every client shares."""

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self.oms = MemoryStream(timing, keeps_newest=False)
        self.deltas = MemoryStream(timing, keeps_newest=False)
        self.snapshots = MemoryStream(timing, keeps_newest=True)
        self.marks = MemoryStream(timing, keeps_newest=True)
        self.leases = MemoryStream(timing, keeps_newest=True)
        self.listeners: dict[str, deque[tuple[MemoryBus, Answering]]] = {}
        self.hearers: dict[str, list[tuple[MemoryBus, Callable[[bytes], None]]]] = {}


@dataclass(slots=True)
class _Link:
    """Whether one client is connected, and what waits for it to be."""

    connected: bool = True
    waiting: list[Callable[[], None]] = field(default_factory=list)

    def when_connected(self, action: Callable[[], None]) -> None:
        if self.connected:
            action()
        else:
            self.waiting.append(action)


@dataclass(frozen=True, slots=True)
class _Listener:
    on_entry: Callable[[Entry], None]
    on_cut: OnCut | None


class _MemoryReader:
    """Follows one stream; satisfies `Following`."""

    def __init__(
        self,
        stream: MemoryStream,
        link: _Link,
        timing: Timing,
        matches: Callable[[str], object],
        listener: "_Listener",
    ) -> None:
        self._stream = stream
        self._link = link
        self._timing = timing
        self._matches = matches
        self._listener = listener
        self._queue: deque[Entry] = deque()
        self._place = Cursor(created_ns=0)
        self._scheduled = False
        self._closed = False

    @property
    def heard_ns(self) -> int:
        return self._timing.monotonic_ns() if self._link.connected and not self._closed else 0

    @property
    def pending(self) -> int:
        return len(self._queue)

    async def close(self) -> None:
        self._closed = True
        self._stream.unwatch(self._stored)

    def start(self, after: int | Cursor) -> None:
        if isinstance(after, int):
            created_ns = self._stream.state().created_ns
            after = cursor_at(created_ns, self._stream.get(after), after)
        self._place = after
        self._stream.watch(self._stored)
        self.resume()

    def resume(self) -> None:
        """Read on after what was read last, if the stream still holds it."""
        if self._closed or not self._link.connected:
            return
        if not self._place_is_kept():
            self._end()
            return
        unread = self._stream.after(self._place.seq)
        self._queue = deque(entry for entry in unread if self._matches(entry.subject))
        self.schedule()

    def _place_is_kept(self) -> bool:
        stored, stream = self._stream.get(self._place.seq), self._stream
        return place_is_kept(self._place, stream.state(), stored, keeps_newest=stream.keeps_newest)

    def _end(self) -> None:
        """Deliver nothing more, and say why."""
        self._closed = True
        self._queue.clear()
        self._stream.unwatch(self._stored)
        if self._listener.on_cut is None:
            report("a stream was cut", InvariantError(f"read up to {self._place.seq}"))
        else:
            loop = asyncio.get_running_loop()
            loop.call_soon(self._listener.on_cut, self._stream.state())

    def schedule(self) -> None:
        if self._queue and not self._scheduled and not self._closed:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._deliver)

    def _stored(self, entry: Entry) -> None:
        if self._matches(entry.subject):
            self._queue.append(entry)
            self.schedule()

    def _deliver(self) -> None:
        self._scheduled = False
        for _ in range(min(DELIVERIES_A_TURN, len(self._queue))):
            if self._closed or not self._link.connected:
                return
            entry = self._queue.popleft()
            if entry.seq > self._place.seq:
                self._place = cursor_at(self._place.created_ns, entry)
                self._hand_over(entry)
        self.schedule()

    def _hand_over(self, entry: Entry) -> None:
        counted = Entry(entry.seq, entry.ts_ns, entry.subject, entry.payload, len(self._queue))
        try:
            self._listener.on_entry(counted)
        except Exception as error:  # noqa: BLE001 - whatever it is, reading on would skip a fact
            self._closed = True
            report(f"reading stopped at {entry.seq} {entry.subject}", error)


class MemoryLog:
    """One client's view of one stream; satisfies `Log`."""

    def __init__(self, stream: MemoryStream, link: _Link, timing: Timing) -> None:
        self._stream = stream
        self._link = link
        self._timing = timing
        self._readers: list[_MemoryReader] = []

    async def append(self, subject: str, payload: bytes, *, same: bool = False) -> Appended:
        appended = await self.append_soon(subject, payload)
        stored = self._stream.find(subject) if appended.already and same else None
        if stored is None:
            return appended
        if stored.payload != payload:
            raise ConflictError(f"id already used: {subject} holds different content")
        return Appended(stored.seq, already=True)

    def append_soon(
        self, subject: str, payload: bytes, guard: Guard | None = None
    ) -> Awaitable[Appended]:
        done: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        if len(payload) > MAX_PAYLOAD:
            done.set_exception(_too_large(payload))
            return done

        def store() -> None:
            if done.cancelled():
                return
            if guard is not None and not self._stream.holds(guard):
                done.set_exception(SupersededError(f"{subject}: another is the newest"))
                return
            done.set_result(self._stream.store(subject, payload))

        self._link.when_connected(store)
        return done

    async def try_append(self, subject: str, payload: bytes) -> Appended:
        if len(payload) > MAX_PAYLOAD:
            raise _too_large(payload)
        self._require_link(subject)
        return self._stream.store(subject, payload)

    async def follow(
        self,
        filters: Sequence[str],
        after: int | Cursor,
        on_entry: Callable[[Entry], None],
        on_cut: OnCut | None = None,
    ) -> Following:
        listener = _Listener(on_entry, on_cut)
        reader = _MemoryReader(self._stream, self._link, self._timing, matcher(filters), listener)
        self._readers.append(reader)
        reader.start(after)
        return reader

    async def get(self, seq: int) -> Entry | None:
        self._require_link(f"sequence {seq}")
        return self._stream.get(seq)

    async def find(self, subject: str) -> Entry | None:
        self._require_link(subject)
        return self._stream.find(subject)

    async def state(self) -> LogState:
        self._require_link("state")
        return self._stream.state()

    def reconnected(self) -> None:
        for reader in self._readers:
            reader.resume()

    async def close(self) -> None:
        for reader in self._readers:
            await reader.close()

    def _require_link(self, what: str) -> None:
        if not self._link.connected:
            raise UnavailableError(f"not connected: {what}")


def _too_large(payload: bytes) -> InvalidInputError:
    return InvalidInputError("payload", f"{len(payload)} bytes", f"at most {MAX_PAYLOAD} bytes")


class MemoryCells:
    """One client's view of a stream of records; satisfies `Cells`."""

    def __init__(self, stream: MemoryStream, link: _Link) -> None:
        self._stream = stream
        self._link = link
        self._watchers: list[Callable[[Entry], None]] = []

    async def newest(self, subject: str) -> Entry | None:
        self._require_link(subject)
        return self._stream.find(subject)

    async def replace(self, subject: str, payload: bytes, expected_seq: int) -> int | None:
        self._require_link(subject)
        return self._stream.replace(subject, payload, expected_seq)

    async def watch(self, subject: str, on_offer: Callable[[bytes], None]) -> None:
        def stored(entry: Entry) -> None:
            if entry.subject == subject and self._link.connected:
                asyncio.get_running_loop().call_soon(on_offer, entry.payload)

        self._stream.watch(stored)
        self._watchers.append(stored)

    def _require_link(self, what: str) -> None:
        if not self._link.connected:
            raise UnavailableError(f"not connected: {what}")

    def close(self) -> None:
        for watcher in self._watchers:
            self._stream.unwatch(watcher)


class MemoryBus:
    """One client of a server in memory; satisfies `Bus`. `client()` makes another one."""

    def __init__(self, timing: Timing, server: MemoryServer | None = None) -> None:
        self.server = server or MemoryServer(timing)
        self._timing = timing
        self._link = _Link()
        self._background = Background()
        self._callbacks: list[Callable[[], None]] = []
        self._log = MemoryLog(self.server.oms, self._link, timing)
        self._deltas = MemoryLog(self.server.deltas, self._link, timing)
        self._snapshots = MemoryLog(self.server.snapshots, self._link, timing)
        self._marks = MemoryLog(self.server.marks, self._link, timing)
        self._logs = (self._log, self._deltas, self._snapshots, self._marks)
        self._leases = MemoryCells(self.server.leases, self._link)
        self._roll_call = RollCall(self, timing)

    def client(self) -> "MemoryBus":
        """Return another client of the same server, with a link of its own."""
        return MemoryBus(self._timing, self.server)

    @property
    def log(self) -> MemoryLog:
        return self._log

    @property
    def deltas(self) -> MemoryLog:
        return self._deltas

    @property
    def snapshots(self) -> MemoryLog:
        return self._snapshots

    @property
    def marks(self) -> MemoryLog:
        return self._marks

    @property
    def leases(self) -> MemoryCells:
        return self._leases

    @property
    def connected(self) -> bool:
        return self._link.connected

    def disconnect(self) -> None:
        """Lose the server: readers stop, appends wait, offers and requests fail."""
        self._link.connected = False

    def reconnect(self) -> None:
        """Find the server again."""
        self._link.connected = True
        waiting, self._link.waiting = self._link.waiting, []
        for action in waiting:
            action()
        for log in self._logs:
            log.reconnected()
        for callback in self._callbacks:
            callback()

    async def request(self, subject: str, payload: bytes, timeout_s: float) -> bytes:
        answer = self._listener(subject) if self._link.connected else None
        if answer is None:
            raise UnavailableError(f"{subject}: nobody listens")
        asking = self._background.spawn(_awaited(answer, payload), f"memory-answer-{subject}")
        waiting = self._background.spawn(self._timing.sleep(timeout_s), "memory-timeout")
        try:
            await asyncio.wait({asking, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done() or asking.exception() is not None:
                raise UnavailableError(f"{subject}: no answer")
            reply: bytes = asking.result()
            return reply
        finally:
            asking.cancel()
            waiting.cancel()

    def _listener(self, subject: str) -> Answering | None:
        """Take the copies of a service in turn, leaving out those that are disconnected."""
        copies = self.server.listeners.get(subject, deque())
        for _ in range(len(copies)):
            copies.rotate(-1)
            bus, answer = copies[-1]
            if bus.connected:
                return answer
        return None

    async def serve(self, subject: str, answer: Answering, *, queue: str) -> None:
        del queue  # one queue a subject is all that a service asks for
        self.server.listeners.setdefault(subject, deque()).append((self, answer))

    async def announce(self, subject: str, payload: bytes) -> None:
        if self._link.connected:
            for bus, on_word in self.server.hearers.get(subject, ()):
                if bus.connected:
                    on_word(payload)

    async def listen(self, subject: str, on_word: Callable[[bytes], None]) -> None:
        self.server.hearers.setdefault(subject, []).append((self, on_word))

    async def attend(self) -> None:
        await self._roll_call.attend()

    async def say_alive(
        self, alive: StrategyAlive, on_joining: Callable[[], None] | None = None
    ) -> tuple[OtherClient, ...]:
        if not self.connected:
            raise UnavailableError("not connected")
        return await self._roll_call.say(alive, on_joining)

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    async def close(self) -> None:
        self._link.connected = False
        for copies in self.server.listeners.values():
            for entry in [entry for entry in copies if entry[0] is self]:
                copies.remove(entry)
        for log in self._logs:
            await log.close()
        self._leases.close()
        await self._background.close()


async def _awaited(answer: Answering, payload: bytes) -> bytes:
    return await answer(payload)
