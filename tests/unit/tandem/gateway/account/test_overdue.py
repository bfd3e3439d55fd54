from tandem.gateway.account.overdue import Overdue


def test_nothing_due_waits_for_nothing() -> None:
    overdue = Overdue()
    assert overdue.waits_ns(5) == 0
    assert not overdue.is_news(5, 0)


def test_wait_counts_from_when_it_was_first_due() -> None:
    overdue = Overdue()
    overdue.due(10)
    overdue.due(20)
    assert overdue.waits_ns(25) == 15


def test_e11_too_long_a_wait_is_told_once_a_spell() -> None:
    overdue = Overdue()
    overdue.due(0)
    assert [overdue.is_news(at, 10) for at in (10, 11, 12)] == [False, True, False]
    overdue.done()
    overdue.due(20)
    assert [overdue.is_news(at, 10) for at in (30, 31)] == [False, True]
    assert overdue.spells == 2
