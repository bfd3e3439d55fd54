"""What the exchanges' own books say against the system: nothing lost, nothing doubled.

1. Every trade of our accounts is in the log once, and the log holds no other: those under our
   tags, and those by which a venue closes a position, which concern no bucket. A log
   that came back empty holds those of the last minutes before that; the older ones are excused.
2. Each client id under our tags is at most one accepted order, with a cause in the log, and its
   fills never exceed the quantity of that cause.
3. For each bucket: maker fills x ratio = taker fills + the owed remainder that is shown. Where
   the log came back empty, each time may have forgotten less than one order could have traded.
4. In quiet, less than one tradable order is owed, nothing is in flight and no order is open.
5. Every copy's pages, Redis and the clients' mirrors equal the venues' books.
6. Makers were filled and hedges were sent: a run in which nothing happened shows nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tandem.domain.ids import MAKER_TAG, STRATEGY_TAG, is_taker_cloid
from tandem.domain.units import ZERO

REQUOTE_DIGITS = 4
BucketKey = tuple[str, str, str]


class Fault(StrEnum):
    """What can be wrong, by the promise it breaks."""

    LOST_FILL = "lost_fill"
    INVENTED_FILL = "invented_fill"
    DOUBLED_ORDER = "doubled_order"
    OVERFILLED = "overfilled"
    NO_CAUSE = "no_cause"
    NOT_CONSERVED = "not_conserved"
    STILL_OWED = "still_owed"
    STILL_OPEN = "still_open"
    ORDERS_DIFFER = "orders_differ"
    POSITIONS_DIFFER = "positions_differ"
    NOTHING_HAPPENED = "nothing_happened"


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise, with what shows it."""

    fault: Fault
    text: str


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An order that a venue accepted, by its own books; `amount` is signed.

    `ended_ms`: when it ended, or was changed last.
    """

    exc: str
    oid: str
    cloid: str
    amount: Decimal
    filled: Decimal
    is_open: bool
    ended_ms: int = 0


@dataclass(frozen=True, slots=True)
class VenueTrade:
    """A fill of ours in a venue's ledger; `amount` is signed."""

    exc: str
    oid: str
    cloid: str
    amount: Decimal
    price: Decimal
    time_ms: int

    @property
    def what(self) -> "What":
        return (self.exc, self.oid, self.amount, self.price)


