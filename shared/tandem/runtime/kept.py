"""What a producer logged lately, kept so that it can be offered again (pure).

A server that lost its newest messages gets them anew, under the same identities; one that lost
none refuses them all. What is older than the time kept is found at the venues.
"""

from collections import deque
from collections.abc import Iterator

KEPT_NS = 600_000_000_000
MOST_KEPT = 50_000


class Kept:
    """Subjects and payloads in the order in which they were logged, bounded in age and number."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, str, bytes]] = deque(maxlen=MOST_KEPT)

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """Go over them, oldest first, as they are now."""
        return iter([(subject, payload) for _, subject, payload in self._kept])

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, now_ns: int, subject: str, payload: bytes) -> None:
        """Keep one that is logged now, and let go of what is too old."""
        while self._kept and now_ns - self._kept[0][0] > KEPT_NS:
            self._kept.popleft()
        self._kept.append((now_ns, subject, payload))
