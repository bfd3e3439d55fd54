from decimal import Decimal

from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus, Side
from tandem.gateway.port.order_bounds import OrderTerms, Terms
from tandem.messages.reports import FillReport, OrderReport

D, SOL, A = Decimal, Ticker("SOL"), ClientOrderId("a")


def report(amount: str | None, cloid: str | None = "a", oid: str | None = "5") -> OrderReport:
    return OrderReport(
        exc=Exc("venue"),
        ticker=SOL,
        order_status=OrderStatus.NEW,
        source=ReportSource.EVENT,
        ts_event_ns=1,
        client_order_id=ClientOrderId(cloid) if cloid else None,
        venue_order_id=VenueOrderId(oid) if oid else None,
        amount=D(amount) if amount else None,
    )


def fill(oid: str, cloid: str | None = None) -> FillReport:
    return FillReport(
        exc=Exc("venue"),
        ticker=SOL,
        exec_id=ExecId("1"),
        venue_order_id=VenueOrderId(oid),
        client_order_id=ClientOrderId(cloid) if cloid else None,
        side=Side.BUY,
        last_qty=D(1),
        last_px=D(1),
        source=ReportSource.QUERY,
        ts_event_ns=1,
    )


def test_what_the_log_asks_for_is_the_bound_by_either_name() -> None:
    terms = Terms()
    terms.asked(A, SOL, D(-2))
    assert terms.of(report("-1")) == OrderTerms(SOL, D(-2))
    assert terms.of(fill("5")) is None
    terms.told(report("-1"))
    assert terms.of(fill("5")) == OrderTerms(SOL, D(-2))
    terms.asked(A, SOL, D(9))
    assert terms.of(fill("6", "a")) == OrderTerms(SOL, D(-2))


def test_order_of_another_is_bounded_by_the_most_that_was_told() -> None:
    terms = Terms()
    for amount in ("1", "3", "2", None, "0"):
        terms.told(report(amount, cloid=None))
    assert terms.of(fill("5")) == OrderTerms(SOL, D(3))
    assert terms.of(fill("6")) is None


def test_order_that_was_made_larger_at_the_venue_keeps_the_larger_bound() -> None:
    terms = Terms()
    terms.asked(A, SOL, D(2))
    terms.told(report("5", oid=None))
    assert terms.of(report("1", oid=None)) == OrderTerms(SOL, D(5))
    terms.told(report("1", cloid="b", oid=None))
    assert terms.of(report("1", cloid="b", oid=None)) is None


def test_what_cannot_be_counted_with_bounds_nothing() -> None:
    terms = Terms()
    for amount in ("NaN", "Infinity", "0", "1E+99"):
        terms.asked(A, SOL, D(amount))
    assert terms.of(report("1", oid=None)) is None


def test_memory_is_bounded() -> None:
    terms = Terms(max_orders=2)
    for number in "123":
        terms.asked(ClientOrderId(number), SOL, D(1))
        terms.told(report("1", cloid=None, oid=number))
    terms.told(report("1", cloid=None, oid="2"))
    assert terms.of(fill("9", "1")) is None
    assert terms.of(fill("1")) is None
    assert terms.of(fill("2")) is not None
