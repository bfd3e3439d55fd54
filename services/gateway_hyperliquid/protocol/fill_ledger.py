"""What rows of the venue become, from the stream and from answers alike, with proven quantities.

1. The stream and the answers share one book of proofs, so that a fill that either brings
   completes an end that the other told.
"""

from services.gateway_hyperliquid.protocol.fill_proofs import Proofs
from services.gateway_hyperliquid.protocol.reports import (
    Reading,
    fill_cost,
    fill_report,
    order_report,
)
from services.gateway_hyperliquid.protocol.wire import FillRow, OrderUpdate
from tandem.domain.units import NS_PER_MS
from tandem.gateway.port.decoding import plain
from tandem.gateway.port.requests import Report
from tandem.messages.reports import OrderReport


class Witness:
    """Turns order states and fills into facts.

    Raises:
        UnreadableError: a row that cannot be so; nothing of it counts.
    """

    def __init__(self) -> None:
        self._proofs = Proofs()

    def order(self, update: OrderUpdate, reading: Reading) -> OrderReport | None:
        """Return an order's state, or None when its word is not known."""
        report = order_report(update, reading)
        if report is None or not report.order_status.is_terminal:
            return report
        row = update.order
        filled = plain(row.orig_sz, "origSz") - plain(row.sz, "sz")
        return self._proofs.end(report, filled, row.timestamp * NS_PER_MS)

    def fill(self, row: FillRow, reading: Reading) -> tuple[Report, ...]:
        """Return a fill, its cost, and the end of its order if this fill completes it."""
        report, cost = fill_report(row, reading), fill_cost(row, reading.exc)
        end = self._proofs.fill(report)
        return (report, cost) if end is None else (report, cost, end)

    def listed(self, since_ms: int, until_ns: int) -> tuple[OrderReport, ...]:
        """Return the ends that a list of every fill from `since_ms` to `until_ns` proves."""
        return self._proofs.listed(since_ms * NS_PER_MS, until_ns)
