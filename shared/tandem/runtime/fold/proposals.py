"""Which proposals of a fold are offered to the log: only at the head, one unread a bucket.

1. An offer is a compare-and-set on its subject: whoever wins, everyone reads the winner.
2. After an offer the bucket waits until its subject is read, won or lost; without a clear answer
   the log is asked whether the subject is taken before the bucket is free again.
"""

from dataclasses import dataclass

from tandem.bus.port import Bus
from tandem.domain.errors import UnavailableError
from tandem.messages import facts
from tandem.runtime.clock import Clock, TaskOwner
from tandem.runtime.failpoints import Seam
from tandem.runtime.fold.counters import FoldCounters
from tandem.runtime.fold.port import Proposal

CONFIRM_S = 0.1


@dataclass(frozen=True, slots=True)
class ProposerPorts:
    """What proposing works with."""

    bus: Bus
    clock: Clock
    tasks: TaskOwner
    seam: Seam
    counters: FoldCounters


class Proposer:
    """Offers proposals and remembers those that are not read yet."""

    def __init__(self, ports: ProposerPorts) -> None:
        self._ports = ports
        self._unread: dict[str, str] = {}
        self._buckets: dict[str, str] = {}

    @property
    def unread(self) -> int:
        return len(self._unread)

    def read(self, subject: str) -> None:
        """Free the bucket whose proposal, or another copy's, has just been read."""
        bucket = self._buckets.pop(subject, None)
        if bucket is not None:
            del self._unread[bucket]

    def offer(self, proposals: tuple[Proposal, ...]) -> None:
        """Offer those whose bucket has nothing unread."""
        for proposal in proposals:
            if proposal.bucket not in self._unread:
                subject, payload = facts.written(proposal.fact)
                self._unread[proposal.bucket] = subject
                self._buckets[subject] = proposal.bucket
                self._ports.counters.proposed += 1
                offer = self._offer(subject, payload)
                self._ports.tasks.spawn(offer, f"propose-{proposal.bucket}")

    def forget(self) -> None:
        """Drop all memory of what is unread: the fold starts from another state."""
        self._unread.clear()
        self._buckets.clear()

    async def _offer(self, subject: str, payload: bytes) -> None:
        self._ports.seam("fold.before_propose")
        try:
            answer = await self._ports.bus.log.try_append(subject, payload)
        except UnavailableError:
            await self._confirm(subject)
            return
        self._ports.counters.lost += answer.already
        self._ports.counters.won += not answer.already
        self._ports.seam("fold.after_propose")

    async def _confirm(self, subject: str) -> None:
        """Find out whether an unanswered offer was stored; if not, free its bucket."""
        while subject in self._buckets:
            await self._ports.clock.sleep(CONFIRM_S)
            try:
                stored = await self._ports.bus.log.find(subject)
            except UnavailableError:
                continue
            if stored is None:
                self.read(subject)
            return
