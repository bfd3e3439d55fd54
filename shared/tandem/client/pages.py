"""What a mirror holds: rows joined from a page and its deltas, without gap or repeat.

1. A delta at or before the page's place in the log is already in the page and is skipped.
2. Each later delta of an entity must name the entity's previous one; a broken chain is a gap,
   and the page is asked for again.
3. Rows are ordered as they became known.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from tandem.messages.deltas import Delta

Row = TypeVar("Row")


class Joined(Enum):
    """What became of a delta."""

    APPLIED = "applied"
    KNOWN = "known"
    GAP = "gap"


@dataclass(slots=True)
class Page(Generic[Row]):
    """Rows by entity, the place in the log they stand at, and each entity's last delta.

    `keep` tells whether a row stays on the page (an ended order does not).
    """

    keep: Callable[[Row], bool]
    rows: dict[str, Row] = field(default_factory=dict)
    epoch: int = 0
    seq: int = 0
    last: dict[str, str] = field(default_factory=dict)
    newest: tuple[int, int] = (0, 0)

    def load(self, rows: dict[str, Row], epoch: int, seq: int) -> None:
        """Replace everything by a page taken at (epoch, seq)."""
        self.rows = {name: row for name, row in rows.items() if self.keep(row)}
        self.epoch, self.seq = epoch, seq
        self.newest = max(self.newest, (epoch, seq))
        self.last.clear()

    def join(self, name: str, row: Row, delta: Delta) -> Joined:
        """Take in one delta of entity `name`, whose row is now `row`."""
        at = (delta.epoch, delta.seq)
        last = self.last.get(name)
        if at <= (self.epoch, self.seq) or (last is not None and _place(last) >= _place_of(delta)):
            return Joined.KNOWN
        if not self._follows(last, delta):
            return Joined.GAP
        self._set(name, row, delta)
        self.newest = max(self.newest, at)
        return Joined.APPLIED

    def _follows(self, last: str | None, delta: Delta) -> bool:
        if last is not None:
            return delta.prev == last
        return delta.prev is None or _place(delta.prev)[:2] <= (self.epoch, self.seq)

    def _set(self, name: str, row: Row, delta: Delta) -> None:
        if self.keep(row):
            self.rows[name] = row
            self.last[name] = delta.delta_id
            return
        self.rows.pop(name, None)
        self.last[name] = delta.delta_id


def _place(delta_id: str) -> tuple[int, int, int]:
    epoch, seq, index = delta_id.split(".")
    return int(epoch), int(seq), int(index)


def _place_of(delta: Delta) -> tuple[int, int, int]:
    return delta.epoch, delta.seq, delta.index
