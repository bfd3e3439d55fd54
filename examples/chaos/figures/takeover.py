"""How long an account had no sender after the one that sent was killed or stood still."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from examples.chaos.figures.gauges import Gauges
from examples.walkthrough.venue_books import Request
from tandem.cli.stack import Child, LocalStack
from tandem.domain.units import NS_PER_MS, NS_PER_S
from tandem.runtime.clock import Clock

POLL_S = 0.05
POLL_NS = 50_000_000


@dataclass(frozen=True, slots=True)
class Struck:
    """A process that sent for its account when a blow fell on it."""

    service: str
    kind: str
    pid: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class Takeover:
    """When another process was seen to send instead.

    `has_standby`: another copy was ready all the while. Without one, whoever starts first sends.
    """

    struck: Struck
    gained_ns: int
    has_standby: bool

    @property
    def lease_ms(self) -> int:
        return (self.gained_ns - self.struck.at_ns) // NS_PER_MS


@dataclass(slots=True)
class Takeovers:
    """Watches the copies of each gateway."""

    stack: LocalStack
    gauges: Gauges
    clock: Clock
    is_ready: Callable[[Child], bool]
    seen: list[Takeover] = field(default_factory=list)

    async def sender_of(self, service: str) -> Child | None:
        """Return the copy that sends now, or None when none says so."""
        for child in self.copies(service):
            if await self.gauges.sends(child):
                return child
        return None

    def copies(self, service: str) -> list[Child]:
        return [child for child in self.stack.children.values() if child.name.startswith(service)]

    async def watch(self, struck: Struck, within_s: float) -> None:
        """Wait until another process sends for the account of one that was struck."""
        deadline_ns = struck.at_ns + int(within_s * NS_PER_S)
        has_standby = True
        while self.clock.monotonic_ns() < deadline_ns:
            others = [one for one in self.copies(struck.service) if one.pid != struck.pid]
            for child in others:
                if await self.gauges.sends(child):
                    gained_ns = self.clock.monotonic_ns() - POLL_NS
                    self.seen.append(Takeover(struck, gained_ns, has_standby))
                    return
            has_standby = has_standby and any(self.is_ready(child) for child in others)
            await self.clock.sleep(POLL_S)


def sends_again_ms(takeover: Takeover, requests: Sequence[Request]) -> int | None:
    """Return how long after the blow the venue parsed the next order, None when none came."""
    later = (one.mono_parsed_ns for one in requests if one.mono_parsed_ns >= takeover.gained_ns)
    first = min(later, default=None)
    return None if first is None else (first - takeover.struck.at_ns) // NS_PER_MS
