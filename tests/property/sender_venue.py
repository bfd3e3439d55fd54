"""What the model's venue tells of an order that it accepted."""

from dataclasses import dataclass
from decimal import Decimal

from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus, Side
from tandem.messages.reports import FillReport, OrderReport

EXC, TICKER = Exc("v"), Ticker("SOL")


@dataclass(slots=True)
class Placed:
    """One order that the venue accepted."""

    cloid: ClientOrderId
    oid: int
    shown_ms: int

    def report(self, source: ReportSource) -> OrderReport:
        return OrderReport(
            exc=EXC,
            ticker=TICKER,
            order_status=OrderStatus.NEW,
            source=source,
            ts_event_ns=self.oid,
            client_order_id=self.cloid,
            venue_order_id=VenueOrderId(str(self.oid)),
            amount=Decimal(1),
        )

    def fill(self) -> FillReport:
        return FillReport(
            exc=EXC,
            ticker=TICKER,
            exec_id=ExecId(str(self.oid)),
            venue_order_id=VenueOrderId(str(self.oid)),
            client_order_id=self.cloid,
            side=Side.BUY,
            last_qty=Decimal("0.5"),
            last_px=Decimal(150),
            source=ReportSource.EVENT,
            ts_event_ns=self.oid,
        )
