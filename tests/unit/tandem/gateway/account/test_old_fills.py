"""What a person is told of fills that are too old to be logged."""

from decimal import Decimal

from tandem.domain.execution import ReportSource
from tandem.domain.ids import Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.order import Side
from tandem.gateway.account.old_fills import NS_PER_H, OldFills
from tandem.messages.reports import FillReport

START_NS = 1_790_000_000 * 1_000_000_000


def fill(hour: int) -> FillReport:
    return FillReport(
        exc=Exc("binance"),
        ticker=Ticker("SOLUSDT"),
        exec_id=ExecId(str(hour)),
        venue_order_id=VenueOrderId("7"),
        side=Side.BUY,
        last_qty=Decimal(1),
        last_px=Decimal(1),
        source=ReportSource.QUERY,
        ts_event_ns=START_NS + hour * NS_PER_H,
    )


def found(*hours: int) -> OldFills:
    old = OldFills(Exc("binance"), 47 * NS_PER_H)
    for hour in hours:
        old.take(fill(hour))
    return old


def test_without_such_fills_there_is_nothing_to_tell() -> None:
    assert found().alarm() is None


def test_alarm_says_from_when_to_when() -> None:
    alarm = found(2, 0, 1).alarm()

    assert alarm is not None
    assert alarm.source == "gateway-binance"
    assert alarm.text == (
        "fills on binance from 2026-09-21T14:13:20+00:00 to 2026-09-21T16:13:20+00:00 are older "
        "than the 47 h for which facts are logged: they are not logged, and nothing hedges those "
        "that the log never had"
    )


def test_stretch_is_told_once_and_another_anew() -> None:
    old = found(0, 1)
    first = old.alarm()
    old.take(fill(1))
    assert old.alarm() is None

    old.take(fill(2))
    second = old.alarm()

    assert first is not None
    assert second is not None
    assert first.key != second.key


def test_every_copy_and_every_start_tells_it_under_one_identity() -> None:
    assert found(0, 1).alarm() == found(1, 0).alarm()
