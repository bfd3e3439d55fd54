"""What a venue says on which channel, and what it keeps to itself for a while.

1. What is held back comes out in the order in which it falls due, each item once.
2. A silence that is set again ends at the later of both ends.
"""

from enum import StrEnum
from heapq import heappop, heappush
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")


class Channel(StrEnum):
    """Kinds of sockets: accounts' events, market data, requests."""

    USER = "user"
    MARKET = "market"
    ORDER = "order"


class Silences:
    """Which channels say nothing, and until when."""

    def __init__(self) -> None:
        self._until_ns: dict[Channel, int] = {}

    def begin(self, channel: Channel, until_ns: int) -> None:
        self._until_ns[channel] = max(until_ns, self._until_ns.get(channel, 0))

    def end(self) -> None:
        self._until_ns.clear()

    def holds(self, channel: Channel, now_ns: int) -> bool:
        until_ns = self._until_ns.get(channel)
        return until_ns is not None and now_ns < until_ns

    @property
    def were_begun(self) -> bool:
        """Whether there was any silence since the last end; cheap to ask."""
        return bool(self._until_ns)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Return the channels that were silenced since the last end."""
        return tuple(self._until_ns)


class HeldBack(Generic[ItemT]):
    """Things to be told later."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, ItemT]] = []
        self._count = 0

    def add(self, due_ns: int, item: ItemT) -> None:
        self._count += 1
        heappush(self._waiting, (due_ns, self._count, item))

    def take_due(self, now_ns: int) -> list[ItemT]:
        """Return what is due, oldest due time first."""
        due: list[ItemT] = []
        while self._waiting and self._waiting[0][0] <= now_ns:
            due.append(heappop(self._waiting)[2])
        return due
