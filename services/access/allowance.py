"""How much of something a strategy may still have at a given time (pure).

1. What is granted within any span never exceeds the burst plus the rate times the span.
2. A refusal says how many were asked for within the last second and what the limit is.
"""

from dataclasses import dataclass, field

from services.access.config import FairUse
from tandem.messages.access import CallRefused

NS = 1_000_000_000
MINUTE_S, DAY_S = 60, 86_400
BURST_S = 5
HEARTBEATS_PER_S = 50  # of some twenty clients; each says twice a second that it lives
PAGES_BURST_S = 10  # of a client that has just connected: a page of each kind and account
OPENINGS_BURST_S = 16  # all readers at once, when a copy of this service has ended


@dataclass(slots=True)
class Allowance:
    """So many within `period_s`, and so many at once.

    Room is counted in nanoseconds of the limit's own time, so that nothing is rounded.
    """

    what: str
    most: int
    period_s: int
    burst: int
    _room: int = field(init=False)
    _at_ns: int = 0
    _asked_ns: int = 0
    _asked: int = 0

    def __post_init__(self) -> None:
        self._room = self.burst * self._cost

    @property
    def _cost(self) -> int:
        return self.period_s * NS

    def take(self, now_ns: int) -> CallRefused | None:
        """Grant one, or say by name why not."""
        refused = self.exhausted(now_ns)
        if refused is None:
            self._room -= self._cost
        return refused

    def exhausted(self, now_ns: int) -> CallRefused | None:
        """Say by name why none is left, or None; nothing is taken."""
        self._count(now_ns)
        self._refill(now_ns)
        if self._room >= self._cost:
            return None
        span = "a second" if self.period_s == 1 else f"in {self.period_s} s"
        return CallRefused(
            field=self.what,
            value=f"{self._asked} within a second",
            rule=f"at most {self.most} {span}, {self.burst} at once",
            retryable=True,
        )

    def spend(self, now_ns: int, count: int = 1) -> None:
        """Take so many whether there is room or not: what was taken too much is waited for."""
        self._refill(now_ns)
        self._room -= count * self._cost

    def wait_s(self, now_ns: int) -> float:
        """Return how long until there is room again; 0 when there is."""
        self._refill(now_ns)
        return max(0, -self._room) / (self.most * NS)

    def _count(self, now_ns: int) -> None:
        if now_ns - self._asked_ns >= NS:
            self._asked_ns, self._asked = now_ns, 0
        self._asked += 1

    def _refill(self, now_ns: int) -> None:
        since_ns = max(0, now_ns - self._at_ns)
        self._room = min(self.burst * self._cost, self._room + since_ns * self.most)
        self._at_ns = now_ns


@dataclass(slots=True)
class Allowances:
    """What one strategy may still ask for."""

    calls: Allowance
    bytes_read: Allowance
    intents: Allowance
    daily: Allowance
    lookups: Allowance
    openings: Allowance
    pages: Allowance
    histories: Allowance
    venue_asks: Allowance
    epochs: Allowance
    daily_epochs: Allowance
    heartbeats: Allowance

    @classmethod
    def of(cls, fair: FairUse) -> "Allowances":
        def a_second(what: str, most: int, burst_s: int = BURST_S) -> Allowance:
            return Allowance(what, most, 1, burst_s * most)

        asks, epochs = fair.venue_asks_per_min, fair.epochs_per_min
        day, epochs_day = fair.intents_per_day, fair.epochs_per_day
        return cls(
            calls=a_second("calls", fair.calls_per_s, 1),
            bytes_read=a_second("bytes", fair.bytes_per_s, 1),
            intents=Allowance("intents", fair.intents_per_s, 1, fair.intents_burst),
            daily=Allowance("intents_a_day", day, DAY_S, max(1, day // 2)),
            lookups=a_second("lookups", fair.lookups_per_s),
            openings=a_second("openings", fair.openings_per_s, OPENINGS_BURST_S),
            pages=a_second("pages", fair.pages_per_s, PAGES_BURST_S),
            histories=a_second("histories", fair.histories_per_s),
            venue_asks=Allowance("venue_asks", asks, MINUTE_S, asks),
            epochs=Allowance("epochs", epochs, MINUTE_S, epochs),
            daily_epochs=Allowance("epochs_a_day", epochs_day, DAY_S, epochs_day),
            heartbeats=a_second("heartbeats", HEARTBEATS_PER_S),
        )

    def take_intent(self, now_ns: int) -> CallRefused | None:
        """Grant an intent, within the second's share and the day's: the log keeps each of them."""
        return self.intents.take(now_ns) or self.daily.take(now_ns)

    def epochs_exhausted(self, now_ns: int) -> CallRefused | None:
        """Tell why no epoch may be asked for; only those that are begun are counted."""
        return self.epochs.exhausted(now_ns) or self.daily_epochs.exhausted(now_ns)

    def epoch_begun(self, now_ns: int) -> None:
        self.epochs.spend(now_ns)
        self.daily_epochs.spend(now_ns)

    def read_on(self, now_ns: int) -> float:
        """Count one more opening, of a reading that goes on; return how long to wait with it."""
        self.openings.spend(now_ns)
        return self.openings.wait_s(now_ns)

    def take_call(self, now_ns: int) -> None:
        """Count a call that was read, whatever it is."""
        self.calls.spend(now_ns)

    def pause_s(self, now_ns: int, count: int) -> float:
        """Count what was read of the wire; return how long to read no more."""
        self.bytes_read.spend(now_ns, count)
        return max(self.calls.wait_s(now_ns), self.bytes_read.wait_s(now_ns))


@dataclass(slots=True)
class OpenCalls:
    """How many calls have no answer yet, by what they ask for."""

    counts: dict[str, int] = field(default_factory=dict)

    def enter(self, what: str, most: int) -> CallRefused | None:
        """Count one more, or say by name why not."""
        count = self.counts.get(what, 0)
        if count >= most:
            rule = f"at most {most} unanswered at once"
            return CallRefused(field=what, value=str(count + 1), rule=rule, retryable=True)
        self.counts[what] = count + 1
        return None

    def leave(self, what: str) -> None:
        self.counts[what] -= 1
