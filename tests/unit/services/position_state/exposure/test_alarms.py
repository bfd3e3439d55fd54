from collections.abc import Sequence

from services.position_state.exposure import alarms, views
from services.position_state.exposure.alarms import HedgerSilence, NakedAlarms
from tandem.domain.units import NS_PER_MS
from tests.unit.services.hedger.desk import Desk, two_venues

S = 1_000_000_000


def naked_desk() -> Desk:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")
    desk.maker_fill(hedge, "2")
    return desk


def looks(desk: Desk, told: NakedAlarms, steps_ms: Sequence[int]) -> list[str]:
    """Look after each step, and return how the keys of what is raised end."""
    raised: list[str] = []
    for ms in steps_ms:
        desk.now_ns += ms * NS_PER_MS
        found = told.look(views.overdue(desk.exposure, desk.now_ns), desk.now_ns)
        raised += [alarm.key.rpartition("-")[2] for alarm in found]
    return raised


def test_what_stays_naked_is_told_once_at_each_level() -> None:
    desk, told = naked_desk(), NakedAlarms()
    steps = (200, 60, 50, 50, 700, 100, 4_000, 100, 25_000, 60_000)
    assert looks(desk, told, steps) == ["L1", "L2", "L3", "L4"]
    (standing,) = told.standing
    assert "2 SOL on hyperliquid in basis" in standing


def test_another_part_that_is_naked_is_told_anew_and_not_within_a_second() -> None:
    desk, told = naked_desk(), NakedAlarms()
    (hedge,) = desk.state.links
    assert looks(desk, told, (300,)) == ["L1"]
    desk.hedge_all()
    assert looks(desk, told, (100,)) == []
    assert told.standing == ()
    desk.maker_fill(hedge, "0.5")
    assert looks(desk, told, (300, 500)) == []
    assert len(told.standing) == 1
    assert looks(desk, told, (100,)) == ["L1"]


def test_two_copies_give_an_alarm_one_key() -> None:
    desk = naked_desk()
    desk.now_ns += 300 * NS_PER_MS
    first, second = (
        NakedAlarms().look(views.overdue(desk.exposure, desk.now_ns), at) for at in (5, 7)
    )
    assert [one.key for one in first] == [one.key for one in second] != []


def test_no_hedger_for_a_second_is_told_once_for_each_silence() -> None:
    silence = HedgerSilence(0)
    silence.hear("run1", 20 * S)
    assert silence.is_there(21 * S)
    assert silence.look(21 * S, 100 * S) == ()
    at = 21 * S + 1_000_000
    (alarm,) = silence.look(at, 100 * S)
    assert not silence.is_there(at)
    assert alarm.source == alarms.SOURCE
    assert silence.look(at + S, 101 * S) == ()
    silence.hear("run1", at + 2 * S)
    assert silence.is_there(at + 2 * S)
    assert len(silence.look(at + 4 * S, 105 * S)) == 1


def test_hedgers_have_time_to_come_up() -> None:
    silence = HedgerSilence(0)
    assert silence.look(alarms.START_NS + S, 0) == ()
    assert not silence.is_there(S)
    (alarm,) = silence.look(alarms.START_NS + S + 1_000_000, 0)
    assert "no hedger" in alarm.text


def test_nobody_is_missed_while_the_bus_is_away() -> None:
    silence = HedgerSilence(0)
    silence.hear("run1", 20 * S)
    silence.is_deaf(30 * S)
    assert silence.look(31 * S, 0) == ()
    assert len(silence.look(31 * S + 1_000_000, 0)) == 1
