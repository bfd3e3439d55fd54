"""Records that are seldom needed again, packed small, found by any of their names (pure).

1. The newest lie packed one by one; older ones a block at a time, compressed together: records of
   one kind say nearly the same, so one takes some tens of bytes instead of a thousand.
2. The index takes eight bytes a name: half of it a hash, half the number of the block. The block
   has the names themselves, so a hash that two names share costs a look and no more.
3. What is taken out of a block is gone from it; put in again, it lies among the newest.
4. Time is whatever the caller counts it by; records must come in its order. Whole blocks are let
   go once all that is in them is too old.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from itertools import islice

import msgspec
from msgspec import Struct

from tandem.runtime.packing import squeezed, unsqueezed

PER_BLOCK = 128
MOST_IN_RUN = 131_072  # names; two of these are merged in some milliseconds
HASH_BYTES = 4
BLOCK_BITS = 32
BLOCK_MASK = (1 << BLOCK_BITS) - 1


class Item(Struct, frozen=True, array_like=True):
    """One packed record, its names and when it was put away."""

    names: tuple[str, ...]
    ns: int
    payload: bytes


class Block(Struct, array_like=True):
    """Compressed items, how many, and when the newest of them was put away."""

    newest_ns: int
    count: int
    packed: bytes


_pack = msgspec.msgpack.Encoder()
_unpack = msgspec.msgpack.Decoder(tuple[Item, ...])


class Archive(Struct):
    """Packed records. `fresh` by first name, `others` the further names of those.

    `runs`: sorted pieces of the index. `made` numbers the blocks.
    """

    fresh: dict[str, Item] = {}
    others: dict[str, str] = {}
    blocks: dict[int, Block] = {}
    runs: list[bytes] = []
    made: int = 0

    def __len__(self) -> int:
        return len(self.fresh) + sum(block.count for block in self.blocks.values())

    @property
    def size(self) -> int:
        """Return the bytes that blocks and index take."""
        return sum(len(one.packed) for one in self.blocks.values()) + sum(map(len, self.runs))

    def put(self, names: tuple[str, ...], ns: int, payload: bytes) -> None:
        """Put a record away under its names; it replaces one of the same first name."""
        self.take(names[0])
        self.fresh[names[0]] = Item(names, ns, payload)
        for name in names[1:]:
            self.others[name] = names[0]
        if len(self.fresh) >= 2 * PER_BLOCK:
            self._close_block()

    def peek(self, name: str) -> bytes | None:
        """Return a record by any of its names; None: it is not here."""
        item = self.fresh.get(self.others.get(name, name))
        if item is None:
            _, item = self._find(name)
        return item.payload if item is not None else None

    def payloads(self) -> Iterator[bytes]:
        """Yield every record, those put away first before the others."""
        for number in self.blocks:
            yield from (item.payload for item in self._items(number))
        yield from (item.payload for item in self.fresh.values())

    def take(self, name: str) -> bytes | None:
        """Return a record and let go of it."""
        first = self.others.get(name, name)
        item = self.fresh.pop(first, None)
        if item is not None:
            self._forget_others(item)
            return item.payload
        number, item = self._find(name)
        if item is None:
            return None
        self._write(number, [one for one in self._items(number) if one.names[0] != item.names[0]])
        return item.payload

    def expire(self, before_ns: int) -> None:
        """Let go of what was put away before a time; what shares a block goes with its newest."""
        while self.blocks:
            number = next(iter(self.blocks))
            if self.blocks[number].newest_ns >= before_ns:
                break
            del self.blocks[number]
        while not self.blocks and self.fresh:
            item = next(iter(self.fresh.values()))
            if item.ns >= before_ns:
                break
            del self.fresh[item.names[0]]
            self._forget_others(item)
        self._clear_runs()

    def keep_newest(self, most: int) -> None:
        """Let go of whole blocks while at least so many records are left without them."""
        count = len(self)
        for number in list(self.blocks):
            count -= self.blocks[number].count
            if count < most:
                break
            del self.blocks[number]
        self._clear_runs()

    def _forget_others(self, item: Item) -> None:
        for name in item.names[1:]:
            if self.others.get(name) == item.names[0]:
                del self.others[name]

    def _close_block(self) -> None:
        items = list(islice(self.fresh.values(), PER_BLOCK))
        for item in items:
            del self.fresh[item.names[0]]
            self._forget_others(item)
        self.made += 1
        self._write(self.made, items)
        entries = sorted(_hash(name) | self.made for item in items for name in item.names)
        self.runs.append(array("Q", entries).tobytes())
        self._merge_runs()

    def _merge_runs(self) -> None:
        """Keep runs few and long: each is at least as long as the one behind it, up to a limit."""
        while len(self.runs) > 1 and len(self.runs[-1]) >= len(self.runs[-2]) // 2:
            if len(self.runs[-1]) + len(self.runs[-2]) > MOST_IN_RUN * HASH_BYTES * 2:
                return
            last, before = self.runs.pop(), self.runs.pop()
            self.runs.append(array("Q", sorted([*_entries(before), *_entries(last)])).tobytes())

    def _clear_runs(self) -> None:
        """Leave out of the index what points to blocks that are gone, once that is much."""
        names = sum(len(run) for run in self.runs) // (HASH_BYTES * 2)
        oldest = next(iter(self.blocks), self.made + 1)
        if not names or (oldest <= self.made and names < 8 * PER_BLOCK * len(self.blocks)):
            return
        left = (array("Q", _from(run, oldest)).tobytes() for run in self.runs)
        self.runs = [run for run in left if run]

    def _find(self, name: str) -> tuple[int, Item | None]:
        """Return the newest block that has a name, and the record there."""
        for number in sorted(self._numbers(_hash(name)), reverse=True):
            for item in self._items(number):
                if name in item.names:
                    return number, item
        return 0, None

    def _numbers(self, hashed: int) -> set[int]:
        found = set()
        for run in self.runs:
            entries = _entries(run)
            place = bisect_left(entries, hashed)
            while place < len(entries) and entries[place] >> BLOCK_BITS == hashed >> BLOCK_BITS:
                found.add(entries[place] & BLOCK_MASK)
                place += 1
        return found

    def _items(self, number: int) -> tuple[Item, ...]:
        block = self.blocks.get(number)
        return _unpacked(block.packed) if block is not None else ()

    def _write(self, number: int, items: list[Item]) -> None:
        if items:
            newest_ns = max(item.ns for item in items)
            self.blocks[number] = Block(newest_ns, len(items), squeezed(_pack.encode(items)))
        else:
            del self.blocks[number]


@lru_cache(maxsize=8)
def _unpacked(packed: bytes) -> tuple[Item, ...]:
    """Unpack a block; what is looked for in a row lies in a few of them."""
    return _unpack.decode(unsqueezed(packed))


def _hash(name: str) -> int:
    digest = blake2b(name.encode(), digest_size=HASH_BYTES).digest()
    return int.from_bytes(digest) << BLOCK_BITS


def _entries(run: bytes) -> memoryview:
    return memoryview(run).cast("Q")


def _from(run: bytes, oldest: int) -> Iterator[int]:
    return (entry for entry in _entries(run) if entry & BLOCK_MASK >= oldest)
