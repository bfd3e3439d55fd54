"""How facts get into the log: in order, once each, never dropped, and counted.

1. A fact whose subject this process has seen in the log, or appended, is not appended again;
   a conclusion is: whoever concludes anew has not seen it.
2. Facts that the log would have expired soon are not logged: their identity would not hold.
   Fills among them are told of (`on_old_fill`).
   What is so now (open orders, positions) and the ends of orders that the log holds live are
   logged whatever their age; what is so now again once the log has expired it, for whoever reads
   the log from then on.
3. What was logged in the last ten minutes is kept, and offered again when the log was cut: a
   server that lost its newest messages gets them anew, under the same identities. When the bus
   comes back, that is done at once with what was not read yet (`Unread`): nobody else can tell.
4. `drain` ends when everything appended so far is stored.
5. What this copy concludes as the sender (`facts.is_conclusion`) is stored only while it is the
   sender: the log compares. A former sender's word, late for whatever reason, contradicts no one.
   Without the right to conclude it is held back; the next right of the same term logs it, and of
   any term what follows from the log alone.
6. What a hedge waits for is appended at once; the rest follows together a moment later, so that
   it neither delays the hedger's reading nor costs a write each. A crash in that moment loses
   nothing: the backfill finds the same facts again. A stage of an order whose end was appended
   meanwhile, or that a later one has passed, says nothing any more and is left out.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass

from msgspec import Struct, structs

from tandem.bus.port import Appended, Guard
from tandem.domain.errors import SupersededError
from tandem.gateway.account import facts
from tandem.gateway.account.duplicate_ratio import Repeats
from tandem.gateway.account.facts import GatewayFact
from tandem.gateway.account.recent_set import SeenSubjects
from tandem.gateway.account.unconfirmed_appends import Unread
from tandem.messages import codec, subjects
from tandem.messages.codec import Fact
from tandem.messages.facts import subject_of
from tandem.messages.reports import FillReport, OrderReport
from tandem.runtime.context import ServiceContext
from tandem.runtime.window import Window

FOLLOW_S = 0.002
REFRESH_NS = 60_000_000_000
MAX_KEPT = 50_000
MAX_ENDED = 2_000  # what follows follows within milliseconds
MAX_HELD = 1_000


@dataclass(frozen=True, slots=True)
class Say:
    """The right to conclude: in which term, and what the log compares."""

    term: int
    guard: Guard


class _Written(Struct, frozen=True):
    """A message as it is appended; `term` is 0 unless it concludes in one.

    `is_told`: the venue's stream told it. `since_ns`: since when the log holds it, 0 before.
    """

    subject: str
    payload: bytes
    is_conclusion: bool = False
    is_told: bool = False
    term: int = 0
    since_ns: int = 0


class Journal:
    """Appends the facts of one gateway; `completed` adds what else this process knows of one."""

    def __init__(self, context: ServiceContext) -> None:
        self.completed: Callable[[GatewayFact], GatewayFact] = facts.as_it_is
        self.on_old_fill: Callable[[FillReport], None] = facts.let_go
        self._context = context
        self._seen = SeenSubjects()
        self._ended = SeenSubjects(MAX_ENDED)
        self._lasting: dict[str, int] = {}
        self._waiting: set[asyncio.Future[Appended]] = set()
        self._following: list[GatewayFact] = []
        self._kept = Window(_Written, context.settings.kept_ns, MAX_KEPT)
        self._unread: Unread[_Written] = Unread()
        self._say: Say | None = None
        self._held: dict[str, _Written] = {}
        self._repeats = Repeats()
        metrics = context.metrics
        self._logged = metrics.counter("gateway_facts_logged", "facts stored first by this copy")
        self._repeated = metrics.counter(
            "gateway_facts_repeated", "facts that the log had already, by another copy or source"
        )
        self._void = metrics.counter(
            "gateway_conclusions_void", "conclusions that the log refused: another copy sends"
        )
        share = metrics.gauge(
            "gateway_duplicate_share", "of a minute's stream: what the log had; 0: a copy is deaf"
        )
        share.set_function(lambda: self._repeats.share(context.clock.monotonic_ns()))
        told = metrics.gauge("gateway_stream_facts", "told by the venue's stream in a minute")
        told.set_function(lambda: self._repeats.told(context.clock.monotonic_ns()))
        waiting = metrics.gauge("gateway_facts_waiting", "facts appended and not yet stored")
        waiting.set_function(lambda: len(self._waiting))

    def forget(self) -> None:
        """Suppress nothing any more: the log no longer holds what it was seen to hold."""
        self._seen, self._ended = SeenSubjects(), SeenSubjects(MAX_ENDED)

    def read(self, subject: str, seq: int) -> None:
        """Remember that the log holds this subject, and was read up to there.

        What it holds under a former identity is not logged anew under the present one.
        """
        self._seen.add(subjects.of_one_identity(subject))
        self._unread.read(seq)

    def log(self, fact: GatewayFact, *, at_any_age: bool = False) -> None:
        """Append a fact, unless the log is known to hold it, or would have expired it."""
        subject = subject_of(fact)
        is_conclusion = facts.is_conclusion(fact)
        if subject in self._seen and not is_conclusion:
            self._count(is_told=facts.is_told(fact), is_repeat=True)
            return
        if not at_any_age and self._is_expired(fact):
            if isinstance(fact, FillReport):
                self.on_old_fill(fact)
            return
        if is_conclusion:
            self._conclude(subject, fact)
        elif facts.may_follow(fact):
            self._follow(subject, self.completed(fact))
        else:
            self.append(facts.stamped(self.completed(fact), self._context.clock.wall_ns()))

    def log_lasting(self, fact: GatewayFact) -> None:
        """Log what is so now; offer it again in a while, for the log may have expired it."""
        subject, now_ns = subject_of(fact), self._context.clock.monotonic_ns()
        if now_ns - self._lasting.setdefault(subject, now_ns) < self._refresh_ns:
            self.log(fact, at_any_age=True)
            return
        self._lasting[subject] = now_ns
        self.append(self.completed(fact))

    def forget_lasting(self, now: Collection[GatewayFact]) -> None:
        """Remember of what was so only what still is."""
        subjects = {subject_of(fact) for fact in now}
        self._lasting = {one: ns for one, ns in self._lasting.items() if one in subjects}

    @property
    def _refresh_ns(self) -> int:
        return min(REFRESH_NS, self._context.settings.retention_ns // 8)

    def _count(self, *, is_told: bool, is_repeat: bool) -> None:
        (self._repeated if is_repeat else self._logged).inc()
        if is_told:
            self._repeats.count(self._context.clock.monotonic_ns(), is_repeat=is_repeat)

    def _follow(self, subject: str, fact: GatewayFact) -> None:
        self._seen.add(subject)
        if not self._following:
            self._context.tasks.spawn(self._append_soon(), "journal-following")
        self._following.append(fact)

    async def _append_soon(self) -> None:
        await self._context.clock.sleep(FOLLOW_S)
        self._append_following()

    def _append_following(self) -> None:
        following, self._following = self._following, []
        now_ns = self._context.clock.wall_ns()
        for fact in facts.without_passed_stages(following):
            if not (isinstance(fact, OrderReport) and facts.order_name(fact) in self._ended):
                self.append(facts.stamped(fact, now_ns))

    def _is_expired(self, fact: GatewayFact) -> bool:
        """A fact near the end of the retention; live orders are logged whatever their age."""
        happened_ns = facts.venue_ns(fact)
        if happened_ns is None:
            return False
        if isinstance(fact, OrderReport) and not fact.order_status.is_terminal:
            return False
        return happened_ns < self._context.clock.wall_ns() - self._context.settings.loggable_ns

    def append(self, fact: Fact) -> None:
        """Append a fact under its subject."""
        subject = subject_of(fact)
        self._seen.add(subject)
        if isinstance(fact, OrderReport) and fact.order_status.is_terminal:
            self._ended.add(facts.order_name(fact))
        self._append(_Written(subject, codec.encode(fact), is_told=facts.is_told(fact)))

    def _conclude(self, subject: str, fact: GatewayFact) -> None:
        payload = codec.encode(facts.stamped(fact, self._context.clock.wall_ns()))
        if self._say is None:
            self._hold_back(_Written(subject, payload, is_conclusion=True))
            return
        self._seen.add(subject)
        self._append(_Written(subject, payload, is_conclusion=True, term=self._say.term))

    def _hold_back(self, written: _Written) -> None:
        self._seen.discard(written.subject)
        self._held[written.subject] = written
        if len(self._held) > MAX_HELD:
            del self._held[next(iter(self._held))]

    def speak(self, say: Say) -> None:
        """Conclude from now on, beginning with what was held back and is not said by others."""
        self._say = say
        held, self._held = self._held, {}
        for written in held.values():
            if written.term in {0, say.term} and written.subject not in self._seen:
                self._seen.add(written.subject)
                self._append(structs.replace(written, term=say.term))
            elif written.term == say.term:
                # The log has it, by our own word: it is kept all the same, for the next cut.
                self._keep(written)

    def be_silent(self) -> None:
        """Conclude nothing: another copy may be the sender."""
        self._say = None

    def _keep_unread(self, written: _Written, seq: int, asked_at: int) -> None:
        self._unread.answered(self._keep(written), seq, asked_at)

    def _keep(self, written: _Written) -> _Written:
        """Keep what the log holds, for ten minutes from when it first did."""
        since_ns = written.since_ns or self._context.clock.monotonic_ns()
        held = structs.replace(written, since_ns=since_ns)
        self._kept.keep(since_ns, held)
        return held

    def offer_unread(self) -> None:
        """Append once more what nobody has read: a server that was killed may have lost it."""
        unread = self._unread.items
        self._unread.clear()
        for written in unread:
            self._append(written)

    def offer_again(self) -> None:
        """Append what was logged lately once more: the log was cut, and keeps one of each."""
        oldest_ns = self._context.clock.monotonic_ns() - self._context.settings.kept_ns
        kept = self._kept.since(oldest_ns)
        self._kept.clear()
        self._unread.clear()
        for written in kept:
            self._append(written)

    def _append(self, written: _Written) -> None:
        guard = None
        if written.is_conclusion:
            if self._say is None or self._say.term != written.term:
                self._hold_back(written)
                return
            guard = self._say.guard
        log, asked_at = self._context.bus.log, self._unread.ask()
        future = asyncio.ensure_future(log.append_soon(written.subject, written.payload, guard))
        self._waiting.add(future)
        future.add_done_callback(lambda done: self._stored(written, guard, asked_at, done))

    def _superseded(self, written: _Written, guard: Guard | None) -> None:
        """Another copy sends, or this one has said anew that it does: then it is said again."""
        self._void.inc()
        if self._say is not None and self._say.guard != guard:
            self._append(written)
        else:
            self._hold_back(written)

    def _stored(
        self,
        written: _Written,
        guard: Guard | None,
        asked_at: int,
        future: "asyncio.Future[Appended]",
    ) -> None:
        self._waiting.discard(future)
        if future.cancelled():
            return
        error = future.exception()
        if isinstance(error, SupersededError):
            self._superseded(written, guard)
        elif error is not None:
            self._context.tasks.spawn(_fail(future), "journal-failed")
        else:
            appended = future.result()
            self._keep_unread(written, 0 if appended.already else appended.seq, asked_at)
            self._count(is_told=written.is_told, is_repeat=appended.already)
            self._context.seam("gateway.after_report")

    async def drain(self) -> None:
        """Wait until what was appended is stored."""
        self._append_following()
        while self._waiting:
            await asyncio.wait(tuple(self._waiting))


async def _fail(future: "asyncio.Future[Appended]") -> None:
    future.result()
