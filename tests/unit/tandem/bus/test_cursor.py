from tandem.bus.cursor import ANY_CREATED_NS, cursor_at, place_is_kept
from tandem.bus.port import Cursor, Entry, LogState

CURSOR = Cursor(created_ns=1, seq=5, subject="oms.a", ts_ns=9)


def log(first_seq: int = 1, last_seq: int = 10, created_ns: int = 1) -> LogState:
    return LogState(first_seq, last_seq, created_ns, last_seq)


def test_a_place_is_kept_where_the_same_message_is() -> None:
    assert place_is_kept(CURSOR, log(), Entry(5, 9, "oms.a", b""))


def test_a_place_is_lost_with_another_message_creation_or_end() -> None:
    assert not place_is_kept(CURSOR, log(), Entry(5, 9, "oms.b", b""))
    assert not place_is_kept(CURSOR, log(), Entry(5, 8, "oms.a", b""))
    assert not place_is_kept(CURSOR, log(created_ns=2), Entry(5, 9, "oms.a", b""))
    assert not place_is_kept(CURSOR, log(last_seq=4), None)


def test_a_place_whose_message_expired_is_kept() -> None:
    assert place_is_kept(CURSOR, log(first_seq=6), None)
    assert not place_is_kept(CURSOR, log(first_seq=5), None)


def test_the_beginning_of_a_log_is_always_kept() -> None:
    assert place_is_kept(Cursor(created_ns=1), log(first_seq=0, last_seq=0), None)


def test_a_place_without_a_subject_is_lost_only_with_its_sequence() -> None:
    place = cursor_at(1, None, 5)
    assert place_is_kept(place, log(), Entry(5, 9, "oms.b", b""))
    assert not place_is_kept(place, log(last_seq=4), None)


def test_where_newer_messages_replace_older_ones_a_replaced_place_is_kept() -> None:
    assert place_is_kept(CURSOR, log(), None, keeps_newest=True)
    assert not place_is_kept(CURSOR, log(), Entry(5, 9, "oms.b", b""), keeps_newest=True)


def test_the_place_of_a_message_is_all_that_names_it() -> None:
    assert cursor_at(1, Entry(5, 9, "oms.a", b"")) == CURSOR


def test_a_place_of_any_stream_is_lost_only_with_its_message() -> None:
    place = Cursor(created_ns=ANY_CREATED_NS, seq=5, subject="oms.a", ts_ns=9)
    assert place_is_kept(place, log(created_ns=7), Entry(5, 9, "oms.a", b""))
    assert not place_is_kept(place, log(created_ns=7), Entry(5, 8, "oms.a", b""))
