"""Runs a pure fold over the log: catch-up, effects, timers, proposals, answers.

1. State changes only on a message that was read, in log order. One that the fold cannot hold is
   passed over: the copy is made anew from before it, for the state may be half changed, and
   reads on past it, with an alarm. Every copy does, and nothing ends the process.
2. Reading stops while too many outputs are unanswered, and goes on where it stopped.
3. When the log no longer holds what was read, it was cut (the reader tells before it reads on): a
   new epoch is logged and the fold starts over, from a snapshot of what is left if the log's
   beginning has expired. What is so now is logged again (fold/republishing.py).
4. Proposals are made only at the head of the log, and not while gateways have yet to resync.
"""

import asyncio
import contextlib
from collections.abc import Callable, Set
from functools import partial
from typing import Generic, TypeVar, assert_never

from msgspec import structs

from tandem.bus.port import Entry, Following, LogState
from tandem.bus.tasks import end
from tandem.domain.errors import MalformedMessageError, TandemError, UnavailableError
from tandem.domain.ids import Exc
from tandem.messages import subjects
from tandem.messages.codec import Answer, Fact, Query
from tandem.messages.hedges import Aside, Epoch, TimerFired
from tandem.runtime import filters
from tandem.runtime.fold import epochs
from tandem.runtime.fold.counters import FoldCounters
from tandem.runtime.fold.epoch_requests import EpochRequests, begin_epoch
from tandem.runtime.fold.options import FoldOptions, FoldPorts, RowFold
from tandem.runtime.fold.outbox import Outbox, OutboxPorts
from tandem.runtime.fold.page_server import Answers
from tandem.runtime.fold.port import Append, ArmTimer, Effect, Fold, Head, Proposal, Publish, SetRow
from tandem.runtime.fold.proposals import Proposer, ProposerPorts
from tandem.runtime.fold.republishing import Offering
from tandem.runtime.fold.restorer import Restored, Restorer
from tandem.runtime.fold.saver import Saver
from tandem.runtime.fold.snapshots import SnapshotStore
from tandem.runtime.fold.state import FoldCopy, PutAside, UnfoldableError
from tandem.runtime.fold.timers import Timers
from tandem.runtime.trade_log import TradeLog

FRESH_NS = 100_000_000
DEAF_NS = 5_000_000_000
PULSE_S = 0.1
SNAPSHOT_POLL_S = 0.5
SETTLE_POLL_S = 0.02

S = TypeVar("S")


