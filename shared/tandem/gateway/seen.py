"""Which names were seen lately: a set with a bound (pure)."""

from dataclasses import dataclass, field

MAX_SEEN = 200_000


@dataclass(slots=True)
class SeenSubjects:
    """The newest names; the oldest half is forgotten when there are too many."""

    newer: set[str] = field(default_factory=set)
    older: set[str] = field(default_factory=set)

    def __contains__(self, name: str) -> bool:
        return name in self.newer or name in self.older

    def add(self, name: str) -> None:
        self.newer.add(name)
        if len(self.newer) > MAX_SEEN // 2:
            self.older, self.newer = self.newer, set()

    def discard(self, name: str) -> None:
        self.newer.discard(name)
        self.older.discard(name)
