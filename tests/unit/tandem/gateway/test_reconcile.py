"""What the log misses against the venue's own lists."""

from decimal import Decimal

from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus
from tandem.gateway.known import KnownOrder
from tandem.gateway.reconcile import flat_positions, orders_to_ask
from tandem.messages.reports import OrderReport, PositionReport

EXC, SOL, ETH = Exc("v"), Ticker("SOL"), Ticker("ETH")


def live(name: str, *, ts_ns: int = 1, ticker: Ticker = SOL) -> KnownOrder:
    cloid, oid = ClientOrderId(f"c{name}"), VenueOrderId(name)
    return KnownOrder(ticker, cloid, oid, OrderStatus.NEW, ts_ns)


def listed(name: str, *, cloid: bool = True, ticker: Ticker = SOL) -> OrderReport:
    return OrderReport(
        exc=EXC,
        ticker=ticker,
        order_status=OrderStatus.NEW,
        source=ReportSource.QUERY,
        ts_event_ns=1,
        client_order_id=ClientOrderId(f"c{name}") if cloid else None,
        venue_order_id=VenueOrderId(name),
    )


def position(ticker: Ticker) -> PositionReport:
    return PositionReport(
        exc=EXC,
        ticker=ticker,
        amount=Decimal(1),
        entry=Decimal(1),
        source=ReportSource.QUERY,
        ts_event_ns=1,
    )


def test_live_order_that_is_not_listed_is_asked_for() -> None:
    assert orders_to_ask([live("1"), live("2")], [listed("1")], 10) == (live("2"),)


def test_order_listed_under_its_venue_id_alone_is_not_asked_for() -> None:
    assert orders_to_ask([live("1")], [listed("1", cloid=False)], 10) == ()


def test_same_venue_id_on_another_ticker_is_another_order() -> None:
    other = listed("1", cloid=False, ticker=ETH)
    assert orders_to_ask([live("1")], [other], 10) == (live("1"),)


def test_order_reported_since_the_request_is_not_asked_for() -> None:
    assert orders_to_ask([live("1", ts_ns=10)], [], 10) == ()


def test_ticker_missing_from_a_full_listing_is_flat_as_of_the_request() -> None:
    flat = flat_positions(EXC, {SOL, ETH}, [position(ETH)], 5)
    assert [(one.ticker, one.amount, one.ts_event_ns) for one in flat] == [
        (SOL, Decimal(0), 5_000_000)
    ]
