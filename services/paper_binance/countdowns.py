"""The dead man's switch: cancels a symbol's orders unless it is armed again in time.

1. An account has at most one countdown per symbol; each call replaces it, 0 disarms it.
"""

import msgspec

from services.paper_exchange.orders import AccountId


class Countdown(msgspec.Struct, frozen=True):
    """Whose orders of which symbol are cancelled."""

    account_id: AccountId
    symbol: str


class Countdowns:
    """All armed countdowns."""

    def __init__(self) -> None:
        self._due_ms: dict[Countdown, int] = {}

    def arm(self, countdown: Countdown, length_ms: int, now_ms: int) -> None:
        if length_ms == 0:
            self._due_ms.pop(countdown, None)
        else:
            self._due_ms[countdown] = now_ms + length_ms

    def fire(self, now_ms: int) -> tuple[Countdown, ...]:
        """Return and forget the countdowns that have run out."""
        due = tuple(countdown for countdown, due in self._due_ms.items() if due <= now_ms)
        for countdown in due:
            del self._due_ms[countdown]
        return due

    @property
    def is_armed(self) -> bool:
        return bool(self._due_ms)
