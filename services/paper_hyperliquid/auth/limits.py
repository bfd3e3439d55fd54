"""How much an address and a connection may still ask for (Hyperliquid docs, rate limits).

1. An address may send `free + 1 per US dollar traded` actions; after that one every ten seconds.
   Cancels have more room: min(cap + 100,000, 2 cap).
2. A window counts at most its maximum within any fixed minute.
"""

from collections.abc import Iterator
from copy import copy
from decimal import Decimal
from typing import Final

from msgspec import Struct

from services.paper_exchange.engine.state_journal import Entry, StateJournal
from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.wire.errors import RequestError, too_many_requests
from services.paper_hyperliquid.wire.schemas import (
    BatchModifyAction,
    CancelAction,
    CancelByCloidAction,
    L1Action,
    OrderAction,
    UserSignedAction,
)

MINUTE_MS: Final = 60_000
CANCEL_EXTRA: Final = 100_000
ORDERS_PER_WEIGHT: Final = 40
_CENT: Final = Decimal("0.01")


class Window:
    """A count that starts again every minute."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._minute = -1
        self._used = 0

    def take(self, weight: int, now_ms: int) -> bool:
        """Use up weight; False when the minute has no room for it."""
        minute = now_ms // MINUTE_MS
        if minute != self._minute:
            self._minute, self._used = minute, 0
        if self._used + weight > self._maximum:
            return False
        self._used += weight
        return True


class Usage(Struct):
    """What one address has sent and bought."""

    sent: int = 0
    reserved: int = 0
    last_ms: int = -(10**15)


class UsageEntry(Entry, frozen=True):
    """What one address has sent and bought, in the journal."""

    address: str
    usage: Usage


def action_count(action: L1Action | UserSignedAction) -> int:
    """Return how many requests of the address an action is: a batch of n counts n."""
    match action:
        case OrderAction():
            return max(1, len(action.orders))
        case CancelAction() | CancelByCloidAction():
            return max(1, len(action.cancels))
        case BatchModifyAction():
            return max(1, len(action.modifies))
        case _:
            return 1


def action_weight(action: L1Action | UserSignedAction) -> int:
    """Return the weight of an action for the sender's IP."""
    return 1 + action_count(action) // ORDERS_PER_WEIGHT


class AddressBudget:
    """Every address's use of its budget; `is_spent` makes the next action find it used up."""

    def __init__(self, settings: Settings, journal: StateJournal | None = None) -> None:
        self._journal = journal or StateJournal()
        self._journal.keep(UsageEntry, self._restore, self._entries)
        self._settings = settings
        self._usage: dict[str, Usage] = {}
        self.is_spent = False

    def usage(self, address: str) -> Usage:
        return self._usage.setdefault(address, Usage())

    def cap(self, address: str, volume: Decimal) -> int:
        """Return how many actions the address may send in all."""
        return self._settings.address_free_requests + int(volume) + self.usage(address).reserved

    def take(
        self, address: str, action: L1Action | UserSignedAction, volume: Decimal, now_ms: int
    ) -> None:
        """Count an action, or raise RequestError when the budget is spent."""
        usage = self.usage(address)
        cap = self.cap(address, volume)
        if isinstance(action, CancelAction | CancelByCloidAction):
            cap = min(cap + CANCEL_EXTRA, 2 * cap)
        sent = usage.sent + action_count(action)
        is_throttled = now_ms - usage.last_ms < self._settings.address_retry_ms
        is_over = self._settings.address_limits and sent > cap and is_throttled
        if self.is_spent or is_over:
            sent = max(sent, cap + 1)
            raise RequestError(too_many_requests(sent, cap, str(volume.quantize(_CENT))))
        usage.sent = sent
        usage.last_ms = now_ms
        self._note(address)

    def charge(self, address: str, count: int) -> None:
        """Count requests that did nothing, such as stale ones."""
        self.usage(address).sent += count
        self._note(address)

    def reserve(self, address: str, weight: int) -> None:
        """Add bought room."""
        self.usage(address).reserved += weight
        self._note(address)

    def _note(self, address: str) -> None:
        self._journal.note(UsageEntry(address, copy(self._usage[address])))

    def _entries(self) -> Iterator[UsageEntry]:
        return (UsageEntry(address, usage) for address, usage in self._usage.items())

    def _restore(self, entry: UsageEntry) -> None:
        self._usage[entry.address] = entry.usage
