"""Which names were seen lately: a set with a bound (pure).

It only spares work: what it has forgotten is logged once more, and the log refuses it. So it need
not be longer than what lists repeat: a venue's hold a few thousand facts.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field

MAX_SEEN = 20_000


@dataclass(slots=True)
class SeenSubjects:
    """The newest names; the oldest half is forgotten when there are too many."""

    most: int = MAX_SEEN
    newer: set[Hashable] = field(default_factory=set)
    older: set[Hashable] = field(default_factory=set)

    def __contains__(self, name: Hashable) -> bool:
        return name in self.newer or name in self.older

    def add(self, name: Hashable) -> None:
        self.newer.add(name)
        if len(self.newer) > self.most // 2:
            self.older, self.newer = self.newer, set()

    def discard(self, name: Hashable) -> None:
        self.newer.discard(name)
        self.older.discard(name)
