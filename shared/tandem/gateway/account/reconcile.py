"""What the log misses against what the venue lists: our orders, our positions (pure).

1. An order that we hold live and the venue does not list is asked for, never assumed ended.
2. A position that may be open and is missing from a full listing is flat as of the request.
3. Who was asked about longest ago is asked about next: of many orders none starves.
4. An order of which only a fill is known is asked for by the venue's id, a few times at most.
"""

from collections import Counter
from collections.abc import Callable, Iterable

from tandem.domain.execution import ReportSource
from tandem.domain.ids import Exc, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus
from tandem.domain.units import ZERO
from tandem.gateway.account.known_order import KnownOrder
from tandem.gateway.port.decoding import Unsound
from tandem.gateway.port.requests import Report
from tandem.messages.reports import FillReport, OrderReport, PositionReport

MAX_STRANGERS = 10_000
STRANGER_TRIES = 5
DOUBT_RUNS = 5
NO_ORDER = VenueOrderId("0")

Name = tuple[Ticker, str | None]
Oid = tuple[Ticker, VenueOrderId]


def orders_to_ask(
    live: Iterable[KnownOrder], listed: Iterable[Report], older_than_ns: int
) -> tuple[KnownOrder, ...]:
    """Return the live orders that the listing lacks, except those reported since the request."""
    names = {
        name
        for report in listed
        if isinstance(report, OrderReport)
        for name in (report.client_order_id, (report.ticker, report.venue_order_id))
        if name is not None
    }
    return tuple(
        order
        for order in live
        if order.last_ns < older_than_ns
        and (order.cloid not in names or order.may_share_its_name)
        and (order.ticker, order.oid) not in names
    )


def flat_positions(
    exc: Exc, maybe_open: Iterable[Ticker], listed: Iterable[Report], at_ms: int
) -> tuple[PositionReport, ...]:
    """Return a flat report for each ticker that the full listing lacks."""
    present = {report.ticker for report in listed if isinstance(report, PositionReport)}
    return tuple(
        PositionReport(
            exc=exc,
            ticker=ticker,
            amount=ZERO,
            entry=ZERO,
            source=ReportSource.QUERY,
            ts_event_ns=at_ms * 1_000_000,
        )
        for ticker in sorted(maybe_open)
        if ticker not in present
    )


class Rota:
    """Whose turn it is to be asked about; only who is still due is remembered."""

    def __init__(self) -> None:
        self._turns: dict[Name, int] = {}
        self._now = 0

    def turn(self, due: Iterable[KnownOrder], most: int) -> tuple[KnownOrder, ...]:
        """Return who is asked about in this turn: longest not asked first."""
        self._now += 1
        waiting = {_name(order): order for order in due}
        self._turns = {name: self._turns.get(name, 0) for name in waiting}
        return tuple(waiting[name] for name in sorted(waiting, key=self._turns.__getitem__)[:most])

    def asked(self, order: KnownOrder) -> None:
        self._turns[_name(order)] = self._now


def _name(order: KnownOrder) -> Name:
    return order.ticker, order.oid or order.cloid


class Doubts:
    """In how many runs in a row a kind of row could not be so; a few are worth asking again for."""

    def __init__(self) -> None:
        self._runs: Counter[str] = Counter()
        self._seen: set[str] = set()

    def begin(self) -> None:
        """A run begins: what the former one did not show is forgotten."""
        self._runs = Counter({kind: n for kind, n in self._runs.items() if kind in self._seen})
        self._seen = set()

    def are_new(self, faults: Iterable[Unsound]) -> bool:
        """Tell whether some of these were not told in too many runs already."""
        kinds = {f"{fault.what}.{fault.field}" for fault in faults}
        for kind in kinds - self._seen:
            self._runs[kind] += 1
        self._seen |= kinds
        return any(self._runs[kind] <= DOUBT_RUNS for kind in kinds)


def _has_order(fill: FillReport) -> bool:
    """Tell whether there is an order to ask for: what the venue does by itself may have none."""
    return fill.venue_order_id != NO_ORDER


class Strangers:
    """Orders known by a fill alone: its list names no client id, or its order was never told."""

    def __init__(self) -> None:
        self._tries: dict[Oid, int] = {}

    def see(self, fact: Report) -> None:
        """Learn of an order from its fill, or that an order is told."""
        if isinstance(fact, OrderReport) and fact.venue_order_id is not None:
            self._tries.pop((fact.ticker, fact.venue_order_id), None)
        elif isinstance(fact, FillReport) and _has_order(fact) and self._has_room():
            self._tries.setdefault((fact.ticker, fact.venue_order_id), 0)

    def _has_room(self) -> bool:
        return len(self._tries) < MAX_STRANGERS

    def orders(self, is_known: Callable[[Ticker, VenueOrderId], bool]) -> tuple[KnownOrder, ...]:
        """Return who is not known yet; forget those that are."""
        for oid in [one for one in self._tries if is_known(*one)]:
            del self._tries[oid]
        return tuple(
            KnownOrder(ticker, None, oid, OrderStatus.PENDING, 0) for ticker, oid in self._tries
        )

    def asked(self, order: KnownOrder, *, is_found: bool) -> None:
        """Count a question that found nothing; some fills have no order to ask for."""
        key = (order.ticker, order.oid or VenueOrderId(""))
        if is_found or key not in self._tries:
            return
        self._tries[key] += 1
        if self._tries[key] >= STRANGER_TRIES:
            del self._tries[key]
