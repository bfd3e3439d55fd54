"""What the venue has proven about one order of ours, maker or taker (pure).

1. The proven quantity is, per venue order, the higher of the highest cumulative reported and the
   sum of distinct fills; over the venue orders of one client id (modify) it is their sum. It
   never falls, and any order or repetition of the same facts ends at the same number.
2. A report that gives no cumulative proves no quantity, whatever its status says: a Hyperliquid
   `filled` or `canceled` without one leaves everything from the fills to the whole possible.
3. An end is proven by a refusal, by a terminal report with its cumulative, by the answer to an
   immediate order that names what it filled, or by the whole quantity being filled.
4. A doubt proves nothing and ends nothing.
5. No order fills more than it was for, as amended, nor a venue order more than the venue says. What
   facts prove beyond that is a fault (a trade told twice under two names, say): it is shown and
   alarmed, and does not count.
"""

from collections.abc import Iterable
from decimal import Decimal
from functools import reduce
from typing import NamedTuple

from msgspec import Struct, field

from tandem.domain.execution import ReportSource
from tandem.domain.ids import VenueOrderId
from tandem.domain.order import OrderStatus, RejectReason, join_status, weight_of_words
from tandem.domain.seen_ids import SeenIds
from tandem.domain.units import ZERO
from tandem.messages.reports import FillReport, OrderReport

NAMELESS = VenueOrderId("")


class VenueOrder(Struct):
    """One order as the venue numbers it: what reports claim, what fills add up to.

    `size` is the largest quantity that the venue has given a resting one.
    """

    size: Decimal = ZERO
    claimed: Decimal = ZERO
    filled: Decimal = ZERO
    status: OrderStatus = OrderStatus.PENDING
    ended: bool = False
    exec_ids: SeenIds = field(default_factory=SeenIds)


class Evidence(Struct):
    """All that is known of the order with one client id.

    `quantity` is the most it can fill; `immediate` says that it cannot rest (every taker).
    `asked`: what it was asked for, None while the decision of a taker is not known.
    `is_excess`: it was told that more is proven than the order is for.
    `is_sized`: the quantity is known; that of an order whose decision was lost is told by a report.
    `reason` and `text` say why it ended as `ended_as`; `reason` is None while no class was told.
    `doubt` says why its outcome is unknown. `was_sent` is False once a gateway has proven that no
    request of it is, or can come to be, at the venue.
    """

    quantity: Decimal
    asked: Decimal | None = None
    immediate: bool = False
    is_sized: bool = True
    in_doubt: bool = False
    was_sent: bool = True
    reason: RejectReason | None = None
    text: str = ""
    is_excess: bool = False
    venue_orders: dict[VenueOrderId, VenueOrder] = field(default_factory=dict)
    ended_as: OrderStatus = OrderStatus.PENDING
    doubt: str = ""


def proven(order: Evidence) -> Decimal:
    """Return what has certainly been filled."""
    total = ZERO
    for one in order.venue_orders.values():
        total += max(one.filled, one.claimed)
    return total


def counted(order: Evidence) -> Decimal:
    """Return what of the proven quantity counts: no more than the order is for (5).

    A maker's quantity grows when the venue amends it, or another order takes its place; each of
    them fills no more than its own size. A taker's shrinks where the venue made it smaller, and
    what it was asked for stays.
    """
    if order.immediate:
        total = proven(order)
        return total if order.asked is None else min(total, order.asked)
    return min(sum((_filled(order, one) for one in _each(order)), ZERO), order.quantity)


def _each(order: Evidence) -> Iterable[VenueOrder]:
    return order.venue_orders.values()


def _filled(order: Evidence, one: VenueOrder) -> Decimal:
    """Return what one venue order of a maker has filled, by its size or else by what was asked."""
    most = one.size or order.asked
    told = max(one.filled, one.claimed)
    return told if most is None else min(told, most)


def exceeds(order: Evidence) -> bool:
    """Tell, once until it is no longer so, that more is proven than the order is for."""
    total, counts = proven(order), counted(order)
    if total == counts:
        order.is_excess = False
        return False
    is_news, order.is_excess = not order.is_excess, True
    return is_news


def fills_sum(order: Evidence) -> Decimal:
    """Return the part of the proven quantity whose fills, and so whose prices, are known."""
    return sum((one.filled for one in order.venue_orders.values()), ZERO)


def status(order: Evidence) -> OrderStatus:
    """Return how far the order is: that of its live venue order, else the highest ended one."""
    statuses = [one.status for one in order.venue_orders.values()]
    if len(statuses) == 1:
        return statuses[0]
    live = [one for one in statuses if not one.is_terminal]
    return reduce(join_status, live or statuses, OrderStatus.PENDING)


