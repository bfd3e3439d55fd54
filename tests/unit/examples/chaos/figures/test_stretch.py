"""How long fills wait for their hedge: first in, first out, by the trades' own times."""

from decimal import Decimal as D

from examples.chaos.figures.stretch import Move, Stretch, stretches

LEAST = D("0.1")


def maker(time_ms: int, amount: str) -> Move:
    return Move(time_ms, D(amount), is_maker=True)


def taker(time_ms: int, amount: str) -> Move:
    return Move(time_ms, D(amount), is_maker=False)


def test_a_fill_waits_until_its_last_unit_is_covered() -> None:
    moves = [maker(0, "1"), taker(10, "-0.4"), taker(30, "-0.6")]
    assert stretches(moves, LEAST) == (
        [Stretch(10, 10, is_maker=False), Stretch(0, 30, is_maker=True), Stretch(30, 30, False)],
        D(0),
    )


def test_the_oldest_fill_is_covered_first() -> None:
    found, left = stretches([maker(0, "1"), maker(5, "1"), taker(20, "-1")], LEAST)
    assert [one for one in found if one.is_maker] == [Stretch(0, 20, is_maker=True)]
    assert left == 1


def test_opposite_fills_cover_each_other() -> None:
    found, left = stretches([maker(0, "1"), maker(7, "-1")], LEAST)
    assert found == [Stretch(0, 7, is_maker=True), Stretch(7, 7, is_maker=True)]
    assert left == 0


def test_what_is_too_small_to_hedge_begins_to_wait_with_the_fill_that_makes_it_tradable() -> None:
    moves = [maker(0, "0.06"), maker(1_000, "0.06"), taker(1_010, "-0.12")]
    found, _ = stretches(moves, LEAST)
    makers = [one for one in found if one.is_maker]
    assert makers == [Stretch(1_000, 1_010, True), Stretch(1_000, 1_010, True)]


def test_a_fill_that_nobody_hedged_waits_at_the_end() -> None:
    assert stretches([maker(0, "1")], LEAST) == ([], D(1))


def test_a_hedge_too_many_waits_as_an_exposure_of_its_own() -> None:
    moves = [maker(0, "1"), taker(5, "-1"), taker(6, "-1"), taker(50, "1")]
    found, left = stretches(moves, LEAST)
    assert Stretch(6, 50, is_maker=False) in found
    assert left == 0


def test_a_fill_and_its_hedge_of_the_same_millisecond_are_cause_and_effect() -> None:
    found, _ = stretches([taker(3, "-1"), maker(3, "1")], LEAST)
    assert Stretch(3, 3, is_maker=True) in found
