"""Which orders strategies placed themselves: what they fill is ours, and no hedge (pure).

1. An order is ours by its client id: one of a form that Tandem makes, or one that a new order in
   the log asked for. Makers and takers are the ledger's and not kept here.
2. Of those that are kept, the venue's ids count as well, from the first report that gives them.
3. A live order is kept as it is. What is still told of an ended one must not look like a trade of
   somebody else, so ended ones are packed for as long as the log holds facts about them.
"""

from msgspec import Struct, field

from tandem.domain.ids import ClientOrderId, Exc, Ticker, VenueOrderId, is_made_here, is_reserved
from tandem.messages.intents import NewOrder
from tandem.messages.reports import OrderReport
from tandem.runtime.archive import Archive


class OwnOrders(Struct):
    """`live`: the venue ids of each live order, by client id; `oids`: the same turned round."""

    live: dict[str, list[str]] = field(default_factory=dict)
    oids: dict[str, str] = field(default_factory=dict)
    ended: Archive = field(default_factory=Archive)


def ask(own: OwnOrders, order: NewOrder) -> None:
    """Learn of an order that a strategy asked for."""
    name = _by_cloid(order.exc, order.client_order_id)
    if not is_reserved(order.client_order_id) and own.ended.peek(name) is None:
        own.live.setdefault(name, [])


def tell(own: OwnOrders, report: OrderReport, now_ns: int) -> None:
    """Learn what the venue calls an order, and when it has ended."""
    if report.client_order_id is None:
        return
    name = _by_cloid(report.exc, report.client_order_id)
    oids = own.live.get(name)
    if oids is None:
        return
    if report.venue_order_id is not None:
        oid = _by_oid(report.exc, report.ticker, report.venue_order_id)
        own.oids[oid] = name
        if oid not in oids:
            oids.append(oid)
    if report.order_status.is_terminal:
        del own.live[name]
        for oid in oids:
            own.oids.pop(oid, None)
        own.ended.put((name, *oids), now_ns, b"")


def holds(own: OwnOrders, exc: Exc, cloid: ClientOrderId) -> bool:
    """Tell whether an order goes by a client id of ours."""
    name = _by_cloid(exc, cloid)
    return is_made_here(cloid) or name in own.live or own.ended.peek(name) is not None


def holds_oid(own: OwnOrders, exc: Exc, ticker: Ticker, oid: VenueOrderId) -> bool:
    """Tell whether a strategy's order was given a venue id."""
    name = _by_oid(exc, ticker, oid)
    return name in own.oids or own.ended.peek(name) is not None


def _by_cloid(exc: Exc, cloid: ClientOrderId) -> str:
    """Name an order whatever the case: Hyperliquid tells client ids in its own spelling."""
    return f"{exc}\x1f{cloid.lower()}"


def _by_oid(exc: Exc, ticker: Ticker, oid: VenueOrderId) -> str:
    return f"{exc}\x1f{ticker}\x1f{oid}"
