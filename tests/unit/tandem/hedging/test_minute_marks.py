from decimal import Decimal as D

from tandem.domain.ids import Exc, Ticker
from tandem.domain.units import NS_PER_MINUTE
from tandem.hedging import minute_marks
from tandem.messages.reports import MarkReport


def mark(minute: int, mid: str, px: str | None = None) -> MarkReport:
    return MarkReport(
        exc=Exc("binance"),
        ticker=Ticker("SOLUSDT"),
        mid=D(mid),
        mark=D(px) if px else None,
        ts_event_ns=minute * NS_PER_MINUTE + 1,
    )


def test_the_first_mark_of_a_minute_stands_and_the_mid_where_there_is_no_mark() -> None:
    history: dict[int, D] = {}
    for one in (mark(7, "100", "101"), mark(7, "200", "201"), mark(9, "300")):
        minute_marks.note(history, one)
    assert history == {7: D(101), 9: D(300)}


def test_a_minute_without_a_mark_has_the_first_later_one_or_waits() -> None:
    history = {7: D(101), 9: D(300)}
    assert [minute_marks.at(history, minute) for minute in (7, 8, 9, 10)] == [101, 300, 300, None]
