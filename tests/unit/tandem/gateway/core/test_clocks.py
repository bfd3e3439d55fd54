"""Foreign clocks are monotonic time plus a measured offset with a known error."""

import pytest

from tandem.domain.units import NS_PER_MS
from tandem.gateway.core.clocks import TERMS, Stamps, VenueClock

MS = NS_PER_MS


def test_unmeasured_venue_clock_is_in_doubt() -> None:
    clock = VenueClock()
    assert "not measured" in clock.doubt(0)
    assert clock.now_ms(0) == 0
    assert clock.error_ms(0) == 100


def test_offset_is_taken_at_the_middle_of_the_round_trip() -> None:
    clock = VenueClock()
    clock.observe(1_000_000, 100 * MS, 120 * MS)
    assert clock.now_ms(110 * MS) == 1_000_000
    assert clock.now_ms(210 * MS) == 1_000_100


def test_error_is_half_the_round_trip_and_the_grain() -> None:
    clock = VenueClock()
    clock.observe(5, 0, 20 * MS)
    assert clock.error_ms(20 * MS) == 11
    assert clock.doubt(20 * MS) == ""


def test_error_grows_with_the_age_of_the_measurement() -> None:
    clock = VenueClock()
    clock.observe(5, 0, 2 * MS)
    assert clock.error_ms(50_000 * MS) == 7


def test_sample_with_the_least_error_is_believed() -> None:
    clock = VenueClock()
    clock.observe(1_000, 0, 2 * MS)
    clock.observe(1_150, 10 * MS, 200 * MS)
    assert clock.now_ms(1 * MS) == 1_000


@pytest.mark.parametrize("step_ms", [-1_000, 1_000])
def test_venue_clock_that_was_set_is_believed_at_once(step_ms: int) -> None:
    clock = VenueClock()
    clock.observe(5_000, 0, 2 * MS)
    clock.observe(5_100 + step_ms, 91 * MS, 111 * MS)
    assert clock.now_ms(101 * MS) == 5_100 + step_ms
    assert clock.error_ms(111 * MS) == 11


def test_time_of_the_newest_measurement_is_known() -> None:
    clock = VenueClock()
    assert clock.measured_ns == 0
    clock.observe(1_000, 0, 2 * MS)
    clock.observe(1_150, 10 * MS, 200 * MS)
    assert clock.measured_ns == 200 * MS


def test_slow_answers_alone_leave_a_doubt() -> None:
    clock = VenueClock()
    clock.observe(1_000, 0, 220 * MS)
    assert clock.doubt(220 * MS) == "the venue's time is only known to 111 ms"


def test_measurement_older_than_a_minute_is_forgotten() -> None:
    clock = VenueClock()
    clock.observe(1_000, 0, 2 * MS)
    assert clock.doubt(60_002 * MS) == ""
    assert clock.doubt(60_003 * MS) != ""


def test_forgotten_measurements_leave_a_doubt() -> None:
    clock = VenueClock()
    clock.observe(1_000, 0, 2 * MS)
    clock.forget()
    assert clock.doubt(3 * MS) != ""


def test_nonces_rise_even_within_a_millisecond_and_when_time_falls_back() -> None:
    stamps = Stamps(1_000)
    made = [stamps.make(ms) for ms in (5, 5, 4, 100)]
    assert [one.nonce for one in made] == [8, 16, 24, 104]
    assert [one.call for one in made] == [1, 2, 3, 4]
    assert [one.venue_ms for one in made] == [5, 5, 4, 100]
    assert made[0].window_ms == 1_000


def test_e13_questions_take_no_nonce_whatever_clock_stamps_them() -> None:
    """A machine whose clock is ahead asks for the venue's time before it knows it."""
    stamps, an_hour_ahead = Stamps(1_000, term=1), 3_600_000 + 1_000
    asked = [stamps.ask(an_hour_ahead) for _ in range(5_000)]
    assert {one.nonce for one in asked} == {0}
    assert stamps.make(1_000).nonce == 1_001
    assert stamps.calls == 5_001


def test_e13_successor_begins_past_what_its_predecessor_may_have_used() -> None:
    stamps = Stamps(1_000, term=2)
    stamps.pass_over(1_500)
    assert stamps.make(1_000).nonce == 1_506
    stamps.pass_over(7)
    assert stamps.make(1_000).nonce == 1_514


def test_nonce_stays_near_the_venues_time() -> None:
    stamps = Stamps(1_000, term=13)
    assert all(0 <= stamps.make(ms).nonce - ms < TERMS for ms in range(1_000, 9_000, 50))


def test_nonces_of_two_terms_differ_whatever_their_clocks_say() -> None:
    old, new = Stamps(1_000, term=6), Stamps(1_000, term=7)
    times = (100, 100, 99, 40, 101, 100, 100)
    made = [old.make(ms).nonce for ms in times] + [new.make(ms).nonce for ms in times]
    assert len(made) == len(set(made))


def test_stamp_names_its_term() -> None:
    assert Stamps(1_000, term=3).make(5).term == 3
