"""Orders as their venue has them, and its answers that carry nothing but a client id."""

from dataclasses import dataclass
from decimal import Decimal

from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, Ticker
from tandem.domain.order import OrderStatus, RejectReason
from tandem.messages.reports import OrderReport

TAKER_EXC = Exc("takers")
TICKER = Ticker("COIN")


class BrokenError(AssertionError):
    """A property of the hedger does not hold in this episode."""


@dataclass
class Order:
    """An order as its venue has it: what was really filled, whatever the log knows."""

    cloid: ClientOrderId
    amount: Decimal
    filled: Decimal = Decimal(0)
    is_open: bool = True

    @property
    def signed(self) -> Decimal:
        return self.filled if self.amount > 0 else -self.filled


def doubt(cloid: ClientOrderId, now_ns: int) -> OrderReport:
    return OrderReport(
        exc=TAKER_EXC,
        ticker=TICKER,
        order_status=OrderStatus.PENDING,
        source=ReportSource.LOCAL,
        ts_event_ns=now_ns,
        client_order_id=cloid,
        in_doubt=True,
    )


def refusal(cloid: ClientOrderId, now_ns: int, reason: RejectReason) -> OrderReport:
    return OrderReport(
        exc=TAKER_EXC,
        ticker=TICKER,
        order_status=OrderStatus.REJECTED,
        source=ReportSource.ACK,
        ts_event_ns=now_ns,
        client_order_id=cloid,
        reason=reason,
    )
