"""One process's connection to the simulated server: late, cut and cut off, as the seed decides.

1. Appends and their answers travel for a while, in order. What was not answered when the
   connection broke is sent again after it is back, oldest first, as the real publisher does.
2. Entries travel for a while too; what a reader knows of the head of the log is as old as its
   connection is slow. A frozen process hears nothing until it is thawed.
3. A killed process takes with it what was not on the wire yet.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tandem.bus.filters import matcher
from tandem.bus.memory.bus import Answering, MemoryBus, MemoryCells, MemoryLog, MemoryServer
from tandem.bus.port import Appended, Cursor, Entry, Following, Guard, LogState, OnCut
from tandem.domain.errors import SupersededError, UnavailableError
from tests.simulation.loop import Process, SimClock, VirtualLoop, outside, spawn

HEARTBEAT_NS = 50_000_000
OFFER_TIMEOUT_S = 1.0
NS = 1_000_000_000
OUTSIDE = outside()


@dataclass
class Pace:
    """How long things travel on one connection, in nanoseconds; changed while it runs."""

    append_ns: int = 0
    answer_ns: int = 0
    delivery_ns: int = 0


@dataclass(eq=False)
class _Sending:
    subject: str
    payload: bytes
    done: "asyncio.Future[Appended]"
    guard: Guard | None = None


NOTHING = Entry(seq=0, ts_ns=0, subject="", payload=b"")


@dataclass(slots=True)
class _Newest:
    """The newest entry that a filter matches, up to the last one looked at."""

    matches: Callable[[str], object]
    seq: int = 0
    last: Entry = NOTHING

    def look_at(self, entry: Entry) -> None:
        self.last = entry
        if self.matches(entry.subject):
            self.seq = entry.seq


class SimFollowing:
    """What one reader knows: entries as they arrive, and how fresh its view is."""

    def __init__(self, bus: "SimBus", on_entry: Callable[[Entry], None]) -> None:
        self._bus = bus
        self._on_entry = on_entry
        self._inner: Following | None = None
        self._inbox: deque[tuple[int, Entry]] = deque()
        self._is_scheduled = False
        self._is_closed = False
        self._pending = 0
        self._heard_ns = bus.clock.monotonic_ns()

    def began(self, inner: Following) -> None:
        self._inner = inner
        self._pending = inner.pending

    @property
    def heard_ns(self) -> int:
        """The last entry or heartbeat that reached this process."""
        if self._is_closed or not self._bus.connected:
            return 0
        now_ns = self._bus.clock.monotonic_ns()
        if self._bus.hears_since_ns > now_ns:
            return self._heard_ns
        beat_ns = now_ns - now_ns % HEARTBEAT_NS - self._bus.pace.delivery_ns
        return max(self._heard_ns, min(beat_ns, now_ns))

    @property
    def pending(self) -> int:
        return self._pending if self._inbox or self._pending else 0

    async def close(self) -> None:
        self._is_closed = True
        self._inbox.clear()
        if self._inner is not None:
            await self._inner.close()

    def arrived(self, entry: Entry) -> None:
        """The server sent an entry; called in whatever context stored it."""
        if self._is_closed:
            return
        loop = self._bus.loop
        due_ns = loop.now_ns + self._bus.pace.delivery_ns
        if self._inbox and self._inbox[-1][0] > due_ns:
            due_ns = self._inbox[-1][0]
        self._inbox.append((due_ns, entry))
        self._schedule()

    def tells_cut(self, on_cut: OnCut) -> OnCut:
        """Return what tells this process, behind the entries on their way, that the log was cut."""

        def told(state: LogState) -> None:
            context = self._bus.process.home
            self._bus.loop.call_soon(self._cut, on_cut, state, context=context)

        return told

    def _cut(self, on_cut: OnCut, state: LogState) -> None:
        if not self._is_closed:
            on_cut(state)

    def _schedule(self) -> None:
        if self._is_scheduled or not self._inbox:
            return
        self._is_scheduled = True
        loop, context = self._bus.loop, self._bus.process.home
        due_ns = self._inbox[0][0]
        if due_ns <= loop.now_ns:
            loop.call_soon(self._deliver, context=context)
        else:
            loop.call_at(due_ns / NS, self._deliver, context=context)

    def _deliver(self) -> None:
        self._is_scheduled = False
        now_ns = self._bus.loop.now_ns
        while self._inbox and self._inbox[0][0] <= now_ns and not self._is_closed:
            _, entry = self._inbox.popleft()
            self._pending = entry.pending
            self._heard_ns = self._bus.clock.monotonic_ns()
            self._on_entry(entry)
        self._schedule()


class SimLog(MemoryLog):
    """One process's view of one stream, over its connection."""

    bus: "SimBus"
    is_slow = True

    def __init__(self, bus: "SimBus", inner: MemoryLog, *, is_slow: bool) -> None:
        super().__init__(inner._stream, inner._link, inner._timing)
        self.bus = bus
        self.is_slow = is_slow
        self._unanswered: deque[_Sending] = deque()
        self._leaves_ns = 0
        self._answers_ns = 0

    def append_soon(  # type: ignore[explicit-override]
        self, subject: str, payload: bytes, guard: Guard | None = None
    ) -> Awaitable[Appended]:
        if not self.is_slow:
            return outside().run(super().append_soon, subject, payload, guard)
        done: asyncio.Future[Appended] = self.bus.loop.create_future()
        sending = _Sending(subject, payload, done, guard)
        self._unanswered.append(sending)
        self._send(sending)
        return done

    def _send(self, sending: _Sending) -> None:
        """Put it on the wire; it arrives unless the connection breaks on the way."""
        if not self.bus.connected:
            return
        loop, generation = self.bus.loop, self.bus.generation
        self._leaves_ns = max(self._leaves_ns, loop.now_ns + self.bus.pace.append_ns)
        self.bus.travel(self._leaves_ns, lambda: self._stored(sending, generation))

    def _stored(self, sending: _Sending, generation: int) -> None:
        if generation != self.bus.generation:
            return
        appended = None
        if self._may_store(sending.guard):
            appended = self._stream.store(sending.subject, sending.payload)
            self.bus.note_stored(sending.subject, appended)
        self._answers_ns = max(self._answers_ns, self.bus.loop.now_ns + self.bus.pace.answer_ns)
        self.bus.travel(
            self._answers_ns, lambda: self._answered(sending, appended, generation), arrives=True
        )

    def _may_store(self, guard: Guard | None) -> bool:
        return guard is None or self.bus.newest(guard.subjects) == guard.seq

    def _answered(self, sending: _Sending, appended: Appended | None, generation: int) -> None:
        if generation != self.bus.generation:
            return
        if sending in self._unanswered:
            self._unanswered.remove(sending)
        if sending.done.done():
            return
        if appended is None:
            sending.done.set_exception(SupersededError(f"{sending.subject}: not the newest"))
        else:
            sending.done.set_result(appended)

    def resend(self) -> int:
        """Send everything unanswered again; return how much."""
        for sending in tuple(self._unanswered):
            self._send(sending)
        return len(self._unanswered)

    async def try_append(self, subject: str, payload: bytes) -> Appended:  # type: ignore[explicit-override]
        self._require_link(subject)
        sending = _Sending(subject, payload, self.bus.loop.create_future())
        self._send(sending)
        try:
            async with asyncio.timeout(OFFER_TIMEOUT_S):
                return await sending.done
        except TimeoutError as error:
            raise UnavailableError(f"no answer for {subject}") from error

    async def follow(  # type: ignore[explicit-override]
        self,
        filters: Sequence[str],
        after: int | Cursor,
        on_entry: Callable[[Entry], None],
        on_cut: OnCut | None = None,
    ) -> Following:
        following = SimFollowing(self.bus, on_entry)
        told = following.tells_cut(on_cut) if on_cut is not None else None
        following.began(await super().follow(filters, after, following.arrived, told))
        return following


