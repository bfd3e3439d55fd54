"""What the raw facts of a log prove, computed without any code of the hedger.

It reads the facts up to a position from scratch, each time, in the plainest way there is.
"""

from collections.abc import Iterator
from decimal import Decimal

from tandem.domain.ids import ClientOrderId, VenueOrderId, maker_cloid
from tandem.domain.order import OrderStatus
from tandem.messages.hedges import Decision
from tandem.messages.intents import HedgeOrder
from tandem.messages.reports import FillReport, OrderReport
from tandem.runtime.fold.port import LogEvent


def _filled(prefix: list[LogEvent]) -> dict[ClientOrderId, Decimal]:
    """Return what the raw facts prove of each order: the highest cumulative, or the fills."""
    by_oid = {VenueOrderId(f"o{cloid}"): cloid for cloid in _cloids(prefix)}
    claimed: dict[ClientOrderId, Decimal] = {}
    fills: dict[ClientOrderId, dict[str, Decimal]] = {}
    for event in prefix:
        fact = event.fact
        if isinstance(fact, FillReport):
            cloid = fact.client_order_id or by_oid.get(fact.venue_order_id)
            if cloid is not None:
                fills.setdefault(cloid, {})[fact.exec_id] = fact.last_qty
        elif isinstance(fact, OrderReport) and fact.client_order_id and fact.cum_qty is not None:
            cloid = fact.client_order_id
            claimed[cloid] = max(claimed.get(cloid, Decimal(0)), fact.cum_qty)
    sums = {cloid: sum(one.values(), Decimal(0)) for cloid, one in fills.items()}
    names = {*claimed, *sums}
    return {one: max(claimed.get(one, Decimal(0)), sums.get(one, Decimal(0))) for one in names}


def _cloids(prefix: list[LogEvent]) -> Iterator[ClientOrderId]:
    """Name the orders whose venue number some fact has told."""
    for event in prefix:
        fact = event.fact
        if not isinstance(fact, OrderReport | FillReport) or fact.venue_order_id is None:
            continue
        if fact.client_order_id is not None:
            yield fact.client_order_id


def _makers(prefix: list[LogEvent]) -> dict[ClientOrderId, Decimal]:
    return {
        maker_cloid(event.fact.hedge_id): event.fact.maker.amount
        for event in prefix
        if isinstance(event.fact, HedgeOrder)
    }


def owed_by(prefix: list[LogEvent]) -> Decimal:
    """Return what the makers' proven fills call for."""
    filled = _filled(prefix)
    return -sum(
        (
            filled.get(cloid, Decimal(0)) * (1 if amount > 0 else -1)
            for cloid, amount in _makers(prefix).items()
        ),
        Decimal(0),
    )


def oracle(prefix: list[LogEvent]) -> tuple[Decimal, Decimal, list[ClientOrderId]]:
    """Return the interval of what may be needed, and the takers that the log holds."""
    filled, ended = _filled(prefix), _ended(prefix)
    lo = hi = owed_by(prefix)
    logged: list[ClientOrderId] = []
    for event in prefix:
        if not isinstance(event.fact, Decision):
            continue
        for taker in event.fact.takers:
            cloid, sign = taker.client_order_id, 1 if taker.amount > 0 else -1
            logged.append(cloid)
            proven = filled.get(cloid, Decimal(0))
            most = proven if cloid in ended else abs(taker.amount)
            outcomes = (sign * proven, sign * most)
            lo, hi = lo - max(outcomes), hi - min(outcomes)
    return lo, hi, logged


def _ended(prefix: list[LogEvent]) -> set[ClientOrderId]:
    """Return the takers whose end is proven."""
    ended = set()
    for event in prefix:
        fact = event.fact
        if not isinstance(fact, OrderReport) or fact.client_order_id is None:
            continue
        terminal = fact.order_status in {OrderStatus.FILLED, OrderStatus.EXPIRED}
        refused = fact.order_status is OrderStatus.REJECTED
        if refused or (terminal and fact.cum_qty is not None):
            ended.add(fact.client_order_id)
    return ended
