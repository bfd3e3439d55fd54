from tandem.runtime.watch.waits import NS, Wait, Waits

TABLE = Wait("table", "the table", 5.0)
MARK = Wait("mark", "a mark", 90.0)


def test_e5_a_wait_is_told_once_when_it_has_lasted_and_not_before() -> None:
    waits = Waits()

    assert waits.look(0, [TABLE, MARK]) == ()
    assert waits.look(5 * NS - 1, [TABLE, MARK]) == ()
    assert waits.look(5 * NS, [TABLE, MARK]) == (TABLE,)
    assert waits.look(60 * NS, [TABLE, MARK]) == ()
    assert waits.look(90 * NS, [TABLE, MARK]) == (MARK,)


def test_e5_a_wait_that_was_over_for_a_look_is_another() -> None:
    waits = Waits()
    waits.look(0, [TABLE])
    assert waits.look(5 * NS, [TABLE]) == (TABLE,)
    assert waits.look(6 * NS, []) == ()

    assert waits.look(7 * NS, [TABLE]) == ()
    assert waits.look(12 * NS, [TABLE]) == (TABLE,)


def test_e5_the_longest_wait_is_measured() -> None:
    waits = Waits()
    assert waits.longest_s(9 * NS) == 0
    waits.look(NS, [TABLE])
    waits.look(2 * NS, [TABLE, MARK])
    assert waits.longest_s(9 * NS) == 8
    waits.look(9 * NS, [MARK])
    assert waits.longest_s(9 * NS) == 7
