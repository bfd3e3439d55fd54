"""When to speak of what goes on failing: at once, ever more rarely, and when it is over (pure).

A frozen server fails every append and every read for as long as it lasts; a line for each says no
more than the first, and hides what else is said.
"""

from dataclasses import dataclass

from tandem.domain.units import NS_PER_MS

FIRST_GAP_NS = 1_000_000_000
MOST_GAP_NS = 60_000_000_000
# A spell is over once nothing has failed for so long: retries come at most 2 s apart.
QUIET_NS = 5_000_000_000


@dataclass(frozen=True, slots=True)
class Told:
    """How often something failed in a spell, and for how long."""

    count: int
    lasted_ms: int


class Spell:
    """One kind of failure of one component."""

    def __init__(self) -> None:
        self._count = 0
        self._began_ns = self._failed_ns = self._speak_ns = 0
        self._gap_ns = FIRST_GAP_NS

    def failed(self, mono_ns: int, count: int = 1) -> int:
        """Count failures; return how many there were in this spell where it is time to speak."""
        if not self._count:
            self._began_ns = self._speak_ns = mono_ns
            self._gap_ns = FIRST_GAP_NS
        self._count += count
        self._failed_ns = mono_ns
        if mono_ns < self._speak_ns:
            return 0
        self._speak_ns = mono_ns + self._gap_ns
        self._gap_ns = min(2 * self._gap_ns, MOST_GAP_NS)
        return self._count

    def ended(self, mono_ns: int, quiet_ns: int = QUIET_NS) -> Told | None:
        """Return what there is to say of a spell that is over; None while none is."""
        if not self._count or mono_ns - self._failed_ns < quiet_ns:
            return None
        told = Told(self._count, (self._failed_ns - self._began_ns) // NS_PER_MS)
        self._count = 0
        return told
