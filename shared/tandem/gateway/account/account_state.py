"""What the log already says about this account: the gateway's own fold of its subset (pure).

1. State changes only by facts read from the log, in log order.
2. An order is live until a terminal report of it was read; a doubt is no report. It is unproven
   after that until a report tells the end with its quantity: until then the venue must be asked.
3. What is remembered is bounded by the retention: `expire` drops what ended before it. Of orders
   whose end is proven the newest thousands lie as they are, those before them packed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tandem.domain.ids import ClientOrderId, Strategy, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus, join_status
from tandem.domain.units import NS_PER_MS
from tandem.gateway.account.hedge_names import HedgeNames
from tandem.gateway.account.known_order import EndedOrders, KnownOrder
from tandem.messages.intents import CancelOrder
from tandem.messages.reports import FillReport, OrderReport, PositionReport

MAX_RECENT = 4_096


@dataclass(slots=True)
class Known:
    """Orders by client id and by (ticker, venue id), positions that may be open, fills' end.

    `asked`: where and when in the log an order was asked for. `traded`: which orders a fill alone
    has shown, and when the latest was. `begun_ns`: the log's time where reading began; `epoch_ns`:
    that of its newest epoch, `log_ns` that of what was read last. `recent`: the newest orders whose
    end is proven; `ended`: those before them, which the other tables do not have.
    """

    by_cloid: dict[ClientOrderId, KnownOrder] = field(default_factory=dict)
    by_oid: dict[tuple[Ticker, VenueOrderId], KnownOrder] = field(default_factory=dict)
    live: dict[int, KnownOrder] = field(default_factory=dict)
    unproven: dict[int, KnownOrder] = field(default_factory=dict)
    recent: dict[int, KnownOrder] = field(default_factory=dict)
    ended: EndedOrders = field(default_factory=EndedOrders)
    open_since_ns: dict[Ticker, int] = field(default_factory=dict)
    dealt: set[Ticker] = field(default_factory=set)
    asked: dict[ClientOrderId, tuple[int, int]] = field(default_factory=dict)
    owners: dict[ClientOrderId, Strategy] = field(default_factory=dict)
    traded: dict[ClientOrderId, int] = field(default_factory=dict)
    hedge_names: HedgeNames = field(default_factory=HedgeNames)
    last_fill_ns: int = 0
    last_asked_seq: int = 0
    begun_ns: int = 0
    epoch_ns: int = 0
    log_ns: int = 0

    def __contains__(self, cloid: ClientOrderId) -> bool:
        """Tell whether the log holds a report of an order."""
        return cloid in self.by_cloid or self.ended.by_cloid(cloid) is not None

    def has_ended(self, cloid: ClientOrderId) -> bool:
        """Tell whether the log holds the end of an order."""
        named = self._named(cloid)
        return named is not None and not named.is_live

    def has_oid(self, ticker: Ticker, oid: VenueOrderId) -> bool:
        """Tell whether the log holds a report under a venue's id."""
        return (ticker, oid) in self.by_oid or self.ended.by_oid(ticker, oid) is not None

    def read_at(self, ts_ns: int) -> None:
        """Learn the log's time of what is read now."""
        self.begun_ns = self.begun_ns or ts_ns
        self.log_ns = max(self.log_ns, ts_ns)

    def take_ask(self, cloid: ClientOrderId, seq: int, ts_ns: int) -> None:
        """Learn where in the log an order was asked for, and when."""
        self.asked.setdefault(cloid, (seq, ts_ns))
        self.last_asked_seq = max(self.last_asked_seq, seq)

    def take_owner(self, cloid: ClientOrderId, strategy: Strategy) -> bool:
        """Learn whose order it is; False when another strategy asked for it before."""
        named = None if cloid in self.owners else self._named(cloid)
        if named is not None and named.owner is not None:
            return named.owner == strategy
        return self.owners.setdefault(cloid, strategy) == strategy

    def owner_of(self, cancel: CancelOrder) -> Strategy | None:
        """Return whose order a cancel names; None where nobody asked for it."""
        named = self.find(cancel.ticker, cancel.client_order_id, cancel.venue_order_id)
        if named is not None and named.owner is not None:
            return named.owner
        cloid = named.cloid if named is not None else cancel.client_order_id
        return self.owners.get(cloid) if cloid is not None else None

    def was_asked_after(self, cloid: ClientOrderId | None, seq: int) -> bool:
        """Tell whether an order was asked for past `seq`; what nobody asked for was not."""
        return cloid is not None and self.asked.get(cloid, (0, 0))[0] > seq

    def take_order(self, report: OrderReport) -> None:
        """Learn of an order, or of its next status."""
        if report.in_doubt:
            return
        order = self._order(report)
        order.status = join_status(order.status, report.order_status)
        order.last_ns = max(order.last_ns, report.ts_event_ns)
        order.first_ns = min(order.first_ns, report.ts_event_ns)
        order.is_proven |= _proves_end(report)
        _keep_if(self.live, order, is_wanted=order.is_live)
        _keep_if(self.unproven, order, is_wanted=not order.is_live and not order.is_proven)
        _keep_if(self.recent, order, is_wanted=not order.is_live and order.is_proven)
        if len(self.recent) > MAX_RECENT:
            self._put_away(self.recent.pop(next(iter(self.recent))))

    def _put_away(self, order: KnownOrder) -> None:
        """Pack an order whose end is proven; its client id may be another one's by now."""
        for oid in order.oids:
            if self.by_oid.get((order.ticker, oid)) is order:
                del self.by_oid[order.ticker, oid]
        if order.cloid is not None and self.by_cloid.get(order.cloid) is order:
            del self.by_cloid[order.cloid]
            self.asked.pop(order.cloid, None)
            order.owner = self.owners.pop(order.cloid, order.owner)
        self.ended.put(order, self.log_ns or order.last_ns)

    def _order(self, report: OrderReport) -> KnownOrder:
        cloid, oid, ticker = report.client_order_id, report.venue_order_id, report.ticker
        order = self.find(ticker, cloid, oid)
        if order is not None and self.ended.take(order):
            self._unpacked(order)
        if order is None:
            ts_ns = report.ts_event_ns
            order = KnownOrder(ticker, cloid, oid, report.order_status, ts_ns, ts_ns)
        if cloid is not None:
            order.cloid = cloid
            self.by_cloid[cloid] = order
            self.traded.pop(cloid, None)
        if oid is not None:
            order.rename(oid)
            self.by_oid[ticker, oid] = order
        return order

    def _unpacked(self, order: KnownOrder) -> None:
        for oid in order.oids:
            self.by_oid[order.ticker, oid] = order
        if order.cloid is not None:
            self.by_cloid.setdefault(order.cloid, order)

    def find(
        self, ticker: Ticker | None, cloid: ClientOrderId | None, oid: VenueOrderId | None
    ) -> KnownOrder | None:
        """Return the order by either name; without a ticker, an oid must be unambiguous."""
        named = self._named(cloid) if cloid is not None else None
        if named is not None and not named.is_other_than(oid):
            return named
        if oid is None:
            return None
        if ticker is not None:
            return self.by_oid.get((ticker, oid)) or self.ended.by_oid(ticker, oid)
        found = [order for (_, name), order in self.by_oid.items() if name == oid]
        if not found:
            return self.ended.by_oid(None, oid)
        return found[0] if len(found) == 1 else None

    def _named(self, cloid: ClientOrderId) -> KnownOrder | None:
        return self.by_cloid.get(cloid) or self.ended.by_cloid(cloid)

    def take_fill(self, fill: FillReport) -> None:
        self._may_be_open(fill.ticker, fill.ts_event_ns)
        if fill.client_order_id is not None and fill.client_order_id not in self:
            before_ns = self.traded.get(fill.client_order_id, 0)
            self.traded[fill.client_order_id] = max(before_ns, fill.ts_event_ns)
        self.last_fill_ns = max(self.last_fill_ns, fill.ts_event_ns)

    def take_position(self, position: PositionReport) -> None:
        """Learn of a position; flat only ends what was open before its own time."""
        if position.amount != 0:
            self._may_be_open(position.ticker, position.ts_event_ns)
        elif position.ts_event_ns > self.open_since_ns.get(position.ticker, 0):
            self.open_since_ns.pop(position.ticker, None)

    def _may_be_open(self, ticker: Ticker, ts_event_ns: int) -> None:
        self.dealt.add(ticker)
        self.open_since_ns[ticker] = max(self.open_since_ns.get(ticker, 0), ts_event_ns)

    def maybe_open(self) -> frozenset[Ticker]:
        """Return the tickers whose position may not be flat."""
        return frozenset(self.open_since_ns)

    def live_orders(self) -> tuple[KnownOrder, ...]:
        return tuple(self.live.values())

    def unproven_orders(self) -> tuple[KnownOrder, ...]:
        return tuple(self.unproven.values())

    def fills_since_ms(self, now_ms: int, margin_ms: int) -> int:
        """Return from when on fills may be missing, before any backfill of this process."""
        told = [order.last_ns for order in self.live.values()]
        told += [order.first_ns for order in self.unproven.values()]
        oldest = min(told, default=self.begun_ns or now_ms * NS_PER_MS)
        since_ns = min(oldest, self.last_fill_ns or oldest)
        return since_ns // NS_PER_MS - margin_ms

    def expire(self, before_ns: int) -> None:
        """Forget orders that ended, or were asked for and never told of, before `before_ns`."""
        ended = {
            id(order) for order in self._all() if not order.is_live and order.last_ns < before_ns
        }
        self.ended.expire(before_ns)
        self.unproven = {k: order for k, order in self.unproven.items() if k not in ended}
        self.recent = {k: order for k, order in self.recent.items() if k not in ended}
        self.by_cloid = {k: order for k, order in self.by_cloid.items() if id(order) not in ended}
        self.by_oid = {k: order for k, order in self.by_oid.items() if id(order) not in ended}
        self.traded = {k: ns for k, ns in self.traded.items() if ns >= before_ns}
        self.asked = {
            cloid: (seq, ts_ns)
            for cloid, (seq, ts_ns) in self.asked.items()
            if cloid in self.by_cloid or ts_ns >= before_ns
        }
        self.owners = {k: owner for k, owner in self.owners.items() if k in self.asked}

    def _all(self) -> Iterator[KnownOrder]:
        yield from self.by_cloid.values()
        yield from self.by_oid.values()


def _proves_end(report: OrderReport) -> bool:
    """Tell whether a report names what an ended order has filled; a refused one filled nothing."""
    if report.order_status is OrderStatus.REJECTED:
        return True
    return report.order_status.is_terminal and report.cum_qty is not None


def _keep_if(orders: dict[int, KnownOrder], order: KnownOrder, *, is_wanted: bool) -> None:
    if is_wanted:
        orders[id(order)] = order
    else:
        orders.pop(id(order), None)
