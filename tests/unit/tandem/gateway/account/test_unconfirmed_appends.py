"""What a killed server may have lost: what was logged and is not proven by reading."""

from tandem.gateway.account.unconfirmed_appends import Unread


def test_what_was_stored_is_open_until_it_was_read() -> None:
    unread: Unread[str] = Unread()
    unread.answered("a", 5, unread.ask())
    unread.answered("b", 7, unread.ask())
    unread.read(4)
    assert list(unread.items) == ["a", "b"]
    unread.read(6)
    assert list(unread.items) == ["b"]
    unread.read(9)
    assert len(unread) == 0


def test_what_the_log_had_is_proven_by_a_fact_that_was_asked_for_after_its_answer() -> None:
    unread: Unread[str] = Unread()
    asked_before = unread.ask()
    unread.answered("had", 0, unread.ask())
    unread.answered("asked before", 8, asked_before)
    unread.answered("asked after", 9, unread.ask())
    unread.read(8)
    assert list(unread.items) == ["had", "asked after"]
    unread.read(9)
    assert list(unread.items) == []


def test_what_is_offered_anew_is_open_until_it_is_answered_and_read_again() -> None:
    unread: Unread[str] = Unread()
    unread.answered("a", 5, unread.ask())
    unread.clear()
    assert list(unread.items) == []
    unread.answered("a", 3, unread.ask())
    unread.read(3)
    assert len(unread) == 0