def is_ended(order: Evidence) -> bool:
    """Tell whether the venue has proven that nothing more can fill."""
    orders = order.venue_orders
    if orders and all(one.ended for one in orders.values()):
        return True
    return order.is_sized and proven(order) >= order.quantity


def is_complete(order: Evidence) -> bool:
    """Tell whether the whole quantity is filled and each fill known: nothing new can come."""
    return order.is_sized and fills_sum(order) >= order.quantity


class Standing(NamedTuple):
    """What readers of an order can see of its evidence; `proven`: as far as it counts."""

    proven: Decimal
    status: OrderStatus
    is_ended: bool
    text: str


def standing(order: Evidence) -> Standing:
    return Standing(counted(order), status(order), is_ended(order), order.doubt or order.text)


def absorb_report(order: Evidence, report: OrderReport) -> None:
    """Take in what a report proves; repetitions and older reports change nothing."""
    venue_order = _venue_order(order, report.venue_order_id)
    if report.cum_qty is not None:
        venue_order.claimed = max(venue_order.claimed, report.cum_qty)
    if report.in_doubt:
        order.in_doubt, order.doubt = True, report.text
        return
    order.in_doubt, order.doubt = False, ""
    venue_order.status = join_status(venue_order.status, report.order_status)
    if _proves_end(order, report):
        venue_order.ended = True
    _take_words(order, report)
    _shrink(order, report)
    _grow(order, venue_order, report)


def _take_words(order: Evidence, report: OrderReport) -> None:
    """Keep of all words for why the order ended those that say most."""
    if report.reason is not None:
        order.was_sent &= report.source is not ReportSource.LOCAL
    if not report.order_status.is_terminal or (report.reason is None and not report.text):
        return
    known = weight_of_words(order.ended_as, order.reason, order.text)
    if weight_of_words(report.order_status, report.reason, report.text) > known:
        order.ended_as, order.reason, order.text = report.order_status, report.reason, report.text


def absorb_fill(order: Evidence, fill: FillReport) -> bool:
    """Count a fill once; False when it was known."""
    venue_order = _venue_order(order, fill.venue_order_id)
    if fill.cum_qty is not None:
        venue_order.claimed = max(venue_order.claimed, fill.cum_qty)
    if not venue_order.exec_ids.add(fill.exec_id):
        return False
    venue_order.filled += fill.last_qty
    if not order.immediate:
        _add_up(order)
    return True


def _venue_order(order: Evidence, name: VenueOrderId | None) -> VenueOrder:
    """Return the venue order; facts that came before its number was known go with it."""
    orders = order.venue_orders
    if name is None:
        return next(iter(orders.values())) if orders else orders.setdefault(NAMELESS, VenueOrder())
    if name not in orders:
        orders[name] = orders.pop(NAMELESS) if NAMELESS in orders else VenueOrder()
    return orders[name]


def _proves_end(order: Evidence, report: OrderReport) -> bool:
    if report.order_status is OrderStatus.REJECTED:
        return True
    if report.cum_qty is None:
        return False
    if report.order_status.is_terminal:
        return True
    # Hyperliquid answers an IOC with `filled.totalSz`: what it did not fill is already gone.
    return order.immediate and report.source is ReportSource.ACK and report.cum_qty > 0


def _shrink(order: Evidence, report: OrderReport) -> None:
    """Take the venue's quantity where it made the order smaller (reduce-only), or alone has it."""
    if order.immediate and report.amount is not None and report.amount != 0:
        resize(order, abs(report.amount))


def _grow(order: Evidence, venue_order: VenueOrder, report: OrderReport) -> None:
    """Take the venue's quantities where a resting order was modified to fill more."""
    if not order.immediate:
        venue_order.size = max(venue_order.size, abs(report.amount or ZERO))
        _add_up(order)


def _add_up(order: Evidence) -> None:
    """Let a maker be for what its ended orders have filled, and its resting ones may."""
    most = (_filled(order, one) if one.ended else one.size for one in _each(order))
    order.quantity = max(order.quantity, sum(most, ZERO))


def end(order: Evidence) -> None:
    """Take it as proven that nothing more can fill: what is known is all there is."""
    if not order.venue_orders:
        order.venue_orders[NAMELESS] = VenueOrder()
    for one in order.venue_orders.values():
        one.status = join_status(one.status, OrderStatus.EXPIRED)
        one.ended = True


def resize(order: Evidence, quantity: Decimal) -> None:
    """Learn that the order can fill no more than this."""
    order.quantity = min(order.quantity, quantity) if order.is_sized else quantity
    order.is_sized = True
