"""The share of repeats over the last minute."""

from tandem.gateway.account.duplicate_ratio import SLOT_NS, WINDOW_NS, Repeats


def test_nothing_told_is_no_repeat() -> None:
    assert Repeats().share(5) == 0.0


def test_share_counts_what_came_second() -> None:
    repeats = Repeats()
    for number in range(4):
        repeats.count(number * SLOT_NS, is_repeat=number == 3)
    assert repeats.share(4 * SLOT_NS) == 0.25
    assert repeats.told(4 * SLOT_NS) == 4


def test_what_is_older_than_a_minute_is_forgotten() -> None:
    repeats = Repeats()
    repeats.count(0, is_repeat=True)
    repeats.count(1, is_repeat=True)
    repeats.count(WINDOW_NS, is_repeat=False)
    assert repeats.share(WINDOW_NS + 1) == 0.0
    assert repeats.told(WINDOW_NS + 1) == 1