class FoldRunner(Generic[S]):
    """One copy of a fold at work."""

    def __init__(self, fold: Fold[S], ports: FoldPorts, options: FoldOptions) -> None:
        self.counters = FoldCounters()
        self.allows: Callable[[Proposal], bool] = lambda _: True
        self._fold = fold
        self._ports = ports
        self._options = options
        self._store = SnapshotStore(ports.bus.snapshots, fold.name, fold.version, options.run)
        self._saver = Saver(self._store, ports, options, self.counters)
        self._restorer = Restorer(fold, ports, self._store, options)
        self._copy = self._restorer.empty(0)
        self._trades = TradeLog(ports.log)
        self._outbox = self._new_outbox()
        self._timers = Timers(ports.clock, self._fire)
        self._proposer = Proposer(
            ProposerPorts(ports.bus, ports.clock, ports.tasks, ports.seam, self.counters)
        )
        self._filters = filters.together(fold.filters, epochs.FILTERS)
        self._following: Following | None = None
        self._generation = 0
        self._interrupted = asyncio.Event()
        self._cut: LogState | None = None
        self._is_broken = False
        self._offers_again = False
        self._offering = Offering(fold, ports, options)
        self._caught_up = False
        self._deltas_since_ns = 0
        self._complete_seq = 0
        self._epoch_requests = EpochRequests(ports.bus, ports.clock, self._epoch)
        self._listened_ns = 0
        self._speechless_seq = -1
        self._reading: asyncio.Task[None] | None = None

    @property
    def state(self) -> S:
        return self._copy.state

    @property
    def head(self) -> Head:
        """Where this copy stands, at the head or not."""
        return self._copy.head

    @property
    def is_at_head(self) -> bool:
        """Whether nothing is pending and the server was heard a moment ago."""
        following = self._following
        if following is None or following.pending or not self._ports.bus.connected:
            return False
        return self._ports.clock.monotonic_ns() - following.heard_ns < FRESH_NS

    @property
    def in_flight(self) -> int:
        """Outputs that are not known to be stored."""
        return self._outbox.in_flight

    @property
    def snapshot_age_s(self) -> float:
        return self._saver.age_s

    @property
    def awaited(self) -> frozenset[str]:
        """Accounts that must resync before anything is proposed."""
        return self._copy.standing.awaited

    def unready(self) -> str:
        if not self._caught_up:
            return f"catching up, at {self.head.seq}"
        return "" if self._ports.bus.connected else "the bus is not connected"

    async def start(self) -> None:
        """Begin; everything goes on in tasks."""
        self._ports.bus.on_reconnect(self._reconnected)
        answers = Answers(self._ports.clock, self._read_seq, self._answer)
        for subject in self._fold.answers:
            await self._ports.bus.serve(
                subject, partial(answers.reply, subject), queue=self._fold.name
            )
        await self._ports.bus.serve(
            subjects.BEGIN_EPOCH, self._epoch_requests.answer, queue=subjects.BEGIN_EPOCH
        )
        self._reading = self._ports.tasks.spawn(self._read_on(), f"fold-{self._fold.name}")
        self._ports.tasks.spawn(self._timers.run(), "fold-timers")
        self._ports.tasks.spawn(self._pulse(), "fold-pulse")
        self._ports.tasks.spawn(self._save_on(), "fold-snapshots")

    async def drain(self) -> None:
        """Stop reading, let every output be stored, and leave a snapshot."""
        await self._note_complete()
        self._generation += 1
        if self._reading is not None:
            await end({self._reading})
        while self._outbox.in_flight:
            await self._ports.clock.sleep(SETTLE_POLL_S)
        if self._caught_up:
            await self._save()
        if self._ports.pages is not None:
            await self._ports.pages.close()

    async def _read_on(self) -> None:
        await self._restore()
        while True:
            self._interrupted.clear()
            if self._is_broken:
                await self._take_back()
            if self._cut is not None:
                await self._start_over(self._cut)
            generation = self._generation
            self._following = await self._ports.bus.log.follow(
                self._filters,
                self._copy.cursor,
                partial(self._on_entry, generation),
                partial(self._on_cut, generation),
            )
            try:
                await self._interrupted.wait()
            finally:
                following, self._following = self._following, None
                await following.close()
            while self._outbox.in_flight > self._options.few_in_flight:
                await self._ports.clock.sleep(SETTLE_POLL_S)

    def _reconnected(self) -> None:
        self._offers_again = True

    def _interrupt(self) -> None:
        """Ignore what arrives from now on; read again from the last message that was read."""
        self._generation += 1
        self._interrupted.set()

    async def _restore(self) -> None:
        """Take up the newest snapshot, or begin at the start of the log."""
        state = await self._restorer.asked(self._ports.bus.log.state)
        await self._note_deltas_kept(state)
        self._copy = self._restorer.empty(state.created_ns)
        await self._restorer.learn_asides()
        restored = await self._restorer.newest(state)
        if restored is not None:
            self._take_up(restored)
        self._ports.log.info("fold starts", after_seq=self.head.seq, last_seq=state.last_seq)
        self._restorer.refuse_gap(self._complete_seq, state)

    async def _note_deltas_kept(self, state: LogState) -> None:
        """Learn from when on deltas may still be kept: older ones would expire at once.

        By the log's own clock. A copy that reads the whole log again, as a new version does, else
        stored all of its deltas a second time, and readers would read them all.
        """
        newest = await self._restorer.asked(partial(self._ports.bus.log.get, state.last_seq))
        if newest is not None and self._options.deltas_ns is not None:
            self._deltas_since_ns = newest.ts_ns - self._options.deltas_ns

    def _take_up(self, restored: Restored[S]) -> None:
        self._copy = restored.copy
        self._complete_seq = restored.snapshot.kept.complete_seq
        self._timers.restore(restored.snapshot.kept.armed)

    async def _take_back(self) -> None:
        """Make the copy anew, from before a message that broke it; that one is passed over."""
        self._is_broken = False
        state = await self._restorer.asked(self._ports.bus.log.state)
        accounts = frozenset(self._copy.standing.accounts)
        self._forget(self._restorer.empty(state.created_ns, accounts))
        restored = await self._restorer.borne_out(state)
        if restored is not None:
            self._take_up(restored)
        self._restorer.refuse_gap(self._complete_seq, state)
        self._saver.hurry()

    def _forget(self, copy: FoldCopy[S]) -> None:
        """Go on with a copy that has read nothing yet."""
        self._copy = copy
        self._timers.restore(())
        self._proposer.forget()
        self._complete_seq = 0
        self._caught_up = False

    def _on_cut(self, generation: int, state: LogState) -> None:
        if generation != self._generation:
            return
        self._ports.log.error("the log was cut", read_seq=self.head.seq, last_seq=state.last_seq)
        self._cut = state
        self._interrupt()

    async def _start_over(self, state: LogState) -> None:
        """Begin a new epoch, for the log no longer holds what was read."""
        self._cut, self._offers_again = None, False
        self.counters.cuts += 1
        ports, number = self._ports, self._copy.standing.epoch + 1
        await begin_epoch(ports.bus.log, ports.clock, number, "the log was cut")
        await self._offering.log_again(self._copy, state, number)
        accounts = frozenset(self._copy.standing.accounts)
        former, self._outbox = self._outbox, self._new_outbox()
        await self._restorer.learn_asides()
        self._forget(self._restorer.empty(state.created_ns, accounts))
        self._store.cut()
        if state.first_seq > 1:
            await self._restore_kept(state, accounts, former)

    async def _restore_kept(self, state: LogState, accounts: Set[Exc], former: Outbox) -> None:
        """Take up the newest snapshot of what the cut log still holds: its beginning has expired.

        What followed from the messages before it, and was lost by the cut, is logged again from
        what this process kept of it.
        """
        restored = await self._restorer.borne_out(state)
        if restored is not None:
            copy = restored.copy
            copy.cursor = structs.replace(copy.cursor, created_ns=state.created_ns)
            copy.standing.accounts |= accounts
            self._take_up(restored)
            self._outbox.inherit(former)
            self._offers_again = True
        self._restorer.refuse_gap(self._complete_seq, state)
        self._complete_seq = max(self.head.seq, state.first_seq - 1)

    def _on_entry(self, generation: int, entry: Entry) -> None:
        if generation != self._generation:
            return
        try:
            with self._ports.place.at(entry.seq):
                self._read(entry)
        except UnfoldableError as error:
            self._break(entry, error)
        except Exception as error:
            self._generation += 1
            self._ports.log.exception("fold failed", seq=entry.seq, subject=entry.subject)
            self._ports.tasks.spawn(_fail(error), "fold-failed")

    def _break(self, entry: Entry, error: UnfoldableError) -> None:
        """Have the copy made anew without this message."""
        self.counters.unfoldable += 1
        self._ports.log.error(
            "a message breaks the fold; it is passed over",
            seq=entry.seq,
            subject=entry.subject,
            exc_info=error,
        )
        self._restorer.aside[entry.seq] = PutAside(entry.subject, error.reason)
        self._make_anew()

    def _make_anew(self) -> None:
        self._is_broken, self._caught_up = True, False
        self._interrupt()

    def _read(self, entry: Entry) -> None:
        reading = self._copy.read(entry)
        self.counters.read += 1
        if isinstance(reading.fact, MalformedMessageError):
            self.counters.malformed += 1
            self._ports.log.warning(
                "malformed message", seq=entry.seq, subject=entry.subject, error=str(reading.fact)
            )
        elif isinstance(reading.fact, TimerFired):
            self._timers.fired(reading.fact)
        elif isinstance(reading.fact, Aside) and self._restorer.put_aside(reading.fact, entry.seq):
            self._make_anew()
            return
        elif isinstance(reading.fact, Epoch):
            self._epoch_requests.read(entry.ts_ns)
        else:
            self._offering.read(entry, reading.fact)
        self._proposer.read(entry.subject)
        for effect in reading.effects:
            self._carry_out(entry.seq, effect)
        if entry.pending == 0:
            self._reached_head()
        if self._outbox.in_flight > self._options.most_in_flight:
            self.counters.pauses += 1
            self._interrupt()

    def _carry_out(self, seq: int, effect: Effect) -> None:
        match effect:
            case Append():
                self._outbox.append(seq, effect)
            case Publish():
                if self.head.ts_ns >= self._deltas_since_ns:
                    self._outbox.publish(seq, effect)
            case SetRow():
                if self._ports.pages is not None:
                    self._ports.pages.set(effect)
            case ArmTimer():
                self._timers.arm(effect)
            case _:
                assert_never(effect)

    def _reached_head(self) -> None:
        """Do what only a copy at the head may do."""
        self._offering.at_head()
        if not self._caught_up:
            self._caught_up = True
            self._ports.log.info("fold caught up", seq=self.head.seq, epoch=self.head.epoch)
            self._start_pages()
        self._timers.at_head(self.head.ts_ns)
        if not self._copy.standing.awaited:
            self._proposer.offer(self._proposals())

    def _proposals(self) -> tuple[Proposal, ...]:
        """Ask the fold; what it cannot say changes nothing, and must not end the reading."""
        try:
            proposals = self._fold.propose(self.state, self.head)
        except Exception:
            self.counters.speechless += 1
            if self._speechless_seq != self.head.seq:
                self._speechless_seq = self.head.seq
                self._ports.log.exception("the fold cannot propose", seq=self.head.seq)
            return ()
        return tuple(one for one in proposals if self.allows(one))

    def propose_now(self) -> None:
        """Look again at what was not allowed, at the head and not before."""
        if self.is_at_head:
            self._reached_head()

    async def _pulse(self) -> None:
        """Notice the head, or a deaf reader, where no message tells of it."""
        while True:
            await self._ports.clock.sleep(PULSE_S)
            if self.is_at_head:
                self._offer_again()
                self._reached_head()
            elif self._is_deaf():
                self._interrupt()

    def _offer_again(self) -> None:
        """Log again what the log may have lost; what has no cause any more calls for nothing."""
        if self._offers_again:
            self._offers_again = False
            self._outbox.offer_again(self.head.seq)

    def _is_deaf(self) -> bool:
        """Tell whether a connected reader gets nothing: its stream may be another one now."""
        following = self._following
        if following is None or not self._ports.bus.connected:
            self._listened_ns = self._ports.clock.monotonic_ns()
            return False
        self._listened_ns = max(self._listened_ns, following.heard_ns)
        return self._ports.clock.monotonic_ns() - self._listened_ns > DEAF_NS

    def _fire(self, fact: TimerFired) -> None:
        self.counters.timers_fired += 1
        self._outbox.append(self.head.seq, Append(fact))

    def _new_outbox(self) -> Outbox:
        ports, counters = self._ports, self.counters
        told = (self._conflict, self._trades.stored)
        made = OutboxPorts(ports.bus, ports.clock, ports.tasks, ports.seam, counters, *told)
        return Outbox(made, self._options.kept_ns)

    def _conflict(self, fact: Fact | None, error: TandemError) -> None:
        self._ports.log.error("a consequence was not logged", error=str(error))
        if isinstance(fact, TimerFired):
            self._timers.fire_again(fact)

    def _start_pages(self) -> None:
        fold = self._fold
        if self._ports.pages is not None and isinstance(fold, RowFold):
            self._ports.pages.start(lambda: self.head, lambda: fold.rows(self.state))

    async def _save_on(self) -> None:
        while True:
            await self._ports.clock.sleep(SNAPSHOT_POLL_S)
            if self._caught_up and self._saver.is_due():
                await self._save()

    async def _save(self) -> None:
        """Write a snapshot once everything that it caused is stored, unless the log was cut."""
        self._saver.taken()
        await self._note_complete()
        copy, outbox = self._copy, self._outbox
        snapshot = copy.snapshot(self._timers.armed, self._complete_seq)
        await self._saver.wait_until_settled(outbox, snapshot.kept.cursor.seq)
        if copy is self._copy:
            await self._saver.write(snapshot)

    async def _note_complete(self) -> None:
        """Note up to where nothing is unread: the whole log, for a copy with nothing pending."""
        with contextlib.suppress(UnavailableError):
            last_seq = (await self._ports.bus.log.state()).last_seq
            if self._following is not None and self._following.pending == 0:
                self._complete_seq = max(self.head.seq, last_seq)

    def _answer(self, subject: str, query: Query) -> Answer:
        return self._fold.answer(self.state, self.head, subject, query)

    def _read_seq(self) -> int | None:
        return self.head.seq if self._caught_up else None

    def _epoch(self) -> int | None:
        return self.head.epoch if self._caught_up else None


async def _fail(error: Exception) -> None:
    raise error
