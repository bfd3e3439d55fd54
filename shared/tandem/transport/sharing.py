"""Which part of an address's budget one copy of a gateway may use (pure).

A venue counts the weight of requests by address, and all copies of a gateway, and gateways of
other accounts, may share one. They agree by a rule and not by talking: what a copy may use must
hold while it is cut off from the others, and the hot path has no time for a question.

1. What is asked (backfills, lookups, questions) every copy does, so each has an equal share for
   it and stays in it, whoever sends.
2. What is left is for orders and cancels, which one copy sends. The others count each that the
   log asks for as sent; so whoever takes over knows what its predecessor may have used.
3. Together this is never more than the address has: the sender grants every other copy its share
   in full. What the venue says of the address's real use corrects it downwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tandem.transport.priority import QUERIES, WEIGHT, Priority
from tandem.transport.rate_limit import RateLimit

# What all copies together may ask for, and what one alone may.
ALL_PERCENT = 88
ONE_PERCENT = 60
QUERIES_POOL = "queries"


@dataclass(frozen=True, slots=True)
class Sharing:
    """`copies` of this gateway share the address, and `percent` of its budget."""

    copies: int = 2
    percent: int = 80

    def capacity(self, limit: int) -> int:
        """Return what all copies together may use of a limit."""
        return limit * self.percent // 100

    def weight(
        self, pool: str, limit: int, period_ms: int, dearest: Mapping[Priority, int]
    ) -> tuple[RateLimit, RateLimit]:
        """Return the budget of everything and that of what is asked.

        `dearest` is what the dearest request of a class weighs: its own room holds one of them,
        however many copies there are.
        """
        capacity = self.capacity(limit)
        share = capacity * min(ONE_PERCENT, ALL_PERCENT // self.copies) // 100
        others = (self.copies - 1) * share
        return (
            RateLimit(pool, capacity - others, period_ms, replace(WEIGHT, least=dearest), others),
            RateLimit(QUERIES_POOL, share, period_ms, replace(QUERIES, least=dearest)),
        )