class SimCells(MemoryCells):
    """One process's view of the leases, over its connection."""

    def __init__(self, bus: "SimBus", inner: MemoryCells) -> None:
        super().__init__(inner._stream, inner._link)
        self.bus = bus

    async def newest(self, subject: str) -> Entry | None:  # type: ignore[explicit-override]
        await self._travels(self.bus.pace.append_ns + self.bus.pace.answer_ns)
        return await super().newest(subject)

    async def replace(  # type: ignore[explicit-override]
        self, subject: str, payload: bytes, expected_seq: int
    ) -> int | None:
        self._require_link(subject)
        bus, generation = self.bus, self.bus.generation
        done: asyncio.Future[int | None] = bus.loop.create_future()

        def stored() -> None:
            if generation != bus.generation:
                return
            seq = self._stream.replace(subject, payload, expected_seq)
            bus.travel(bus.loop.now_ns + bus.pace.answer_ns, lambda: answered(seq), arrives=True)

        def answered(seq: int | None) -> None:
            if generation == bus.generation and not done.done():
                done.set_result(seq)

        bus.travel(bus.loop.now_ns + bus.pace.append_ns, stored)
        try:
            async with asyncio.timeout(OFFER_TIMEOUT_S):
                return await done
        except TimeoutError as error:
            raise UnavailableError(f"no answer for {subject}") from error

    async def _travels(self, delay_ns: int) -> None:
        if delay_ns:
            await self.bus.clock.sleep(delay_ns / NS)

    async def watch(  # type: ignore[explicit-override]
        self, subject: str, on_offer: Callable[[bytes], None]
    ) -> None:
        bus = self.bus

        def stored(entry: Entry) -> None:
            if entry.subject == subject and bus.connected:
                due_ns = bus.loop.now_ns + bus.pace.delivery_ns
                bus.loop.call_at(due_ns / NS, on_offer, entry.payload, context=bus.process.home)

        self._stream.watch(stored)
        self._watchers.append(stored)


