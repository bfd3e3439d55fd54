"""How an alarm is shown to a person."""

from tandem.bus.port import Entry
from tandem.cli import alarms
from tandem.messages import codec, subjects
from tandem.messages.hedges import Alarm

AT_NS = 1_767_225_600 * 10**9


def test_an_alarm_is_a_line_with_its_time_and_source() -> None:
    alarm = Alarm(source="hedger", key="7", text="L2 hyperliquid: its key is refused")
    entry = Entry(7, AT_NS, subjects.alarm(alarm.source, alarm.key), codec.encode(alarm))

    told = alarms.line(entry)

    assert told == "2026-01-01 00:00:00 hedger: L2 hyperliquid: its key is refused"


def test_what_is_no_alarm_is_shown_as_it_is() -> None:
    assert alarms.line(Entry(7, AT_NS, subjects.alarm("x", "1"), b"junk")).endswith("b'junk'")
