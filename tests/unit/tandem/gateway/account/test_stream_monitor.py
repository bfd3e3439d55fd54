"""When a list proves that the account's stream went mute."""

from decimal import Decimal

import msgspec

from tandem.domain.execution import ReportSource
from tandem.domain.ids import Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus, Side
from tandem.gateway.account.stream_monitor import CLOCK_MS, GRACE_MS, Heard, Missed
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
    heard.listed(FILL, THEN_MS)
    assert heard.judge(THEN_MS + GRACE_MS - 1) is None
    assert heard.judge(LATE_MS) == Missed(("fill SOL e1",), is_mute=True)
    assert heard.judge(LATE_MS) is None


def test_fill_that_the_stream_told_first_is_not_missed() -> None:
    heard = opened()
    heard.told(FILL)
    heard.listed(FILL, THEN_MS)
    assert heard.judge(LATE_MS) is None


def test_fill_that_the_stream_tells_within_the_grace_is_not_missed() -> None:
    heard = opened()
    heard.listed(FILL, THEN_MS)
    heard.told(FILL)
    assert not heard.is_waiting
    assert heard.judge(LATE_MS) is None


def test_what_happened_before_the_stream_was_up_is_not_missed() -> None:
    heard = opened()
    heard.listed(msgspec.structs.replace(FILL, ts_event_ns=SINCE_MS * 1_000_000), SINCE_MS)
    assert heard.judge(LATE_MS) is None


def test_nothing_is_missed_while_no_stream_is_up() -> None:
    heard = opened()
    heard.listed(FILL, THEN_MS)
    heard.closed()
    heard.listed(FILL, THEN_MS)
    assert heard.judge(LATE_MS) is None


def test_end_is_missed_although_the_order_was_told() -> None:
    heard = opened()
    heard.told(order(OrderStatus.NEW))
    heard.listed(order(OrderStatus.CANCELLED), THEN_MS)
    assert heard.judge(LATE_MS) == Missed(("end of order SOL 7",), is_mute=True)


def test_order_whose_end_was_told_is_known_to_exist() -> None:
    heard = opened()
    heard.told(order(OrderStatus.FILLED))
    heard.listed(order(OrderStatus.NEW), THEN_MS)
    assert heard.judge(LATE_MS) is None


def test_refused_order_is_told_by_no_stream_of_every_venue() -> None:
    heard = opened()
    heard.listed(order(OrderStatus.REJECTED), THEN_MS)
    assert heard.judge(LATE_MS) is None


def test_list_read_late_gives_the_stream_its_grace_all_the_same() -> None:
    heard = opened()
    heard.listed(FILL, LATE_MS)
    assert heard.judge(LATE_MS) is None
    assert heard.judge(LATE_MS + GRACE_MS) is not None


def test_stream_that_told_more_than_it_lost_is_not_mute() -> None:
    heard = opened()
    heard.listed(FILL, THEN_MS)
    for number in range(2):
        heard.told(msgspec.structs.replace(FILL, exec_id=ExecId(f"other{number}")))
    assert heard.judge(LATE_MS) == Missed(("fill SOL e1",), is_mute=False)


def test_what_the_stream_told_before_it_went_mute_does_not_excuse_it() -> None:
    heard = opened()
    for number in range(9):
        before = msgspec.structs.replace(FILL, exec_id=ExecId(f"b{number}"), ts_event_ns=1)
        heard.told(before)
    heard.listed(FILL, THEN_MS)
    assert heard.judge(LATE_MS) == Missed(("fill SOL e1",), is_mute=True)


def test_missed_fact_listed_again_is_counted_once() -> None:
    heard = opened()
    heard.listed(FILL, THEN_MS)
    assert heard.judge(LATE_MS) is not None
    heard.listed(FILL, LATE_MS)
    assert heard.judge(LATE_MS + GRACE_MS) is None
