"""A strategy that dies with live orders when nothing else is wrong: its orders go, or they rest.

1. Within `MOST_S` no order rests that the log asked for with a tether, whoever holds the venue.
2. An order that is kept rests: no gateway tells it to go because its strategy is dead.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tandem.domain.ids import maker_cloid
from tandem.messages.facts import read_fact
from tandem.messages.intents import HedgeOrder, NewOrder
from tandem.messages.reports import OrderCleared
from tests.simulation.venue import VenueOrder

if TYPE_CHECKING:
    from tests.simulation.world import World

MOST_S = 20
KEPT_S = 3
BY_DEATH = "no client of strategy"


def resting(world: "World") -> list[VenueOrder]:
    """Return the makers and limit orders at the venues that the log knows how to tether."""
    asked = {cloid for cloid, _ in _asked(world)}
    makers = [order for venue in world.venues.values() for order in venue.makers()]
    return [order for order in makers if order.cloid in asked]


def outlived(world: "World") -> Iterator[str]:
    """Tell what rests though its strategy has been dead for long enough."""
    tethered = {cloid for cloid, is_tethered in _asked(world) if is_tethered}
    for order in resting(world):
        if order.cloid in tethered:
            yield f"{order.oid} {order.cloid} rests {MOST_S} s after its strategy died"


def let_go(world: "World") -> Iterator[str]:
    """Tell which orders went with their strategy though they were to be kept."""
    tethered = dict(_asked(world))
    for entry in (*world.lost, *world.server.oms.after(0)):
        if ".cleared." not in entry.subject:
            continue
        fact = read_fact(entry.subject, entry.payload)
        if not isinstance(fact, OrderCleared) or not fact.text.startswith(BY_DEATH):
            continue
        if tethered.get(fact.client_order_id) is False:
            yield f"{fact.client_order_id} was to be kept, and went: {fact.text}"


def _asked(world: "World") -> Iterator[tuple[str, bool]]:
    for entry in world.server.oms.after(0):
        if entry.subject.startswith("oms.intent"):
            fact = read_fact(entry.subject, entry.payload)
            if isinstance(fact, HedgeOrder):
                yield maker_cloid(fact.hedge_id), fact.disconnect_after_ms is not None
            elif isinstance(fact, NewOrder):
                yield fact.client_order_id, fact.disconnect_after_ms is not None
