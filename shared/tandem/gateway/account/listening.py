"""For how long somebody could have been heard who was not (pure).

1. Time counts in small steps, while this process runs and has the bus. Neither a frozen process nor
   a bus that is away is anybody's silence: what was said meanwhile is still to be read.
2. A process that is slow at every step is deaf to nobody for ever: each counts as much as one look.
"""

from tandem.domain.units import NS_PER_MS

# A longer step is one in which this process did not run: nothing could be heard in it.
MOST_STEP_NS = 500 * NS_PER_MS
LOOK_NS = 50 * NS_PER_MS


class HearingTime:
    """A clock that stands still while nobody can be heard."""

    def __init__(self) -> None:
        self.now_ns = 0
        self._stepped_ns: int | None = None

    def step(self, mono_ns: int, *, is_hearing: bool) -> None:
        """Let time pass; `is_hearing`: the bus is there."""
        before_ns, self._stepped_ns = self._stepped_ns, mono_ns if is_hearing else None
        if before_ns is None or not is_hearing:
            return
        step_ns = max(0, mono_ns - before_ns)
        self.now_ns += LOOK_NS if step_ns > MOST_STEP_NS else step_ns
