"""Whose request goes first, and which room of a budget is kept for whom (pure).

1. A budget is divided into rooms that one class alone may use, and one that all share.
2. Of the shared room a class takes only what leaves enough for those before it: the further down,
   the lower its ceiling. So nobody can use what is kept for those before it, and no flood of
   theirs takes a class's own room: neither starves the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final


class Priority(IntEnum):
    """The classes of requests, the first first."""

    CANCEL = 0  # takes risk away
    HEDGE = 1  # a taker covers what is naked
    PROOF = 2  # what became of a request, and the venue's time, without which nothing is sent
    BACKFILL = 3  # what the sockets missed, and is not hedged until it is found
    UPKEEP = 4  # instrument tables, and whose account it is
    QUOTE = 5  # new orders of strategies
    QUESTION = 6  # what people and strategies ask


@dataclass(frozen=True, slots=True)
class Division:
    """How a budget is divided, in percent: own rooms, and ceilings within the shared room.

    What is not named has no own room, or no ceiling of its own: then that of the class before it.
    `least` is in units: no own room is smaller, where the budget has as much. It is for a class
    whose dearest request would else fit nowhere while others fill the shared room.
    """

    own: Mapping[Priority, int]
    ceilings: Mapping[Priority, int]
    least: Mapping[Priority, int] = field(default_factory=dict)

    def own_units(self, capacity: int) -> tuple[int, ...]:
        units = tuple(capacity * self.own.get(one, 0) // 100 for one in Priority)
        grown = tuple(max(own, self.least.get(one, 0)) for one, own in zip(P, units, strict=True))
        return grown if sum(grown) <= capacity else units

    def ceiling_units(self, capacity: int) -> tuple[int, ...]:
        """Return how far each class may fill the shared room."""
        shared = capacity - sum(self.own_units(capacity))
        units, percent = [], 100
        for one in Priority:
            percent = min(percent, self.ceilings.get(one, percent))
            units.append(shared * percent // 100)
        return tuple(units)


P = Priority

# Every class draws on an address's weight. A backfill's own room is one run a minute, and that of
# upkeep one table: without a table in the log no order is let out, and no need is sized.
WEIGHT: Final = Division(
    own={P.CANCEL: 8, P.HEDGE: 12, P.PROOF: 5, P.BACKFILL: 10, P.UPKEEP: 4, P.QUESTION: 3},
    ceilings={P.HEDGE: 95, P.PROOF: 90, P.BACKFILL: 85, P.UPKEEP: 80, P.QUOTE: 78, P.QUESTION: 39},
)
# Doubts that come in dozens after a log was cut must leave a backfill its room, and the reverse:
# each of two copies on Hyperliquid has 475 a minute, for 6 backfills of 42, a table of 20, and 176
# for doubts. Tables are read whenever the venue refuses by other rules than theirs, which is just
# when there is much to ask: what they take of the shared room leaves a backfill some of it.
QUERIES: Final = Division(
    own={P.PROOF: 20, P.BACKFILL: 18, P.UPKEEP: 5, P.QUESTION: 6},
    ceilings={P.BACKFILL: 77, P.UPKEEP: 60, P.QUESTION: 55},
)
# What counts new orders alone.
ORDERS: Final = Division(own={P.HEDGE: 20}, ceilings={})
