"""What a fold logs again where the log was cut: what is so now, and what it has read lately.

1. What is so now is offered whatever its age: nobody else may know it any more. A copy knew it
   while it stood at the head; one that is cut again before it is back there has nothing better to
   tell than what it knew the first time.
2. Intents of others that were read lately are logged again word for word, by the one service that
   may: their strategy may be gone. But no halt that was lifted, and no resume of all that another
   halt came after (lifting.py).
3. A copy that has heard nothing for long lets the others speak first: of two, the log takes one.
"""

import asyncio
from collections import deque
from typing import Generic, TypeVar

from tandem.bus.port import Entry, LogState
from tandem.messages import facts
from tandem.messages.codec import Fact
from tandem.messages.intents import Halt, HedgeOrder, Resume, StopHedge
from tandem.runtime.fold.options import FoldOptions, FoldPorts, OfferingFold
from tandem.runtime.fold.port import Fold
from tandem.runtime.fold.state import FoldCopy
from tandem.runtime.lifting import overtaken

MOST_HEARD = 1_000
FEW_LEFT = 5_000
YIELD_S = 1.5

S = TypeVar("S")


class Offering(Generic[S]):
    """What one copy keeps for the next cut."""

    def __init__(self, fold: Fold[S], ports: FoldPorts, options: FoldOptions) -> None:
        self._fold, self._ports, self._options = fold, ports, options
        self._heard: deque[tuple[Entry, Fact]] = deque(maxlen=MOST_HEARD)
        self._left: S | None = None
        self._is_at_head = False
        self._at_head_ns = 0

    def read(self, entry: Entry, fact: Fact) -> None:
        """Keep an intent of others for a while."""
        if self._fold.offers_intents and isinstance(fact, HedgeOrder | StopHedge | Halt | Resume):
            self._heard.append((entry, fact))

    def at_head(self) -> None:
        """The copy knows all that the log holds."""
        self._at_head_ns = self._ports.clock.monotonic_ns()
        self._is_at_head, self._left = True, None

    async def log_again(self, copy: FoldCopy[S], state: LogState, epoch: int) -> None:
        """Offer what `copy` knew, for the log is cut and is now in this state."""
        if self._is_at_head:
            self._is_at_head, self._left = False, copy.state
        is_anew = state.created_ns != copy.cursor.created_ns or state.messages < FEW_LEFT
        if self._left is not None and isinstance(self._fold, OfferingFold):
            clock = self._ports.clock
            if clock.monotonic_ns() - self._at_head_ns > self._options.kept_ns // 2:
                await clock.sleep(YIELD_S)
            offers = self._fold.offers(self._left, epoch, is_anew=is_anew)
            log = self._ports.bus.log
            stored = [log.append_soon(*facts.written(effect.fact)) for effect in offers]
            # Whoever reads on must find it: the head without it would pass for all that is known.
            await asyncio.gather(*stored, return_exceptions=True)
        void = overtaken(fact for _, fact in self._heard)
        for entry, fact in self._heard:
            is_young = copy.head.ts_ns - entry.ts_ns < self._options.kept_ns
            if entry.seq >= state.first_seq and is_young and fact not in void:
                self._ports.bus.log.append_soon(entry.subject, entry.payload)
