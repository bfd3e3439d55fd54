"""Which stretches of time a list of fills is asked for, one after the other (pure).

1. A venue that answers for a few days at once is asked window by window, from where fills may be
   missing up to now: no stretch between counts as covered that was not asked for.
2. What a venue no longer keeps cannot be asked for; it is said from when to when.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace

from tandem.domain.units import NS_PER_MS
from tandem.gateway.port.requests import FillsQuery, Report
from tandem.messages.reports import FillReport

# A question takes a while to be asked: the last window must still reach from there up to now.
MARGIN_MS = 120_000


@dataclass(frozen=True, slots=True)
class FillLimits:
    """What a venue's list of fills is bound by, None: by nothing.

    `window_ms`: the longest stretch of one question. `kept_ms`, `kept_count`: how far back it goes,
    in time, or in fills of the account.
    """

    window_ms: int | None = None
    kept_ms: int | None = None
    kept_count: int | None = None

    def first(self, query: FillsQuery, now_ms: int) -> FillsQuery:
        """Return the first question of a list; `now_ms` is the venue's time, 0: not measured."""
        since_ms = max(query.since_ms, self._oldest_ms(now_ms))
        return self._window(replace(query, since_ms=since_ms), now_ms)

    def following(self, query: FillsQuery, asked: FillsQuery, now_ms: int) -> FillsQuery | None:
        """Return the question for the window after one that was answered whole, None at the end."""
        if asked.until_ms is None:
            return None
        return self._window(replace(query, since_ms=asked.until_ms + 1), now_ms)

    def told(self, facts: Iterable[Report]) -> dict[Hashable, int]:
        """Return the fills among these facts and when each was, where their number counts."""
        if self.kept_count is None:
            return {}
        fills = (fact for fact in facts if isinstance(fact, FillReport))
        return {(fill.ticker, fill.exec_id): fill.ts_event_ns for fill in fills}

    def lost_until_ms(
        self, query: FillsQuery, told: Mapping[Hashable, int], now_ms: int
    ) -> int | None:
        """Return up to when fills of a listed stretch may be missing, None when all are there.

        `told` are its fills, as above.
        """
        oldest_ms = self._oldest_ms(now_ms)
        if query.since_ms < oldest_ms:
            return oldest_ms
        if self.kept_count is None or len(told) < self.kept_count:
            return None
        return min(told.values()) // NS_PER_MS

    def _oldest_ms(self, now_ms: int) -> int:
        return 0 if self.kept_ms is None or not now_ms else max(0, now_ms - self.kept_ms)

    def _window(self, query: FillsQuery, now_ms: int) -> FillsQuery:
        """Bound a question that reaches further than one window."""
        if self.window_ms is None or query.since_ms + self.window_ms > now_ms + MARGIN_MS:
            return replace(query, until_ms=None)
        return replace(query, until_ms=query.since_ms + self.window_ms - 1)
