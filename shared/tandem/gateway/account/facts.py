"""What a gateway logs: when it happened at the venue, and what follows from its kind (pure)."""

from collections.abc import Sequence

import msgspec

from tandem.domain.execution import ReportSource
from tandem.domain.order import OrderStatus
from tandem.messages.message import Message
from tandem.messages.reports import (
    FillCost,
    FillReport,
    IntentRefused,
    LinkReport,
    OrderReport,
    PositionReport,
    SenderReport,
)

GatewayFact = (
    OrderReport | FillReport | FillCost | PositionReport | IntentRefused | LinkReport | SenderReport
)


def venue_ns(fact: GatewayFact) -> int | None:
    """Return when it happened at the venue; None for facts of our own."""
    match fact:
        case OrderReport() | FillReport() | FillCost() | PositionReport():
            return fact.ts_event_ns
        case IntentRefused() | LinkReport() | SenderReport():
            return None


def stamped(fact: GatewayFact, sent_ns: int) -> GatewayFact:
    """Return the fact with the time at which it is logged."""
    if isinstance(fact, OrderReport | FillReport):
        return msgspec.structs.replace(fact, ts_sent_ns=sent_ns)
    return fact


def as_it_is(fact: GatewayFact) -> GatewayFact:
    return fact


def let_go(fill: FillReport) -> None:
    """Do nothing about a fill that is not logged."""


def order_name(report: OrderReport) -> str:
    """Return the venue's name of an order: ids are the venue's, on Binance one series a symbol."""
    return f"{report.ticker} {report.venue_order_id or report.client_order_id}"


def is_conclusion(fact: GatewayFact) -> bool:
    """Tell whether a fact is what the sender made of it, and not what the venue showed.

    Only the one that may send can conclude: that an order is refused, or in doubt, or that a
    venue's refusal of one request was the end of its order.
    """
    if not isinstance(fact, OrderReport):
        return isinstance(fact, IntentRefused)
    is_refusal = fact.source is ReportSource.ACK and fact.order_status is OrderStatus.REJECTED
    return is_refusal or fact.source is ReportSource.LOCAL or fact.in_doubt


def without_passed_stages(following: Sequence[GatewayFact]) -> list[GatewayFact]:
    """Leave out how far an order was where the same list says how far it came after that.

    A later quantity that is not less, at a time that is not earlier, is all that a reader of both
    would keep; the fills in between are facts of their own.
    """
    newest: dict[str, OrderReport] = {}
    for fact in following:
        if isinstance(fact, OrderReport) and fact.order_status is OrderStatus.PARTIAL:
            newest[order_name(fact)] = fact
    return [one for one in following if not _is_passed(one, newest)]


def _is_passed(fact: GatewayFact, newest: dict[str, OrderReport]) -> bool:
    if not isinstance(fact, OrderReport) or fact.order_status is not OrderStatus.PARTIAL:
        return False
    later = newest[order_name(fact)]
    if later is fact or fact.cum_qty is None or later.cum_qty is None:
        return False
    return later.cum_qty >= fact.cum_qty and later.ts_event_ns >= fact.ts_event_ns


def is_told(fact: Message) -> bool:
    """Tell whether the venue's stream brought a fact."""
    return isinstance(fact, OrderReport | FillReport) and fact.source is ReportSource.EVENT


def may_follow(fact: GatewayFact) -> bool:
    """Tell whether no hedge waits for a fact: costs, positions, an order's life while it lives."""
    if isinstance(fact, OrderReport):
        told_by_stream = fact.source is ReportSource.EVENT and not fact.in_doubt
        return told_by_stream and not fact.order_status.is_terminal
    return isinstance(fact, FillCost | PositionReport)
