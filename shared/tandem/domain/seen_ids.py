"""Which ids count already: the newest as they are, the others as eight bytes each (pure).

An order of thousands of fills must count each once, however late it is told again, and need not
remember all their names for that. Two of a million ids are alike by chance in one of ten million
such orders; the later one's quantity then still comes with the order's cumulative.
"""

from array import array
from bisect import bisect_left
from hashlib import blake2b

from msgspec import Struct

MOST_NEW = 32
HASH_BYTES = 8


class SeenIds(Struct, array_like=True):
    """A set that only grows; `runs` are sorted hashes, each at least as long as the one behind."""

    newest: set[str] = set()
    runs: list[bytes] = []

    def __contains__(self, name: str) -> bool:
        return name in self.newest or (bool(self.runs) and self._is_packed(name))

    def __len__(self) -> int:
        return len(self.newest) + sum(map(len, self.runs)) // HASH_BYTES

    def add(self, name: str) -> bool:
        """Count an id; False when it was counted before."""
        if name in self:
            return False
        self.newest.add(name)
        if len(self.newest) >= MOST_NEW:
            self._append(sorted(map(_hash, self.newest)))
            self.newest.clear()
        return True

    def join(self, other: "SeenIds") -> None:
        """Count the ids of another as well."""
        for run in other.runs:
            self._append(list(memoryview(run).cast("Q")))
        for name in sorted(other.newest):
            self.add(name)

    def _is_packed(self, name: str) -> bool:
        hashed = _hash(name)
        for run in self.runs:
            entries = memoryview(run).cast("Q")
            place = bisect_left(entries, hashed)
            if place < len(entries) and entries[place] == hashed:
                return True
        return False

    def _append(self, hashes: list[int]) -> None:
        while self.runs and len(self.runs[-1]) <= len(hashes) * HASH_BYTES:
            hashes = sorted([*memoryview(self.runs.pop()).cast("Q"), *hashes])
        self.runs.append(array("Q", hashes).tobytes())


def _hash(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=HASH_BYTES).digest())
