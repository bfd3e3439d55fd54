"""What one run contained, counted from the log, the connections and the copies."""

from collections import Counter
from typing import TYPE_CHECKING

from tandem.domain.order import OrderStatus
from tandem.messages.facts import read_fact
from tandem.messages.hedges import Decision
from tandem.messages.reports import FillReport, OrderCleared, OrderReport, SenderReport
from tandem.runtime.fold.service import FoldService
from tests.simulation.farewell import BY_DEATH

if TYPE_CHECKING:
    from tests.simulation.world import World


def count(world: "World") -> None:
    """Add up what the faults led to; called once, at the end of a run."""
    counts = world.counts
    for exc, venue in world.venues.items():
        counts["unlisted refusals"] += len(venue.unlisted.told)
        counts["unlisted refusals heard"] += len(world.heard(exc))
    counts["crashes"] += counts["kill"] + counts["client restart"]
    for copy in (*world.copies.values(), *world.dead):
        counts["duplicates"] += copy.bus.stored_twice
        counts["resent appends"] += copy.bus.resent
        if isinstance(copy.service, FoldService):
            runner = copy.service.runner.counters
            counts["lost proposals"] += runner.lost
            counts["proposals won"] += runner.won
            counts["snapshots"] += runner.snapshots
            counts["epochs"] += runner.cuts
    _read_log(world, counts)


def _read_log(world: "World", counts: Counter[str]) -> None:
    acked: set[str] = set()
    ended: set[str] = set()
    early: set[str] = set()
    terms: dict[str, int] = {}
    for entry in world.server.oms.after(0):
        fact = read_fact(entry.subject, entry.payload)
        if isinstance(fact, FillReport):
            early |= {fact.venue_order_id} - acked
            counts["late fills"] += fact.venue_order_id in ended
        elif isinstance(fact, OrderReport):
            counts["in-doubt sends"] += fact.in_doubt
            _note_order(fact, acked, ended)
        elif isinstance(fact, SenderReport):
            terms[fact.exc] = max(terms.get(fact.exc, 1), fact.term)
        elif isinstance(fact, Decision):
            counts["decisions"] += 1
        elif isinstance(fact, OrderCleared):
            counts["orders cleared"] += 1
            counts["cleared by death"] += fact.text.startswith(BY_DEATH)
    counts["log entries"] += world.server.oms.state().last_seq
    counts["fills before ack"] += len(early)
    counts["takeovers"] += sum(term - 1 for term in terms.values())


def _note_order(fact: OrderReport, acked: set[str], ended: set[str]) -> None:
    if fact.venue_order_id is None:
        return
    acked.add(fact.venue_order_id)
    if fact.order_status in {OrderStatus.CANCELLED, OrderStatus.EXPIRED}:
        ended.add(fact.venue_order_id)
