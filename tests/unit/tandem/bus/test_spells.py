import itertools

from tandem.bus.spells import MOST_GAP_NS, QUIET_NS, Spell, Told

S = 1_000_000_000


def test_first_failure_is_told_at_once() -> None:
    assert Spell().failed(7 * S) == 1


def test_e13_a_long_spell_is_told_ever_more_rarely_with_its_count() -> None:
    spell = Spell()
    told = [(at, count) for at in range(600) if (count := spell.failed(at * S))]
    assert told[:6] == [(0, 1), (1, 2), (3, 4), (7, 8), (15, 16), (31, 32)]
    gaps = [after - before for (before, _), (after, _) in itertools.pairwise(told)]
    assert max(gaps) == MOST_GAP_NS // S
    assert len(told) < 20


def test_failures_that_come_together_are_counted_each() -> None:
    spell = Spell()
    assert spell.failed(0, 100) == 100
    assert spell.failed(0, 50) == 0
    assert spell.failed(S) == 151


def test_spell_is_over_once_nothing_failed_for_a_while() -> None:
    spell = Spell()
    assert spell.ended(0) is None
    spell.failed(0)
    spell.failed(2 * S)
    assert spell.ended(2 * S + QUIET_NS - 1) is None
    assert spell.ended(2 * S + QUIET_NS) == Told(2, 2_000)
    assert spell.ended(9 * S) is None


def test_next_spell_begins_anew() -> None:
    spell = Spell()
    for at in range(5):
        spell.failed(at * S)
    assert spell.ended(5 * S, 0) == Told(5, 4_000)
    assert spell.failed(5 * S) == 1
    assert spell.failed(6 * S) == 2