What = tuple[str, str, Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an order may be at a venue: its logged amount, and each bucket with its ratio.

    A maker's legs say what a unit of its fills adds to a bucket's need; a taker's one leg, with
    ratio 1, says which bucket it serves. A plain order of a strategy concerns no bucket.
    """

    amount: Decimal
    legs: tuple[tuple[BucketKey, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A bucket's numbers as the hedger shows them; `least` is the least that could be traded."""

    owed: Decimal
    in_flight: Decimal
    least: Decimal


@dataclass(frozen=True, slots=True)
class View:
    """One reader's open orders (oid: amount, filled) and positions of one account."""

    reader: str
    exc: str
    orders: Mapping[str, tuple[Decimal, Decimal]] | None = None
    positions: Mapping[str, Decimal] | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the verdict rests on. `fills` are the log's, one entry a stored fact.

    Causes are by client id, from every log that there was; makers by the client id without its
    re-quote digits (`stem`). `told_since_ms`: older trades may be missing in the log; 0: none.
    `forgetful` counts the times that the log came back without such older trades.
    """

    orders: tuple[VenueOrder, ...] = ()
    trades: tuple[VenueTrade, ...] = ()
    fills: tuple[What, ...] = ()
    makers: Mapping[str, Cause] | None = None
    takers: Mapping[str, Cause] | None = None
    plain: Mapping[str, Cause] | None = None
    buckets: Mapping[BucketKey, Shown] | None = None
    books: tuple[View, ...] = ()
    views: tuple[View, ...] = ()
    told_since_ms: int = 0
    forgetful: int = 0

    def cause(self, cloid: str) -> Cause | None:
        """Return why an order exists, or None when the log does not say."""
        if is_taker_cloid(cloid):
            return (self.takers or {}).get(cloid)
        if is_plain_cloid(cloid):
            return (self.plain or {}).get(cloid)
        return (self.makers or {}).get(stem(cloid))


def is_maker_cloid(cloid: str) -> bool:
    return cloid.startswith(f"0x{MAKER_TAG}")


def is_plain_cloid(cloid: str) -> bool:
    """Tell whether a strategy's client gave this id to an order that hedges nothing."""
    return cloid.startswith(f"0x{STRATEGY_TAG}")


def is_tagged(cloid: str) -> bool:
    return is_taker_cloid(cloid) or is_maker_cloid(cloid) or is_plain_cloid(cloid)


def stem(cloid: str) -> str:
    """Return what the client ids of one hedge's re-quoted makers share."""
    return cloid[:-REQUOTE_DIGITS]


def judge(evidence: Evidence) -> list[Finding]:
    """Return every promise that is broken; an empty list is what the run is for."""
    return [
        *fills_differ(evidence),
        *orders_doubled(evidence),
        *orders_unexplained(evidence),
        *not_conserved(evidence),
        *not_quiet(evidence),
        *views_differ(evidence),
        *nothing_happened(evidence),
    ]


def fills_differ(evidence: Evidence) -> list[Finding]:
    """Compare the venues' trades with the log's fills (invariant 1)."""
    trades = evidence.trades
    traded, logged = Counter(trade.what for trade in trades), Counter(evidence.fills)
    older = Counter(one.what for one in trades if one.time_ms < evidence.told_since_ms)
    lost = _each(Fault.LOST_FILL, traded - logged - older)
    return lost + _each(Fault.INVENTED_FILL, logged - traded)


def _each(fault: Fault, counted: Mapping[What, int]) -> list[Finding]:
    return [
        Finding(fault, f"{exc} order {oid}: {amount} at {price}, {count} times")
        for (exc, oid, amount, price), count in sorted(counted.items())
    ]


def orders_doubled(evidence: Evidence) -> list[Finding]:
    """Find client ids under our tags that are more than one accepted order (invariant 2)."""
    oids = defaultdict(list)
    for order in evidence.orders:
        if is_tagged(order.cloid):
            oids[order.exc, order.cloid].append(order.oid)
    return [
        Finding(Fault.DOUBLED_ORDER, f"{exc} {cloid}: orders {', '.join(found)}")
        for (exc, cloid), found in oids.items()
        if len(set(found)) > 1
    ]


def orders_unexplained(evidence: Evidence) -> list[Finding]:
    """Find orders without a cause, and those filled beyond their cause (invariant 2)."""
    traded: dict[str, Decimal] = defaultdict(Decimal)
    for trade in evidence.trades:
        traded[trade.cloid] += abs(trade.amount)
    found = []
    for order in evidence.orders:
        if not is_tagged(order.cloid):
            continue
        cause = evidence.cause(order.cloid)
        filled = max(traded[order.cloid], order.filled)
        if cause is None:
            found.append(Finding(Fault.NO_CAUSE, f"{order.exc} {order.cloid}: order {order.oid}"))
        elif filled > abs(cause.amount):
            text = f"{order.exc} {order.cloid}: filled {filled} of {abs(cause.amount)}"
            found.append(Finding(Fault.OVERFILLED, text))
    return found


def needs(evidence: Evidence) -> dict[BucketKey, Decimal]:
    """Return what each bucket owes by the venues' trades: maker fills x ratio - taker fills."""
    owed: dict[BucketKey, Decimal] = defaultdict(Decimal)
    for trade in evidence.trades:
        for bucket, amount in added(evidence, trade):
            owed[bucket] += amount
    return dict(owed)


def added(evidence: Evidence, trade: VenueTrade) -> list[tuple[BucketKey, Decimal]]:
    """Return what one trade adds to the need of each bucket that it concerns."""
    cause = evidence.cause(trade.cloid) if is_tagged(trade.cloid) else None
    if cause is None:
        return []
    sign = -1 if is_taker_cloid(trade.cloid) else 1
    return [(bucket, sign * ratio * trade.amount) for bucket, ratio in cause.legs]


def not_conserved(evidence: Evidence) -> list[Finding]:
    """Compare each bucket's need by the books with what the hedger shows (invariant 3)."""
    shown, owed, found = evidence.buckets or {}, needs(evidence), []
    for key in sorted(owed.keys() | shown.keys()):
        books, said = owed.get(key, ZERO), shown.get(key)
        if not _is_conserved(evidence, books, said):
            text = f"{'/'.join(key)}: books {books}, shown {said and said.owed}"
            found.append(Finding(Fault.NOT_CONSERVED, text))
    return found


def _is_conserved(evidence: Evidence, books: Decimal, said: Shown | None) -> bool:
    if said is not None and said.owed == books:
        return True
    least = max((one.least for one in (evidence.buckets or {}).values()), default=ZERO)
    return abs(books - (said.owed if said is not None else ZERO)) < least * evidence.forgetful


def not_quiet(evidence: Evidence) -> list[Finding]:
    """Find what is still owed, in flight or open (invariant 4)."""
    found = [
        Finding(Fault.STILL_OWED, f"{'/'.join(key)}: {shown}")
        for key, shown in (evidence.buckets or {}).items()
        if shown.in_flight or abs(shown.owed) >= shown.least
    ]
    still = (order for order in evidence.orders if order.is_open and is_tagged(order.cloid))
    return found + [Finding(Fault.STILL_OPEN, f"{one.exc} {one.cloid} {one.oid}") for one in still]


def views_differ(evidence: Evidence) -> list[Finding]:
    """Compare every reader's pages with the venues' books (invariant 5)."""
    books = {book.exc: book for book in evidence.books}
    return [finding for view in evidence.views for finding in _differ(view, books[view.exc])]


def _differ(view: View, book: View) -> Iterable[Finding]:
    pairs = (
        (Fault.ORDERS_DIFFER, view.orders, book.orders),
        (Fault.POSITIONS_DIFFER, view.positions, book.positions),
    )
    for fault, ours, theirs in pairs:
        if ours is not None and theirs is not None and dict(ours) != dict(theirs):
            only = dict(ours.items() - theirs.items()), dict(theirs.items() - ours.items())
            yield Finding(fault, f"{view.reader} of {view.exc}: ours {only[0]}, theirs {only[1]}")


def nothing_happened(evidence: Evidence) -> list[Finding]:
    """Find a run without a maker fill, or without a hedge (invariant 6)."""
    kinds = (("maker fill", is_maker_cloid), ("hedge", is_taker_cloid))
    return [
        Finding(Fault.NOTHING_HAPPENED, f"no {name} at any venue")
        for name, is_kind in kinds
        if not any(is_kind(trade.cloid) for trade in evidence.trades)
    ]