class SimBus(MemoryBus):
    """One process's client of the simulated server."""

    def __init__(
        self, server: MemoryServer, process: Process, clock: SimClock, loop: VirtualLoop
    ) -> None:
        super().__init__(clock, server)
        self.process, self.clock, self.loop = process, clock, loop
        self.pace = Pace()
        self.generation = 0
        self.hears_since_ns = 0
        self.keeps_wire = True
        self.resent = 0
        self._comes_back = False
        self._newest: dict[str, _Newest] = {}
        self.stored_twice = 0
        self._log = SimLog(self, self._log, is_slow=True)
        self._deltas = SimLog(self, self._deltas, is_slow=False)
        self._snapshots = SimLog(self, self._snapshots, is_slow=False)
        self._marks = SimLog(self, self._marks, is_slow=False)
        self._logs = (self._log, self._deltas, self._snapshots, self._marks)
        self._leases = SimCells(self, self._leases)

    def travel(self, due_ns: int, arrive: Callable[[], None], *, arrives: bool = False) -> None:
        """Carry something out when it arrives: at the server, or (`arrives`) at this process."""
        if due_ns <= self.loop.now_ns:
            outside().run(arrive)
            return

        def landed() -> None:
            if not self.process.is_dead or (not arrives and self.keeps_wire):
                arrive()

        self.loop.call_at(due_ns / NS, landed, context=OUTSIDE)

    def newest(self, subjects: str) -> int:
        """Return the sequence of the newest entry under a filter, 0 when there is none.

        What was found is good as long as the last entry looked at is still there: a log that was
        cut has another one in its place, or none.
        """
        oms = self.server.oms
        known = self._newest.get(subjects)
        if known is None or known.last is not oms.get(known.last.seq):
            known = _Newest(matcher((subjects,)))
        for at in range(known.last.seq + 1, oms.state().last_seq + 1):
            entry = oms.get(at)
            if entry is not None:
                known.look_at(entry)
        if known.last is not NOTHING:
            self._newest[subjects] = known
        return known.seq

    async def announce(self, subject: str, payload: bytes) -> None:  # type: ignore[explicit-override]
        if self.connected:
            outside().run(_say, self.server.hearers.get(subject, ()), payload)

    async def listen(  # type: ignore[explicit-override]
        self, subject: str, on_word: Callable[[bytes], None]
    ) -> None:
        def heard(payload: bytes) -> None:
            due_ns = self.loop.now_ns + self.pace.delivery_ns
            self.loop.call_at(due_ns / NS, on_word, payload, context=self.process.home)

        await super().listen(subject, heard)

    def note_stored(self, subject: str, appended: Appended) -> None:
        self.stored_twice += appended.already

    def disconnect(self) -> None:  # type: ignore[explicit-override]
        self.generation += 1
        super().disconnect()

    def detach(self) -> None:
        """The process is dead: its kernel closes the connection, nobody answers here any more."""
        self._link.connected = False
        for copies in self.server.listeners.values():
            for entry in [one for one in copies if one[0] is self]:
                copies.remove(entry)
        self._leases.close()
        for log in self._logs:
            for reader in log._readers:
                reader._closed = True
                reader._stream.unwatch(reader._stored)

    def come_back(self) -> None:
        """Find the server again, inside this process; a frozen one does so after it is thawed."""
        if self.process.is_frozen:
            self._comes_back = True
        else:
            self.process.run(self.reconnect)

    def thawed(self) -> None:
        """Look for the server now, behind everything that had arrived before."""
        if self._comes_back:
            self._comes_back = False
            self.loop.call_soon(self.reconnect, context=self.process.home)

    def reconnect(self) -> None:  # type: ignore[explicit-override]
        self._link.connected = True
        for log in self._logs:
            if isinstance(log, SimLog):
                self.resent += log.resend()
        super().reconnect()

    async def serve(self, subject: str, answer: Answering, *, queue: str) -> None:  # type: ignore[explicit-override]
        async def answer_here(payload: bytes) -> bytes:
            work = answer(payload)
            return await spawn(self.loop, self.process, _as_task(work), f"answer-{subject}")

        await super().serve(subject, answer_here, queue=queue)


def _say(hearers: Sequence[tuple[MemoryBus, Callable[[bytes], None]]], payload: bytes) -> None:
    for bus, on_word in hearers:
        if bus.connected:
            on_word(payload)


async def _as_task(work: Awaitable[bytes]) -> bytes:
    return await work
