"""What was logged and not proven by reading: a bus that comes back may have lost it (pure).

1. A reader whose place in the log still holds proves everything up to it. What we stored up to
   there is safe.
2. What the log had already has a place that we are not told. It lies before anything that we
   appended after that answer: once such a fact of ours was read, it is safe too.
"""

from collections import deque
from typing import Generic, TypeVar

from msgspec import Struct

ItemT = TypeVar("ItemT")


class _Answered(Struct, Generic[ItemT], frozen=True):
    """The `place`-th answer; `seq` is 0 where not told, `asked_at`: answers before it was asked."""

    place: int
    seq: int
    asked_at: int
    item: ItemT


class Unread(Generic[ItemT]):
    """What may be lost, in the order of the answers."""

    def __init__(self) -> None:
        self._answers = 0
        self._stored: deque[_Answered[ItemT]] = deque()
        self._already: deque[_Answered[ItemT]] = deque()

    def __len__(self) -> int:
        return len(self._stored) + len(self._already)

    @property
    def items(self) -> tuple[ItemT, ...]:
        both = sorted((*self._stored, *self._already), key=lambda one: one.place)
        return tuple(one.item for one in both)

    def ask(self) -> int:
        """Return what `answered` is to be told of an append that is made now."""
        return self._answers

    def answered(self, item: ItemT, seq: int, asked_at: int) -> None:
        """The log holds it: stored at `seq`, or before (0)."""
        self._answers += 1
        one = _Answered(self._answers, seq, asked_at, item)
        (self._stored if seq else self._already).append(one)

    def read(self, seq: int) -> None:
        """The log was read up to a place."""
        proven = 0
        while self._stored and self._stored[0].seq <= seq:
            proven = max(proven, self._stored.popleft().asked_at)
        while self._already and self._already[0].place <= proven:
            self._already.popleft()

    def clear(self) -> None:
        """All of it is asked for anew."""
        self._stored.clear()
        self._already.clear()
