"""Refusals in codes and words that no table of ours lists; each has a number of its own.

An answer of that kind is a refusal. The log must hold it as one, in its words, once it has reached
a gateway that lives on: taken as an unknown outcome it never gets there. Where another process may
have sent the order too, it leaves a doubt.
"""

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tandem.bus.port import Entry
from tandem.domain.order import OrderStatus
from tandem.messages import subjects
from tandem.messages.facts import read_fact
from tandem.messages.reports import OrderReport

if TYPE_CHECKING:
    from tests.simulation.world import World

STATUSES = (400, 404, 409, 422)
CODES = (-1197, -2099, -3999, -4998, -7001, -9123)
WORDS = ("The basket is full: a rule", "Auction band: a rule", "Policy 12, a rule")
COMMON = "that no table lists, number"


class Unlisted:
    """Draws them for one venue; `told` are the words of each, `permille` is how often."""

    def __init__(self, rng: random.Random, permille: int = 0) -> None:
        self._rng, self.permille = rng, permille
        self.told: list[str] = []

    def text(self) -> str:
        """Return the words that refuse an order, or none."""
        if not self.permille or self._rng.randrange(1_000) >= self.permille:
            return ""
        self.told.append(f"{self._rng.choice(WORDS)} {COMMON} {len(self.told) + 1}.")
        return self.told[-1]

    def answer(self) -> tuple[int, object] | None:
        """Return the same with a code under a 4xx, as Binance refuses."""
        text = self.text()
        if not text:
            return None
        return self._rng.choice(STATUSES), {"code": self._rng.choice(CODES), "msg": text}


def misread(world: "World") -> Iterator[str]:
    """Tell which of them reached a gateway that lives on, and are no refusals in the log."""
    heard = [(exc, text) for exc, text in _heard(world) if text]
    if not heard:
        return
    told = list(_told(world))
    for at, fact in told:
        if fact.in_doubt and not _may_another_have_sent(world, at, fact):
            yield f"{fact.exc} refused {fact.client_order_id}, and it was in doubt: {fact.text}"
    refused = {(one.exc, one.text) for _, one in told if one.order_status is OrderStatus.REJECTED}
    for exc, text in heard:
        if not any(of == exc and text in said for of, said in refused):
            yield f"{exc} refused an order ({text}), and the log has no refusal of it"


def _heard(world: "World") -> Iterator[tuple[str, str]]:
    living = {copy.process for copy in world.copies.values() if not copy.is_dead}
    for exc, venue in world.venues.items():
        for frame, process in world.heard(exc):
            if process in living:
                yield exc, next((one for one in venue.unlisted.told if one.encode() in frame), "")


def _told(world: "World") -> Iterator[tuple[int, OrderReport]]:
    """Return what the log tells of orders in words that no table lists, and at which place."""
    for at, entry in enumerate(_entries(world)):
        if COMMON.encode() in entry.payload:
            fact = read_fact(entry.subject, entry.payload)
            if isinstance(fact, OrderReport):
                yield at, fact


def _may_another_have_sent(world: "World", at: int, doubt: OrderReport) -> bool:
    """Tell whether the right to send went over between an order's intent and its doubt.

    Then another process may have sent it too, and no refusal of one's own speaks for its.
    """
    cloid = (doubt.client_order_id or "").encode()
    began = subjects.senders_of(doubt.exc).removesuffix("*.*")
    before = _entries(world)[:at]
    asked = next((n for n, entry in enumerate(before) if cloid in entry.payload), at)
    return any(entry.subject.startswith(began) for entry in before[asked:])


def _entries(world: "World") -> list[Entry]:
    return [*world.lost, *world.server.oms.after(0)]
