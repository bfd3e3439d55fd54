"""When a list proves that the account's stream went mute."""

from decimal import Decimal

import msgspec

from tandem.domain.execution import ReportSource
from tandem.domain.ids import Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus, Side
from tandem.gateway.heard import CLOCK_MS, GRACE_MS, Heard
from tandem.messages.reports import FillReport, OrderReport

SINCE_MS = 1_000_000
THEN_MS = SINCE_MS + CLOCK_MS + 1
LATE_MS = THEN_MS + GRACE_MS + 1
FILL = FillReport(
    exc=Exc("v"),
    ticker=Ticker("SOL"),
    exec_id=ExecId("e1"),
    venue_order_id=VenueOrderId("7"),
    side=Side.BUY,
    last_qty=Decimal(1),
    last_px=Decimal(100),
    source=ReportSource.QUERY,
    ts_event_ns=THEN_MS * 1_000_000,
)


def order(status: OrderStatus) -> OrderReport:
    return OrderReport(
        exc=Exc("v"),
        ticker=Ticker("SOL"),
        order_status=status,
        source=ReportSource.QUERY,
        ts_event_ns=THEN_MS * 1_000_000,
        venue_order_id=VenueOrderId("7"),
    )


def opened() -> Heard:
    heard = Heard()
    heard.opened(SINCE_MS)
    return heard


def test_listed_fill_that_the_stream_never_tells_is_missed_after_the_grace() -> None:
    heard = opened()
    heard.listed(FILL)
    assert heard.missed(THEN_MS + GRACE_MS) == ()
    assert heard.missed(LATE_MS) == ("fill SOL e1",)


def test_fill_that_the_stream_told_first_is_not_missed() -> None:
    heard = opened()
    heard.told(FILL)
    heard.listed(FILL)
    assert heard.missed(LATE_MS) == ()


def test_fill_that_the_stream_tells_within_the_grace_is_not_missed() -> None:
    heard = opened()
    heard.listed(FILL)
    heard.told(FILL)
    assert not heard.is_waiting
    assert heard.missed(LATE_MS) == ()


def test_what_happened_before_the_stream_was_up_is_not_missed() -> None:
    heard = opened()
    heard.listed(msgspec.structs.replace(FILL, ts_event_ns=SINCE_MS * 1_000_000))
    assert heard.missed(LATE_MS) == ()


def test_nothing_is_missed_while_no_stream_is_up() -> None:
    heard = opened()
    heard.listed(FILL)
    heard.closed()
    heard.listed(FILL)
    assert heard.missed(LATE_MS) == ()


def test_end_is_missed_although_the_order_was_told() -> None:
    heard = opened()
    heard.told(order(OrderStatus.NEW))
    heard.listed(order(OrderStatus.CANCELLED))
    assert heard.missed(LATE_MS) == ("end of order SOL 7",)


def test_order_whose_end_was_told_is_known_to_exist() -> None:
    heard = opened()
    heard.told(order(OrderStatus.FILLED))
    heard.listed(order(OrderStatus.NEW))
    assert heard.missed(LATE_MS) == ()


def test_refused_order_is_told_by_no_stream_of_every_venue() -> None:
    heard = opened()
    heard.listed(order(OrderStatus.REJECTED))
    assert heard.missed(LATE_MS) == ()
