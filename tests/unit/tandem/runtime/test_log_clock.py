from tandem.runtime.log_clock import LogClock

MS = 1_000_000


def test_log_clock_is_unknown_before_the_first_message() -> None:
    assert LogClock().now_ns(5) == 0


def test_late_delivery_does_not_set_the_log_clock_back() -> None:
    clock = LogClock()
    clock.observe(1_000, 10)
    clock.observe(1_001, 500)
    assert clock.now_ns(510) == 1_500


def test_log_clock_that_was_once_ahead_is_believed_no_longer_than_two_minutes() -> None:
    clock, minute = LogClock(), 60_001 * MS
    clock.observe(5_000 * MS, 0)
    clock.observe(minute, minute)
    assert clock.now_ns(minute) == minute + 5_000 * MS
    clock.observe(2 * minute + 1, 2 * minute + 1)
    assert clock.now_ns(2 * minute + 1) == 2 * minute + 1
