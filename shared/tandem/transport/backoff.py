"""How long to wait before the next try: doubling from the first delay to the longest (pure)."""

import zlib
from dataclasses import dataclass

MAX_DOUBLINGS = 32
SPREAD_PERCENT = 25


@dataclass(frozen=True, slots=True)
class Backoff:
    """`name` spreads copies apart: each delay is shortened by up to a quarter, by its hash."""

    name: str
    first_ms: int = 100
    most_ms: int = 10_000

    def delay_ms(self, tries: int) -> int:
        """Return the wait after `tries` failures in a row; 0 when there was none."""
        if tries <= 0:
            return 0
        full = min(self.most_ms, self.first_ms << min(tries - 1, MAX_DOUBLINGS))
        spread = zlib.crc32(f"{self.name}:{tries}".encode()) % (SPREAD_PERCENT + 1)
        return full - full * spread // 100
