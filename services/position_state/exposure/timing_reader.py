"""Which timings of a fold are new to whoever measures them (pure).

A copy that is made anew counts its whole log again: of timings that were not looked at before,
nothing is new.
"""

from services.position_state.exposure.state import Timings


class TimingReader:
    """Knows up to where the timings were read."""

    def __init__(self) -> None:
        self._timings: Timings | None = None
        self._seen = 0

    def read(self, timings: Timings) -> list[int]:
        """Return what was added since the last time, as far as it is kept."""
        added = timings.count - self._seen if timings is self._timings else 0
        self._timings, self._seen = timings, timings.count
        return timings.newest_ns[-added:] if added > 0 else []
