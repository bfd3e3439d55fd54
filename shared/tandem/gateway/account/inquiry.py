"""How soon the venue is asked again after what it told does not fit what is known (pure).

The first time at once; while more of it comes, ever more slowly: a stream of garbage must not use
up the requests that cancels and hedges live on.
"""

from typing import Final

FIRST_PAUSE_NS: Final = 2_000_000_000
MOST_PAUSE_NS: Final = 10_000_000_000
QUIET_NS: Final = 60_000_000_000


class Inquiry:
    """When the venue was last asked, and how long the next time waits."""

    def __init__(self, most_pause_ns: int = MOST_PAUSE_NS) -> None:
        self._most_pause_ns = most_pause_ns
        self._pause_ns = 0
        self._asked_ns: int | None = None
        self._is_due = False

    def wait_ns(self, mono_ns: int) -> int | None:
        """Return how long to wait before asking; None: that is already waited for."""
        if self._is_due:
            return None
        if self._asked_ns is None or mono_ns - self._asked_ns > QUIET_NS:
            self._pause_ns = 0
        self._is_due = True
        return max(0, (self._asked_ns or 0) + self._pause_ns - mono_ns)

    def asked(self, mono_ns: int) -> None:
        """It is asked for now."""
        self._is_due = False
        self._asked_ns = mono_ns
        self._pause_ns = min(max(FIRST_PAUSE_NS, 2 * self._pause_ns), self._most_pause_ns)
