"""What time it is at the venue, as told by our monotonic clock, and the stamps of requests (pure).

1. Wall clocks are never compared: each foreign clock is monotonic time plus a measured offset.
2. The venue's time has an error bound: half the round trip, the grain of the venue's clock, and
   what our own clock may have drifted since.
"""

from collections import deque
from dataclasses import dataclass

from tandem.domain.units import NS_PER_MS
from tandem.gateway.port.requests import Stamp

GRAIN_NS = NS_PER_MS
MAX_AGE_NS = 60_000 * NS_PER_MS
MAX_ERROR_NS = 100 * NS_PER_MS
SAMPLES_KEPT = 8
TERMS = 8
DRIFT_PER_NS = 10_000  # one part in ten thousand: far worse than a machine's clock


@dataclass(frozen=True, slots=True)
class _Sample:
    offset_ns: int
    error_ns: int
    mono_ns: int

    def error_at(self, mono_ns: int) -> int:
        return self.error_ns + (mono_ns - self.mono_ns) // DRIFT_PER_NS

    def contradicts(self, older: "_Sample") -> bool:
        """Tell whether no clock that runs on could have given both."""
        apart_ns = abs(self.offset_ns - older.offset_ns)
        return apart_ns > self.error_ns + older.error_at(self.mono_ns)


class VenueClock:
    """The venue's clock by its answers: of the recent samples, the one with the least error.

    It is read several times for each order, so the choice is made when an answer comes. A sample
    that contradicts the best one says that the venue's clock was set: older ones are forgotten.
    """

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque(maxlen=SAMPLES_KEPT)
        self._best: _Sample | None = None

    def observe(self, venue_ms: int, sent_ns: int, recv_ns: int) -> None:
        """Take one answer: the venue's time, and when we asked and heard (monotonic)."""
        middle = (sent_ns + recv_ns) // 2
        error = (recv_ns - sent_ns) // 2 + GRAIN_NS
        sample = _Sample(venue_ms * NS_PER_MS - middle, error, recv_ns)
        if self._best is not None and sample.contradicts(self._best):
            self._samples.clear()
        self._samples.append(sample)
        fresh = [one for one in self._samples if recv_ns - one.mono_ns <= MAX_AGE_NS]
        self._best = min(fresh, key=lambda one: one.error_at(recv_ns))

    @property
    def measured_ns(self) -> int:
        """When the venue last told its time, by our monotonic clock; 0 before the first answer."""
        return self._samples[-1].mono_ns if self._samples else 0

    def forget(self) -> None:
        """Trust no sample any more: the venue said that our time is wrong."""
        self._samples.clear()
        self._best = None

    def doubt(self, mono_ns: int) -> str:
        """Return why nothing may be sent by this clock, or the empty text."""
        best = self._best
        if best is None or mono_ns - best.mono_ns > MAX_AGE_NS:
            return "the venue's time was not measured within 60 s"
        error_ns = best.error_at(mono_ns)
        if error_ns > MAX_ERROR_NS:
            return f"the venue's time is only known to {error_ns // NS_PER_MS} ms"
        return ""

    def now_ms(self, mono_ns: int) -> int:
        """Return the venue's time; 0 while it was never measured."""
        best = self._best
        return (mono_ns + best.offset_ns) // NS_PER_MS if best else 0

    def error_ms(self, mono_ns: int) -> int:
        best = self._best
        return -(-best.error_at(mono_ns) // NS_PER_MS) if best else MAX_ERROR_NS // NS_PER_MS


@dataclass(slots=True)
class Stamps:
    """Makes the stamp of each request: calls count up, nonces strictly increase.

    Two requests bear one nonce only where one of them is there to use it up (a kill):

    1. A nonce leaves the remainder term / TERMS, so that the nonces of a sender and of those that
       take over from it differ whatever their clocks say. Terms that share a remainder are TERMS
       takeovers apart, or more where a store that lost its record counts a term anew: so nonces
       must not run ahead of the venue's time for long.
    2. Only actions take a nonce. Questions are asked by the thousand, and before the venue's clock
       is known they are stamped by the machine's, which may show anything: nonces that began there
       were ahead of the venue's time for as long as the clock was wrong, in the way of every
       successor that signs with the same key.
    3. Whoever takes over begins past what its predecessor may have used (`pass_over`): a venue
       that keeps the highest hundred nonces takes none below them.
    """

    window_ms: int
    term: int = 0
    calls: int = 0
    last_nonce: int = 0

    def ask(self, venue_ms: int) -> Stamp:
        """Stamp a question."""
        self.calls += 1
        return Stamp(self.calls, venue_ms, 0, self.window_ms)

    def pass_over(self, nonce: int) -> None:
        """Use no nonce up to this one."""
        self.last_nonce = max(self.last_nonce, nonce)

    def make(self, venue_ms: int) -> Stamp:
        """Stamp an action."""
        self.calls += 1
        least = max(self.last_nonce + 1, venue_ms)
        self.last_nonce = least + (self.term - least) % TERMS
        return Stamp(self.calls, venue_ms, self.last_nonce, self.window_ms, self.term)
