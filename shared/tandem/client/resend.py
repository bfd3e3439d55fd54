"""What a strategy asked for lately, or what still stands, offered again to a log that lost it.

1. An intent is kept once the log has acknowledged it; it is offered again only if the log ends
   before its place or holds something else there. What has merely expired is not lost. One that
   is older than what is kept is offered only if it still stands (standing.py). Nothing grows older
   while the log is away, nor young again where a strategy has asked for nothing since.
2. Whoever finds the log cut begins a new epoch; a young one stands in the log before what is
   offered again, so gateways look such orders up before they send them. A strategy may write none
   where there are users: it asks the state services to.
"""

from asyncio import Lock
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from tandem.bus.port import Appended, StrategyBus
from tandem.client.standing_intents import NothingStands
from tandem.client.stream_reader import ReadingPorts
from tandem.domain.errors import InvalidInputError, LimitReachedError, UnavailableError
from tandem.messages import codec, subjects
from tandem.messages.codec import Fact
from tandem.messages.facts import read_fact
from tandem.messages.hedges import Epoch
from tandem.runtime.resend_buffer import KEPT_NS, MOST_KEPT

RETRY_S = 0.1
AGE_S = 15.0
ASK_TIMEOUT_S = 3.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Intent:
    """One acknowledged intent and its place in the log."""

    kept_ns: int
    seq: int
    subject: str
    payload: bytes


class StandingIntents(Protocol):
    """What is known of intents that were logged long ago."""

    def holds(self, intent: Fact, /) -> bool: ...

    def has_filled(self, intent: Fact, /) -> bool: ...


class Offers:
    """The intents of one client."""

    def __init__(
        self,
        bus: StrategyBus,
        ports: ReadingPorts,
        standing: StandingIntents | None = None,
        kept_ns: int = KEPT_NS,
    ) -> None:
        self._bus, self._log, self._ports = bus, bus.log, ports
        self._standing, self._kept_ns = standing or NothingStands(), kept_ns
        self._kept: deque[Intent] = deque()
        self._old: deque[Intent] = deque(maxlen=MOST_KEPT)
        self._turn = Lock()

    def keep(self, seq: int, subject: str, payload: bytes) -> None:
        """Keep an intent that the log holds at `seq`."""
        now_ns = self._ports.clock.monotonic_ns()
        self._age(now_ns)
        if len(self._kept) == MOST_KEPT:
            self._old.append(self._kept.popleft())
        self._kept.append(Intent(now_ns, seq, subject, payload))

    async def run(self) -> None:
        """Age what is kept while the log is there, until cancelled.

        A hedge that was done hours ago would else be asked for anew by a strategy that has been
        quiet since: what it filled is on no page any more.
        """
        was_connected = False
        while True:
            await self._ports.clock.sleep(AGE_S)
            # Just back: what was asked for before the log went away is offered first.
            if was_connected and self._bus.connected:
                self._age(self._ports.clock.monotonic_ns())
            was_connected = self._bus.connected

    def _age(self, now_ns: int) -> None:
        self._review()
        while self._kept and self._is_old(self._kept[0], now_ns):
            self._old.append(self._kept.popleft())

    def _is_old(self, intent: Intent, now_ns: int) -> bool:
        return now_ns - intent.kept_ns > self._kept_ns

    def _review(self) -> None:
        """Look at two of the old ones and let go of what is over: so few are left of those."""
        for _ in range(min(2, len(self._old))):
            intent = self._old.popleft()
            if self._standing.holds(_fact(intent)):
                self._old.append(intent)

    def _may_be_offered(self, intent: Intent, now_ns: int) -> bool:
        """Tell whether an intent that was not let go of yet is still to be logged.

        The log may have been away for long; but a hedge that filled long ago is not offered.
        """
        return not (self._is_old(intent, now_ns) and self._standing.has_filled(_fact(intent)))

    def offer_again(self, epoch: int) -> None:
        """Find out what of it the log has lost, begin the epoch after `epoch`, log it again."""
        now_ns = self._ports.clock.monotonic_ns()
        old = [intent for intent in self._old if self._standing.holds(_fact(intent))]
        kept = [intent for intent in self._kept if self._may_be_offered(intent, now_ns)]
        before = tuple(sorted((*old, *kept), key=lambda one: one.kept_ns))
        if before:
            self._ports.tasks.spawn(self._offer_again(epoch, before), "offer-again")

    async def _offer_again(self, epoch: int, before: tuple[Intent, ...]) -> None:
        async with self._turn:
            lost = await self._lost(before)
            if lost:
                await self._log_again(epoch, lost)

    async def _log_again(self, epoch: int, lost: tuple[Intent, ...]) -> None:
        """Log what is lost, however old it is by now; what is kept of it may have been let go."""
        self._ports.log.error("the log was cut: intents are offered again", count=len(lost))
        await self._begin(Epoch(epoch=epoch + 1, text="the log was cut"))
        for intent in lost:
            again = await self._logged_again(intent)
            if again is None:
                continue
            self._ports.log.info("offered again", subject=intent.subject, already=again.already)
            for kept in (self._old, self._kept):
                with suppress(ValueError):
                    kept.remove(intent)
            self.keep(again.seq or intent.seq, intent.subject, intent.payload)

    async def _logged_again(self, intent: Intent) -> Appended | None:
        """Log an intent, as fast as this strategy's share allows; None: it is refused by now."""
        while True:
            try:
                return await self._log.append(intent.subject, intent.payload)
            except LimitReachedError:
                await self._ports.clock.sleep(RETRY_S)
            except InvalidInputError as error:
                text = "not offered again"
                self._ports.log.error(text, subject=intent.subject, error=str(error))
                return None

    async def _begin(self, epoch: Epoch) -> None:
        """Have an epoch begun; returns once it stands in the log."""
        asked = codec.encode(epoch)
        while True:
            try:
                if await self._bus.request(subjects.BEGIN_EPOCH, asked, ASK_TIMEOUT_S) == asked:
                    return
            except UnavailableError as error:
                self._ports.log.warning("no epoch begun, asking again", error=str(error))
            await self._ports.clock.sleep(RETRY_S)

    async def _lost(self, before: tuple[Intent, ...]) -> tuple[Intent, ...]:
        """Return those that the log lost, in order; what it lost, it lost from its end.

        What was logged since the log came back, by whomever, stands behind the loss and tells
        nothing of it.
        """
        first_seq = (await self._answered(self._log.state)).first_seq
        lost: deque[Intent] = deque()
        for intent in reversed(before):
            if intent.seq < first_seq:
                break
            stored = await self._answered(partial(self._log.find, intent.subject))
            if stored is None:
                lost.appendleft(intent)
            elif stored.seq == intent.seq:
                break
        return tuple(lost)

    async def _answered(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask until there is an answer: each lookup counts, where those of a strategy do."""
        while True:
            try:
                return await ask()
            except UnavailableError:
                await self._ports.clock.sleep(RETRY_S)


def _fact(intent: Intent) -> Fact:
    return read_fact(intent.subject, intent.payload)
