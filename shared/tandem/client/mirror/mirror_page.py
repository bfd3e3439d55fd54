"""What a mirror holds: rows joined from a page and its deltas, without gap or repeat.

1. A delta at or before the first page is history and is skipped; so is one that a row has passed.
2. Each later delta of an entity must name the entity's previous one; a broken chain, or a delta
   of a later epoch, is a gap, and the page is asked for again.
3. A delta that such a later page holds already changes no row, and is still told to handlers,
   also when the stream has it after its successor. Each delta is joined once.
4. Rows are ordered as they became known.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from tandem.messages.deltas import Delta

Row = TypeVar("Row")
Place = tuple[int, int]
MAX_GONE = 4_000
NOWHERE: Place = (-1, 0)


class Joined(Enum):
    """What became of a delta."""

    APPLIED = "applied"
    COVERED = "covered"
    KNOWN = "known"
    GAP = "gap"

    @property
    def is_news(self) -> bool:
        """Whether handlers have not been told of it yet."""
        return self in {Joined.APPLIED, Joined.COVERED}


@dataclass(slots=True)
class Page(Generic[Row]):
    """Rows by entity, the place in the log they stand at, and each entity's last delta.

    Attributes:
        keep: whether a row stays on the page (an ended order does not).
        at: epoch and log sequence of the page last taken.
        since: those of the first page of this epoch; what lies before it is history.
        newest: the furthest place that page or deltas have reached.
        last: the last delta of each row. gone: of the newest rows that left the page.
    """

    keep: Callable[[Row], bool]
    rows: dict[str, Row] = field(default_factory=dict)
    at: Place = NOWHERE
    since: Place = NOWHERE
    newest: Place = NOWHERE
    last: dict[str, str] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)

    def load(self, rows: dict[str, Row], epoch: int, seq: int) -> None:
        """Replace every row by those of a page taken at (epoch, seq)."""
        if epoch != self.at[0]:
            self.since = (epoch, seq)
            self.last.clear()
            self.gone.clear()
        self.rows = {name: row for name, row in rows.items() if self.keep(row)}
        self.at = (epoch, seq)
        self.newest = max(self.newest, self.at)

    def join(self, name: str, row: Row, delta: Delta) -> Joined:
        """Take in one delta of entity `name`, whose row is now `row`."""
        at, last = (delta.epoch, delta.seq), self.last.get(name) or self.gone.get(name)
        is_past = last is not None and _moment(last) >= (*at, delta.index)
        if at <= self.since or (is_past and at > self.at):
            return Joined.KNOWN
        if at <= self.at:
            if not is_past:
                self._remember(name, delta)
            return Joined.COVERED
        if delta.epoch > self.at[0] or not self._follows(last, delta):
            return Joined.GAP
        self._set(name, row)
        self._remember(name, delta)
        self.newest = max(self.newest, at)
        return Joined.APPLIED

    def rename(self, former: str, name: str) -> None:
        """Let an entity go on under another name; a row already there is the better one."""
        row, last = self.rows.pop(former, None), self.last.pop(former, None)
        if row is not None:
            self.rows.setdefault(name, row)
        if last is not None:
            self.last.setdefault(name, last)

    def forget(self, name: str) -> None:
        """Drop a row; a later delta of it would be a gap."""
        self.rows.pop(name, None)
        self.last.pop(name, None)

    def _follows(self, last: str | None, delta: Delta) -> bool:
        if delta.prev is None:
            return last is None
        return delta.prev == last or _moment(delta.prev)[:2] <= self.at

    def _set(self, name: str, row: Row) -> None:
        if self.keep(row):
            self.rows[name] = row
        else:
            self.rows.pop(name, None)

    def _remember(self, name: str, delta: Delta) -> None:
        if name in self.rows:
            self.last[name] = delta.delta_id
            return
        self.last.pop(name, None)
        self.gone[name] = delta.delta_id
        if len(self.gone) > MAX_GONE:
            del self.gone[next(iter(self.gone))]


def _moment(delta_id: str) -> tuple[int, int, int]:
    epoch, seq, index = delta_id.split(".")
    return int(epoch), int(seq), int(index)
