"""How much of what the venue's stream tells this copy the log had already (pure).

With two copies that both hear, about half of each one's facts come second; a copy whose share is
zero while others listen hears alone.
"""

from collections import deque
from dataclasses import dataclass, field

WINDOW_NS = 60_000_000_000
SLOT_NS = 1_000_000_000


@dataclass(slots=True)
class _Slot:
    begun_ns: int
    told: int = 0
    repeated: int = 0


@dataclass(slots=True)
class Repeats:
    """Counts over the last minute, in slots of a second."""

    slots: deque[_Slot] = field(default_factory=deque)

    def count(self, mono_ns: int, *, is_repeat: bool) -> None:
        self._forget(mono_ns)
        if not self.slots or mono_ns - self.slots[-1].begun_ns >= SLOT_NS:
            self.slots.append(_Slot(mono_ns))
        self.slots[-1].told += 1
        self.slots[-1].repeated += is_repeat

    def share(self, mono_ns: int) -> float:
        """Return the share of repeats; 0 when nothing was told."""
        self._forget(mono_ns)
        told = sum(slot.told for slot in self.slots)
        return sum(slot.repeated for slot in self.slots) / told if told else 0.0

    def told(self, mono_ns: int) -> int:
        self._forget(mono_ns)
        return sum(slot.told for slot in self.slots)

    def _forget(self, mono_ns: int) -> None:
        while self.slots and mono_ns - self.slots[0].begun_ns > WINDOW_NS:
            self.slots.popleft()
