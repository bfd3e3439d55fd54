"""What happened lately, kept in little space: bounded in age and in number (pure).

The newest lie as they are; older ones are pressed together a block at a time, for of a window of
ten minutes nothing is read unless a log was cut.
"""

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from tandem.runtime.packing import squeezed, unsqueezed

PER_BLOCK = 64

T = TypeVar("T")


class _Block(Struct, frozen=True):
    """`count` items, the last of which was kept at `newest_ns`."""

    newest_ns: int
    count: int
    packed: bytes


class Window(Generic[T]):
    """Items of one `kind`, in the order in which they were kept."""

    def __init__(self, kind: type[T], kept_ns: int, most: int) -> None:
        self._kept_ns = kept_ns
        self._most = most
        self._pack = msgspec.msgpack.Encoder()
        self._unpack = msgspec.msgpack.Decoder(list[tuple[int, kind]])  # type: ignore[valid-type]
        self._blocks: deque[_Block] = deque()
        self._newest: list[tuple[int, T]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def keep(self, now_ns: int, item: T) -> None:
        """Keep one more, and let go of what is too old or too many."""
        self._newest.append((now_ns, item))
        self._count += 1
        if len(self._newest) >= 2 * PER_BLOCK:
            self._close_block()
        while self._blocks and self._is_gone(self._blocks[0], now_ns):
            self._count -= self._blocks.popleft().count

    def since(self, oldest_ns: int) -> tuple[T, ...]:
        """Return what was kept at that time or later, oldest first, at most as many as allowed."""
        found = tuple(item for ns, item in self._all() if ns >= oldest_ns)
        return found[-self._most :]

    def clear(self) -> None:
        self._blocks.clear()
        self._newest.clear()
        self._count = 0

    def _is_gone(self, block: _Block, now_ns: int) -> bool:
        return now_ns - block.newest_ns > self._kept_ns or self._count - block.count >= self._most

    def _close_block(self) -> None:
        items, self._newest = self._newest[:PER_BLOCK], self._newest[PER_BLOCK:]
        packed = squeezed(self._pack.encode(items))
        self._blocks.append(_Block(max(ns for ns, _ in items), len(items), packed))

    def _all(self) -> Iterator[tuple[int, T]]:
        for block in self._blocks:
            yield from self._unpack.decode(unsqueezed(block.packed))
        yield from self._newest
