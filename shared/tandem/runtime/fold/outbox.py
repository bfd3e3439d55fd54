"""How a fold's effects leave it: facts and deltas, pipelined, each stored or known to be.

1. `settled_seq` says up to which sequence every output is stored; a snapshot never passes it.
2. Deltas leave in log order on one connection and are sent again in that order, so an entity's
   deltas are stored in turn. Only one that the server itself refused for a while can come behind
   its successor; readers see that as a gap in the chain and ask for the page.
3. A fact whose identity was taken by different content is reported, never overwritten.
4. What is in flight is counted; the reader stops above a bound, so memory is bounded.
5. Facts logged in the last ten minutes are kept, and offered again after the bus was lost: a
   server may have come back without them although it still has their causes. (Deltas are not:
   readers ask for their page anew.)
6. Deltas leave together, a moment later than facts and proposals: one write to the socket for
   what several messages caused, and never in front of a hedge.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tandem.bus.filters import matcher
from tandem.bus.port import Appended, Bus
from tandem.domain.errors import ConflictError, TandemError, UnwritableError
from tandem.messages import facts, subjects
from tandem.messages.codec import AnyDelta, Fact
from tandem.runtime.clock import Clock, TaskOwner
from tandem.runtime.failpoints import Seam
from tandem.runtime.fold.counters import FoldCounters
from tandem.runtime.fold.port import Append, Publish
from tandem.runtime.resend_buffer import KEPT_NS, Kept

GATHER_S = 0.002
# Only for these would different content under one identity mean two different wishes.
_is_exclusive = matcher(
    (subjects.ALL_INTENTS, subjects.ALL_DECISIONS, subjects.ALL_TIMERS, subjects.ALL_CONTROL)
)


@dataclass(frozen=True, slots=True)
class OutboxPorts:
    """`on_conflict` hears of a fact that could not be logged: its place holds another.

    Of what the server takes from nobody (fact: None) it hears too; that is left out for good.
    `on_stored` hears of each delta that was not there before: of all copies one is told.
    """

    bus: Bus
    clock: Clock
    tasks: TaskOwner
    seam: Seam
    counters: FoldCounters
    on_conflict: Callable[[Fact | None, TandemError], None]
    on_stored: Callable[[AnyDelta], None]


class Outbox:
    """What was asked for and is not stored yet."""

    def __init__(self, ports: OutboxPorts, kept_ns: int = KEPT_NS) -> None:
        self._ports = ports
        self._open: dict[int, int] = {}
        self._gathered: list[tuple[int, Publish]] = []
        self._in_flight = 0
        self.kept = Kept(kept_ns)

    @property
    def in_flight(self) -> int:
        return self._in_flight

    def settled_seq(self, read_seq: int) -> int:
        """Return the last sequence up to which all outputs are stored, at most `read_seq`."""
        oldest = next(iter(self._open), None)
        return read_seq if oldest is None else oldest - 1

    def append(self, seq: int, effect: Append) -> None:
        """Log a consequence of the message at `seq`."""
        self._ports.seam("fold.before_append")
        self._opened(seq)
        subject, payload = facts.written(effect.fact)
        self.kept.keep(self._ports.clock.monotonic_ns(), subject, payload)
        started = self._ports.bus.log.append_soon(subject, payload)
        self._then(started, lambda done: self._appended(done, seq, effect.fact), seq)

    def inherit(self, former: "Outbox") -> None:
        """Keep what another one has logged lately, to offer it again."""
        self.kept = former.kept

    def offer_again(self, seq: int) -> None:
        """Append what was logged lately once more; the log keeps one of each."""
        for subject, payload in self.kept.since(self._ports.clock.monotonic_ns()):
            self._opened(seq)
            started = self._ports.bus.log.append_soon(subject, payload)
            self._then(started, lambda done: self._offered(done, seq), seq)

    def _offered(self, done: "asyncio.Future[Appended]", seq: int) -> None:
        self._ports.counters.appended += not done.result().already
        self._settled(seq)

    def publish(self, seq: int, effect: Publish) -> None:
        """Publish a delta, together with what else is published within a moment."""
        self._opened(seq)
        if not self._gathered:
            self._ports.tasks.spawn(self._send_gathered(), "fold-deltas")
        self._gathered.append((seq, effect))

    async def _send_gathered(self) -> None:
        await self._ports.clock.sleep(GATHER_S)
        gathered, self._gathered = self._gathered, []
        for seq, effect in gathered:
            self._send(seq, effect)

    def _opened(self, seq: int) -> None:
        self._in_flight += 1
        self._open[seq] = self._open.get(seq, 0) + 1

    def _settled(self, seq: int) -> None:
        self._in_flight -= 1
        left = self._open[seq] - 1
        if left:
            self._open[seq] = left
        else:
            del self._open[seq]

    def _send(self, seq: int, effect: Publish) -> None:
        self._ports.seam("fold.before_append")
        started = self._ports.bus.deltas.append_soon(*facts.written_delta(effect.delta))
        self._then(started, lambda done: self._published(done, seq, effect.delta), seq)

    def _published(self, done: "asyncio.Future[Appended]", seq: int, delta: AnyDelta) -> None:
        if not done.result().already:
            self._ports.on_stored(delta)
        self._ports.counters.deltas += 1
        self._ports.seam("fold.after_publish")
        self._settled(seq)

    def _appended(self, done: "asyncio.Future[Appended]", seq: int, fact: Fact) -> None:
        appended = done.result()
        self._ports.counters.appended += not appended.already
        self._ports.seam("fold.after_publish")
        if appended.already and _is_exclusive(facts.subject_of(fact)):
            self._ports.tasks.spawn(self._compare(seq, fact), "fold-compare")
        else:
            self._settled(seq)

    async def _compare(self, seq: int, fact: Fact) -> None:
        """Tell a fact that another copy logged from an identity used for something else."""
        try:
            await self._ports.bus.log.append(*facts.written(fact), same=True)
        except ConflictError as error:
            self._ports.counters.conflicts += 1
            self._ports.on_conflict(fact, error)
        self._settled(seq)

    def _then(
        self,
        started: Awaitable[Appended],
        handle: Callable[["asyncio.Future[Appended]"], None],
        seq: int,
    ) -> None:
        """Call `handle` in the loop once the answer is there; its failure ends the process."""

        def answered(done: "asyncio.Future[Appended]") -> None:
            if done.cancelled() or self._ports.tasks.failed.done():
                return
            try:
                handle(done)
            except UnwritableError as error:
                self._ports.counters.unwritable += 1
                self._ports.on_conflict(None, error)
                self._settled(seq)
            except Exception as error:  # noqa: BLE001 - nobody awaits this: the owner must hear
                self._ports.tasks.spawn(_fail(error), "fold-outbox")

        asyncio.ensure_future(started).add_done_callback(answered)


async def _fail(error: Exception) -> None:
    raise error
