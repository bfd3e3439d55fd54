"""Delays double up to the longest, and copies are spread apart."""

import pytest

from tandem.transport.backoff import Backoff


def test_no_failure_waits_for_nothing() -> None:
    assert Backoff("a").delay_ms(0) == 0


@pytest.mark.parametrize("tries", range(1, 60))
def test_delay_stays_within_a_quarter_of_the_doubling(tries: int) -> None:
    full = min(10_000, 100 * 2 ** (tries - 1))
    assert full * 3 // 4 <= Backoff("a").delay_ms(tries) <= full


def test_copies_of_different_names_wait_differently() -> None:
    delays = {Backoff(f"copy-{n}").delay_ms(8) for n in range(20)}
    assert len(delays) > 5


def test_same_name_and_try_give_the_same_delay() -> None:
    assert Backoff("a").delay_ms(5) == Backoff("a").delay_ms(5)
