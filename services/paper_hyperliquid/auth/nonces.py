"""Whether a signer's nonce is admitted.

1. Only the highest `KEPT_COUNT` nonces of a signer are kept; once full, a new one must exceed
   the smallest kept (Hyperliquid docs, Nonces and API wallets).
2. A nonce lies strictly inside (now - 2 days, now + 1 day), each end moved in by `margin_ms`.
3. A value seen before is a duplicate, whether or not it is still among the kept ones.
4. A refused nonce leaves the set as it was.
"""

from bisect import insort
from dataclasses import dataclass, field
from typing import Final

KEPT_COUNT: Final = 100
DAY_MS: Final = 86_400_000
# Seen values stay known for as long as the window could admit them, up to this many.
SEEN_COUNT_MAX: Final = 200_000


@dataclass(slots=True)
class NonceSet:
    """The nonces of one signer."""

    margin_ms: int = 0
    _kept: list[int] = field(default_factory=list)
    _seen: dict[int, None] = field(default_factory=dict)

    @property
    def kept(self) -> tuple[int, ...]:
        """Return the highest nonces; whatever is below them all is refused."""
        return tuple(self._kept)

    def take(self, nonce: int) -> None:
        """Take a nonce that was admitted before; again, it changes nothing."""
        if nonce not in self._seen:
            self._take(nonce)

    def admit(self, nonce: int, now_ms: int) -> str | None:
        """Take the nonce and return None, or return the venue's refusal."""
        refusal = self._refusal(nonce, now_ms)
        if refusal is None:
            self._take(nonce)
        return refusal

    def _refusal(self, nonce: int, now_ms: int) -> str | None:
        if nonce in self._seen:
            return f"Invalid nonce: duplicate nonce {nonce}"
        floor = max(self._window_floor(now_ms), self._kept_floor())
        if nonce <= floor:
            return f"Invalid nonce: nonce too low {nonce} < {floor + 1}"
        ceiling = now_ms + DAY_MS - self.margin_ms
        if nonce >= ceiling:
            return f"Invalid nonce: nonce too high {nonce} > {ceiling - 1}"
        return None

    def _window_floor(self, now_ms: int) -> int:
        return now_ms - 2 * DAY_MS + self.margin_ms

    def _kept_floor(self) -> int:
        return self._kept[0] if len(self._kept) == KEPT_COUNT else -1

    def _take(self, nonce: int) -> None:
        insort(self._kept, nonce)
        if len(self._kept) > KEPT_COUNT:
            del self._kept[0]
        self._seen[nonce] = None
        if len(self._seen) > SEEN_COUNT_MAX:
            del self._seen[next(iter(self._seen))]
