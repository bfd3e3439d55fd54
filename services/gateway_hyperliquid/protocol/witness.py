"""What rows of the venue become, from the stream and from answers alike, with proven quantities.

1. The stream and the answers share one book of proofs, so that a fill that either brings
   completes an end that the other told.
"""

from collections.abc import Iterable

from services.gateway_hyperliquid.protocol.payloads import FillRow, OrderUpdate
from services.gateway_hyperliquid.protocol.proofs import Proofs
from services.gateway_hyperliquid.protocol.reports import (
    NS_PER_MS,
    Reading,
    fill_cost,
    fill_report,
    order_report,
)
from tandem.gateway.requests import Report
from tandem.messages.reports import OrderReport


class Witness:
    """Turns order states and fills into facts."""

    def __init__(self) -> None:
        self._proofs = Proofs()

    def order(self, update: OrderUpdate, reading: Reading) -> OrderReport | None:
        """Return an order's state, or None when its word is not known."""
        report = order_report(update, reading)
        if report is None or not report.order_status.is_terminal:
            return report
        row = update.order
        return self._proofs.end(report, row.orig_sz - row.sz, row.timestamp * NS_PER_MS)

    def fills(self, rows: Iterable[FillRow], reading: Reading) -> tuple[Report, ...]:
        """Return each fill, its cost, and the ends of orders that these fills complete."""
        facts: list[Report] = []
        for row in rows:
            report = fill_report(row, reading)
            facts += (report, fill_cost(row, reading.exc))
            end = self._proofs.fill(report)
            if end is not None:
                facts.append(end)
        return tuple(facts)

    def listed(self, since_ms: int, until_ns: int) -> tuple[OrderReport, ...]:
        """Return the ends that a list of every fill from `since_ms` to `until_ns` proves."""
        return self._proofs.listed(since_ms * NS_PER_MS, until_ns)
