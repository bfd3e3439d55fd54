from tandem.runtime.resend_buffer import KEPT_NS, MOST_KEPT, Kept


def test_what_is_too_old_is_not_offered_again() -> None:
    kept = Kept(kept_ns=10)
    kept.keep(0, "a", b"1")
    kept.keep(5, "b", b"2")

    assert kept.since(10) == (("a", b"1"), ("b", b"2"))
    assert kept.since(12) == (("b", b"2"),)


def test_what_is_kept_is_bounded() -> None:
    kept = Kept()
    for number in range(MOST_KEPT + 1):
        kept.keep(number, str(number), b"")

    assert len(kept.since(0)) == MOST_KEPT
    kept.keep(2 * KEPT_NS, "new", b"")
    assert kept.since(2 * KEPT_NS) == (("new", b""),)
    assert len(kept) < 200
