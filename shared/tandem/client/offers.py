"""What a strategy asked for lately, offered again when the log comes back without it.

1. An intent is kept once the log has acknowledged it; it is offered again only if the log ends
   before its place or holds something else there. What has merely expired is not lost.
2. Whoever finds the log cut begins a new epoch; a young one stands in the log before what is
   offered again, so gateways look such orders up before they send them. A strategy may write none
   where there are users: it asks the state services to.
"""

from asyncio import Lock
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from tandem.bus.port import StrategyBus
from tandem.client.reading import ReadingPorts
from tandem.domain.errors import UnavailableError
from tandem.messages import codec, subjects
from tandem.messages.hedges import Epoch
from tandem.runtime.kept import KEPT_NS, MOST_KEPT

RETRY_S = 0.1
ASK_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class Intent:
    """One acknowledged intent and its place in the log."""

    kept_ns: int
    seq: int
    subject: str
    payload: bytes


class Offers:
    """The intents of one client."""

    def __init__(self, bus: StrategyBus, ports: ReadingPorts) -> None:
        self._bus, self._log, self._ports = bus, bus.log, ports
        self._kept: deque[Intent] = deque(maxlen=MOST_KEPT)
        self._turn = Lock()

    def keep(self, seq: int, subject: str, payload: bytes) -> None:
        """Keep an intent that the log holds at `seq`."""
        now_ns = self._ports.clock.monotonic_ns()
        while self._kept and now_ns - self._kept[0].kept_ns > KEPT_NS:
            self._kept.popleft()
        self._kept.append(Intent(now_ns, seq, subject, payload))

    def offer_again(self, epoch: int) -> None:
        """Find out what of it the log has lost, begin the epoch after `epoch`, log it again."""
        if self._kept:
            before = tuple(self._kept)
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
            again = await self._log.append(intent.subject, intent.payload)
            self._ports.log.info("offered again", subject=intent.subject, already=again.already)
            with suppress(ValueError):
                self._kept.remove(intent)
            self.keep(again.seq or intent.seq, intent.subject, intent.payload)

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

        What was logged since the log came back stands behind the loss and tells nothing of it.
        """
        while True:
            try:
                first_seq = (await self._log.state()).first_seq
                lost: deque[Intent] = deque()
                for intent in reversed(before):
                    if intent.seq < first_seq or await self._log.find(intent.subject) is not None:
                        break
                    lost.appendleft(intent)
            except UnavailableError:
                await self._ports.clock.sleep(RETRY_S)
                continue
            return tuple(lost)
