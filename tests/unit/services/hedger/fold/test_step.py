from services.hedger.fold.step import Turn
from tandem.messages.hedges import Alarm, Epoch
from tandem.runtime.fold.port import Append, LogEvent
from tests.unit.services.hedger.desk import two_venues


def test_an_alarm_is_named_by_the_message_that_caused_it() -> None:
    turn = Turn(LogEvent(17, 5, "oms.control.epoch.1", Epoch(epoch=1)))

    turn.alarm("look")

    alarm = Alarm(source="hedger", key="0.17", text="look")
    assert turn.effects == [Append(alarm)]
    assert turn.now_ns == 5


def test_touching_a_link_touches_its_buckets() -> None:
    desk = two_venues()
    link = desk.link(desk.hedge("h1", "-1"))
    turn = Turn(desk.log[-1])

    turn.touch_all(link)
    turn.touch_all(link)

    assert list(turn.links) == ["h1"]
    assert list(turn.buckets) == [desk.bucket().key]
    assert (turn.next_index(), turn.next_index()) == (0, 1)
