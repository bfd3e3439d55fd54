"""What a run tells on the way, one line every few seconds on stderr."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from examples.chaos.blows.journal import Journal
from examples.chaos.crowd import Crowd
from examples.chaos.figures.gauges import Gauges
from tandem import OMS
from tandem.cli.stack import LocalStack
from tandem.domain.units import NS_PER_MS, NS_PER_S, ZERO
from tandem.messages.deltas import BucketView
from tandem.runtime.clock import Clock

EVERY_S = 5.0


@dataclass(slots=True)
class Progress:
    """Where the run's numbers come from while it runs."""

    stack: LocalStack
    gauges: Gauges
    journal: Journal
    crowd: Crowd
    clients: Sequence[OMS]
    clock: Clock
    longest_naked_ms: int = 0

    async def tell(self, say: Callable[[str], None]) -> None:
        """Tell every few seconds until cancelled."""
        began_ns = self.clock.monotonic_ns()
        while True:
            await self.clock.sleep(EVERY_S)
            await self.gauges.sample(self.stack)
            elapsed_s = (self.clock.monotonic_ns() - began_ns) // NS_PER_S
            say(f"{elapsed_s:4d} s  {self.line()}")

    def line(self) -> str:
        kinds = self.journal.count()
        blows = " ".join(f"{kind} {kinds[kind]}" for kind in sorted(kinds)) or "no blow yet"
        buckets = list(self.clients[0].hedges.buckets.rows.values())
        hedged = sum((abs(row.taker_filled) for row in buckets), ZERO)
        owed = ", ".join(f"{row.pool} {row.owed}" for row in buckets) or "-"
        now_ns = self.clock.wall_ns()
        naked = [now_ns - (row.naked_since_ns or now_ns) for row in buckets if self._is_due(row)]
        self.longest_naked_ms = max([self.longest_naked_ms, *(ns // NS_PER_MS for ns in naked)])
        return (
            f"{blows} | fills {self.crowd.fills} net hedged {hedged} owed {owed}"
            f" | longest unhedged {self.longest_naked_ms} ms"
        )

    def _is_due(self, row: BucketView) -> bool:
        """Tell whether what is naked could be hedged: what is too small to trade is kept."""
        least = self.clients[0].min_notional(row.exc, row.ticker)
        return row.naked_notional is not None and row.naked_notional >= least


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
