"""How facts get into the log: in order, once each, never dropped, and counted.

1. A fact whose subject this process has seen in the log, or appended, is not appended again.
2. Facts that the log would have expired soon are not logged: their identity would not hold.
   What orders say that the log holds live is logged whatever its age.
3. What was logged in the last ten minutes is kept, and offered again when the bus comes back: a
   server that lost its newest messages gets them anew, under the same identities.
4. `drain` ends when everything appended so far is stored.
5. What a hedge waits for is appended at once; the rest follows together a moment later, so that
   it neither delays the hedger's reading nor costs a write each. A crash in that moment loses
   nothing: the backfill finds the same facts again. A stage of an order whose end was appended
   meanwhile says nothing any more and is left out.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable

from tandem.bus.port import Appended
from tandem.gateway import facts
from tandem.gateway.facts import GatewayFact
from tandem.gateway.seen import SeenSubjects
from tandem.messages import codec
from tandem.messages.message import Message
from tandem.messages.reports import OrderReport
from tandem.runtime.context import ServiceContext

NS_PER_HOUR = 3_600_000_000_000
FOLLOW_S = 0.002
KEPT_NS = 600_000_000_000
MAX_KEPT = 50_000


class Journal:
    """Appends the facts of one gateway."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._seen = SeenSubjects()
        self._ended = SeenSubjects()
        self._waiting: set[asyncio.Future[Appended]] = set()
        self._following: list[tuple[str, GatewayFact]] = []
        self._kept: deque[tuple[int, str, bytes]] = deque(maxlen=MAX_KEPT)
        metrics = context.metrics
        self._logged = metrics.counter("gateway_facts_logged", "facts stored first by this copy")
        self._repeated = metrics.counter(
            "gateway_facts_repeated", "facts that the log had already, by another copy or source"
        )
        waiting = metrics.gauge("gateway_facts_waiting", "facts appended and not yet stored")
        waiting.set_function(lambda: len(self._waiting))

    def read(self, subject: str) -> None:
        """Remember that the log holds this subject."""
        self._seen.add(subject)

    def log(self, fact: GatewayFact, *, at_any_age: bool = False) -> None:
        """Append a fact, unless the log is known to hold it, or would have expired it."""
        subject = facts.subject_of(fact)
        if subject in self._seen:
            self._repeated.inc()
            return
        if not at_any_age and self._is_expired(fact):
            return
        if facts.may_follow(fact):
            self._follow(subject, fact)
        else:
            self.append(subject, facts.stamped(fact, self._context.clock.wall_ns()))

    def _follow(self, subject: str, fact: GatewayFact) -> None:
        self._seen.add(subject)
        if not self._following:
            self._context.tasks.spawn(self._append_soon(), "journal-following")
        self._following.append((subject, fact))

    async def _append_soon(self) -> None:
        await self._context.clock.sleep(FOLLOW_S)
        self._append_following()

    def _append_following(self) -> None:
        following, self._following = self._following, []
        now_ns = self._context.clock.wall_ns()
        for subject, fact in following:
            if not (isinstance(fact, OrderReport) and facts.order_name(fact) in self._ended):
                self.append(subject, facts.stamped(fact, now_ns))

    def _is_expired(self, fact: GatewayFact) -> bool:
        """A fact near the end of the retention; live orders are logged whatever their age."""
        happened_ns = facts.venue_ns(fact)
        if happened_ns is None:
            return False
        if isinstance(fact, OrderReport) and not fact.order_status.is_terminal:
            return False
        retention_ns = self._context.settings.retention_hours * NS_PER_HOUR
        kept_ns = retention_ns - min(NS_PER_HOUR, retention_ns // 2)
        return happened_ns < self._context.clock.wall_ns() - kept_ns

    def append(self, subject: str, fact: Message) -> Awaitable[Appended]:
        """Append a message under its subject."""
        self._seen.add(subject)
        if isinstance(fact, OrderReport) and fact.order_status.is_terminal:
            self._ended.add(facts.order_name(fact))
        payload = codec.encode(fact)
        self._keep(subject, payload)
        return self._append(subject, payload)

    def _keep(self, subject: str, payload: bytes) -> None:
        now_ns = self._context.clock.monotonic_ns()
        while self._kept and now_ns - self._kept[0][0] > KEPT_NS:
            self._kept.popleft()
        self._kept.append((now_ns, subject, payload))

    def offer_again(self) -> None:
        """Append what was logged lately once more; the log keeps one of each."""
        for _, subject, payload in tuple(self._kept):
            self._append(subject, payload)

    def _append(self, subject: str, payload: bytes) -> Awaitable[Appended]:
        future = asyncio.ensure_future(self._context.bus.log.append_soon(subject, payload))
        self._waiting.add(future)
        future.add_done_callback(self._stored)
        return future

    def _stored(self, future: "asyncio.Future[Appended]") -> None:
        self._waiting.discard(future)
        if future.cancelled():
            return
        if future.exception() is not None:
            self._context.tasks.spawn(_fail(future), "journal-failed")
            return
        (self._repeated if future.result().already else self._logged).inc()
        self._context.seam("gateway.after_report")

    async def drain(self) -> None:
        """Wait until what was appended is stored."""
        self._append_following()
        if self._waiting:
            await asyncio.wait(tuple(self._waiting))


async def _fail(future: "asyncio.Future[Appended]") -> None:
    future.result()
