"""What the log misses against what the venue lists: our orders, our positions (pure).

1. An order that we hold live and the venue does not list is asked for, never assumed ended.
2. A position that may be open and is missing from a full listing is flat as of the request.
"""

from collections.abc import Iterable
from decimal import Decimal

from tandem.domain.execution import ReportSource
from tandem.domain.ids import Exc, Ticker
from tandem.gateway.known import KnownOrder
from tandem.gateway.requests import Report
from tandem.messages.reports import OrderReport, PositionReport

ZERO = Decimal(0)


def orders_to_ask(
    live: Iterable[KnownOrder], listed: Iterable[Report], older_than_ns: int
) -> tuple[KnownOrder, ...]:
    """Return the live orders that the listing lacks, except those reported since the request."""
    names = {
        name
        for report in listed
        if isinstance(report, OrderReport)
        for name in (report.client_order_id, (report.ticker, report.venue_order_id))
    }
    return tuple(
        order
        for order in live
        if order.last_ns < older_than_ns
        and order.cloid not in names
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
