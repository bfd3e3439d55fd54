"""How an epoch is begun: by whoever finds the log cut, or for a client, which may write none.

1. A client may have seen epochs that the log has lost, but never very many.
2. An epoch that has just begun serves all who ask; to a client that was away for longer it is no
   warning that what it offers again may be at the venue (gateways heed that for the first minute
   of an epoch). Each holds up hedging until the gateways have resynced, so they are begun some
   time apart.
"""

from collections.abc import Callable

from tandem.bus.port import Bus, Entry, Log
from tandem.domain.errors import InvariantError, MalformedMessageError, UnavailableError
from tandem.messages import facts
from tandem.messages.codec import decode_fact
from tandem.messages.hedges import Epoch
from tandem.runtime.clock import Clock
from tandem.runtime.fold.epochs import MOST_EPOCHS

MOST_LOST_EPOCHS = 250  # at one request; `access` lets a strategy have fifty a day
MOST_EPOCHS_ASKED = 60_000  # a client id has room for 65,536; cuts that are found need some
YOUNG_EPOCH_NS = 30_000_000_000
ASKED_APART_NS = 5_000_000_000
ASK_AGAIN_S = 0.1


async def begin_epoch(log: Log, clock: Clock, number: int, text: str) -> None:
    """Have an epoch of this number in the log, or of the first one after it that can be.

    Where something else has its place it would never be read, and what is decided after a cut
    would not wait for the gateways.
    """
    for epoch in range(number, MOST_EPOCHS):
        subject, payload = facts.written(Epoch(epoch=epoch, text=text))
        if not (await log.append(subject, payload)).already or await _is_epoch(log, clock, subject):
            return
    raise InvariantError(f"no epoch after {number}: client ids have no room for one")


async def _is_epoch(log: Log, clock: Clock, subject: str) -> bool:
    while True:
        try:
            stored = await log.find(subject)
        except UnavailableError:
            await clock.sleep(ASK_AGAIN_S)
            continue
        return stored is None or _is_fact(stored)


def _is_fact(stored: Entry) -> bool:
    try:
        facts.read_fact(stored.subject, stored.payload)
    except MalformedMessageError:
        return False
    return True


class EpochRequests:
    """`epoch` tells the one in force, None while this copy has not caught up."""

    def __init__(self, bus: Bus, clock: Clock, epoch: Callable[[], int | None]) -> None:
        self._bus = bus
        self._clock = clock
        self._epoch = epoch
        self._begun_ns = self._read_ns = self._asked_ns = 0

    def read(self, ts_ns: int) -> None:
        """Learn that an epoch stands in the log."""
        self._begun_ns = ts_ns
        self._read_ns = self._clock.monotonic_ns()

    async def answer(self, asked: bytes) -> bytes:
        """Begin an epoch unless a young one serves; the answer is what was asked, or nothing."""
        try:
            fact = decode_fact(asked)
        except MalformedMessageError:
            return b""
        now = self._epoch()
        if not isinstance(fact, Epoch) or now is None:
            return b""
        if fact.epoch > min(now + MOST_LOST_EPOCHS, MOST_EPOCHS_ASKED):
            return b""
        if fact.epoch <= now and self._is_young():
            return asked
        now_ns = self._clock.monotonic_ns()
        if self._asked_ns and now_ns - self._asked_ns < ASKED_APART_NS:
            return b""
        self._asked_ns = now_ns
        await begin_epoch(self._bus.log, self._clock, max(fact.epoch, now + 1), fact.text)
        return asked

    def _is_young(self) -> bool:
        """By the log's own time and by when it was read: clocks of two machines may differ."""
        clock = self._clock
        age_ns = max(clock.wall_ns() - self._begun_ns, clock.monotonic_ns() - self._read_ns)
        return age_ns < YOUNG_EPOCH_NS
