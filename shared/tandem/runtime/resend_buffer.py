"""What a producer logged lately, kept so that it can be offered again (pure).

A server that lost its newest messages gets them anew, under the same identities; one that lost
none refuses them all. What is older than the time kept is found at the venues.
"""

from tandem.runtime.window import Window

KEPT_S = 600
KEPT_NS = KEPT_S * 1_000_000_000
MOST_KEPT = 50_000


class Kept:
    """Subjects and payloads in the order in which they were logged, bounded in age and number."""

    def __init__(self, kept_ns: int = KEPT_NS) -> None:
        self._kept_ns = kept_ns
        self._kept: Window[tuple[str, bytes]] = Window(tuple[str, bytes], kept_ns, MOST_KEPT)

    def __len__(self) -> int:
        return len(self._kept)

    def since(self, now_ns: int) -> tuple[tuple[str, bytes], ...]:
        """Return what is not too old now, oldest first."""
        return self._kept.since(now_ns - self._kept_ns)

    def keep(self, now_ns: int, subject: str, payload: bytes) -> None:
        """Keep one that is logged now, and let go of what is too old."""
        self._kept.keep(now_ns, (subject, payload))
