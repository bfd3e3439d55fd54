from tandem.gateway.account.inquiry import MOST_PAUSE_NS, QUIET_NS, Inquiry

S = 1_000_000_000


def test_e4_first_time_is_at_once_and_garbage_is_asked_about_ever_more_slowly() -> None:
    inquiry, now_ns, waits = Inquiry(), 5 * S, []
    for _ in range(6):
        wait_ns = inquiry.wait_ns(now_ns)
        assert wait_ns is not None
        now_ns += wait_ns
        inquiry.asked(now_ns)
        waits.append(wait_ns // S)
    assert waits == [0, 2, 4, 8, 10, 10]
    assert waits[-1] == MOST_PAUSE_NS // S


def test_what_is_waited_for_is_not_asked_for_twice() -> None:
    inquiry = Inquiry()
    assert inquiry.wait_ns(0) == 0
    assert inquiry.wait_ns(0) is None
    inquiry.asked(0)
    assert inquiry.wait_ns(1) == 2 * S - 1


def test_after_a_quiet_minute_it_is_at_once_again() -> None:
    inquiry = Inquiry()
    for at_ns in (0, 2 * S):
        inquiry.wait_ns(at_ns)
        inquiry.asked(at_ns)
    assert inquiry.wait_ns(3 * S + QUIET_NS) == 0
