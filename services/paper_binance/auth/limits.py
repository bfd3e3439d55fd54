"""Who may send how much: request weight per address, new orders per account.

Windows are aligned to the clock, as the venue's counters are (Binance docs, general info, limits).

    1. A count never falls inside its window and is 0 at the start of the next.
    2. A refused order does not count as an order; a refused request does weigh.
"""

from typing import NewType

import msgspec

from services.paper_binance.wire.errors import BannedError, Code, VenueError

Address = NewType("Address", str)

SECOND_MS = 1_000
MINUTE_MS = 60_000
BAN_AFTER_REFUSALS = 50
FIRST_BAN_MS = 120_000


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The limits that the venue announces in its exchange information."""

    weight_1m: int = 2_400
    orders_10s: int = 300
    orders_1m: int = 1_200


class RateLimit(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One limit as the venue reports it; `count` only in WebSocket API answers."""

    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int
    count: int | None = None


class Window:
    """A counter that starts anew with each aligned interval."""

    def __init__(self, length_ms: int) -> None:
        self._length_ms = length_ms
        self._index = -1
        self._count = 0

    def count(self, now_ms: int) -> int:
        index = now_ms // self._length_ms
        if index != self._index:
            self._index, self._count = index, 0
        return self._count

    def add(self, amount: int, now_ms: int) -> int:
        self._count = self.count(now_ms) + amount
        return self._count


class OrderCounts:
    """One account's new orders in the last windows."""

    def __init__(self, settings: LimitSettings) -> None:
        self.settings = settings
        self.ten_seconds = Window(10 * SECOND_MS)
        self.minute = Window(MINUTE_MS)

    def charge(self, ten_seconds_cost: int, minute_cost: int, now_ms: int) -> None:
        """Count new orders, or refuse them all."""
        settings = self.settings
        if self.ten_seconds.count(now_ms) + ten_seconds_cost > settings.orders_10s:
            raise VenueError(Code.TOO_MANY_ORDERS, settings.orders_10s, "10 SECOND")
        if self.minute.count(now_ms) + minute_cost > settings.orders_1m:
            raise VenueError(Code.TOO_MANY_ORDERS, settings.orders_1m, "1 MINUTE")
        self.ten_seconds.add(ten_seconds_cost, now_ms)
        self.minute.add(minute_cost, now_ms)


class AddressWeight:
    """One address's request weight, and its ban when it does not back off."""

    def __init__(self) -> None:
        self.minute = Window(MINUTE_MS)
        self._refusals = 0
        self._banned_until_ms = 0
        self._ban_ms = FIRST_BAN_MS

    def ban(self, until_ms: int) -> None:
        """Refuse the address until then, whatever it asks for."""
        self._banned_until_ms = max(self._banned_until_ms, until_ms)

    def charge(self, weight: int, limit: int, now_ms: int) -> int:
        """Add weight and return the sum; refuse over the limit, ban who goes on regardless."""
        if now_ms < self._banned_until_ms:
            raise BannedError(self._banned_until_ms)
        used = self.minute.add(weight, now_ms)
        if used <= limit:
            self._refusals = 0
            return used
        self._refusals += 1
        if self._refusals > BAN_AFTER_REFUSALS:
            self._banned_until_ms = now_ms + self._ban_ms
            self._ban_ms *= 2
            raise BannedError(self._banned_until_ms)
        raise VenueError(Code.TOO_MANY_REQUESTS, limit)


def announced(settings: LimitSettings) -> tuple[RateLimit, ...]:
    """Return the limits as exchange information lists them."""
    return (
        RateLimit("REQUEST_WEIGHT", "MINUTE", 1, settings.weight_1m),
        RateLimit("ORDERS", "MINUTE", 1, settings.orders_1m),
        RateLimit("ORDERS", "SECOND", 10, settings.orders_10s),
    )
