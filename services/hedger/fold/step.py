"""One message's turn through the fold: what it touched, and what follows from it (pure).

1. Whatever a fact touches is looked at again as a whole (level-triggered): a missed event cannot
   matter, because nothing depends on which event it was.
"""

from dataclasses import dataclass, field

from services.hedger.book.ledger import Bucket, BucketKey
from services.hedger.fold.state import Link, State
from tandem.domain.ids import HedgeId
from tandem.messages.hedges import Alarm
from tandem.messages.intents import HedgeOrder
from tandem.runtime.fold import passed_over
from tandem.runtime.fold.port import Append, Effect, LogEvent

SERVICE = "hedger"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A hedge order that was refused; `delta_id` is its last delta, None if it never had one."""

    hedge: HedgeOrder
    text: str
    delta_id: str | None = None


@dataclass(slots=True)
class Turn:
    """The event, the effects so far, and which links and buckets must be looked at again.

    `recovered`: an obstacle went away, hedge intents that wait must be considered again.
    """

    event: LogEvent
    effects: list[Effect] = field(default_factory=list)
    links: dict[HedgeId, None] = field(default_factory=dict)
    buckets: dict[BucketKey, None] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    deltas: int = 0
    recovered: bool = False

    @property
    def now_ns(self) -> int:
        return self.event.ts_ns

    @property
    def place(self) -> str:
        return self.event.place

    def next_index(self) -> int:
        """Return the index of this turn's next delta."""
        self.deltas += 1
        return self.deltas - 1

    def touch_link(self, hedge_id: HedgeId) -> None:
        self.links[hedge_id] = None

    def touch_bucket(self, bucket: Bucket) -> None:
        self.buckets[bucket.key] = None

    def touch_all(self, link: Link) -> None:
        self.links[link.hedge_id] = None
        for leg in link.legs:
            self.buckets[link.bucket_key(leg)] = None

    def alarm(self, text: str) -> None:
        """Log that a person must look at something; once for each message that says so."""
        self._log(Alarm(source=SERVICE, key=self.place, text=text))

    def pass_over(self, state: State, fault: str) -> None:
        """Say, unless others of its kind were told of just now, that the event counts for nothing.

        What is wrong with it is the same for every copy, and so is whether it is told.
        """
        nth = passed_over.count(state.faults, self.event.subject, self.now_ns)
        if nth:
            self._log(passed_over.alarm(SERVICE, self.place, (self.event.subject, fault), nth))

    def _log(self, alarm: Alarm) -> None:
        self.effects.append(Append(alarm))
