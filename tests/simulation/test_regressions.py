"""Seeds that once failed, by what they found; each has a test of its own beside the code too."""

import pytest

from tests.simulation import course
from tests.simulation.plan import LATER, plan

FOUND = {
    83: "the simulated log compared guards with what it held before it was cut",
    100: "a number that fits some choice of the fills of its time by chance was an anchor",
    103: "a position was begun from a number of which nobody can tell which fills it covers",
    411: "the end of a taker that a cut had lost was never found, nor said again",
    897: "a doubt whose cause the log had lost died with the gateway that was in it",
    951: "two orders by hand under one client id became one, and a row of the mirror stayed open",
    2015: "two doubts about a position at one time of the venue shared one timer",
    2026: "takers in doubt while the session was down kept their account sick for ever",
    2044: "an intent logged just after a cut hid that older ones were lost",
}


@pytest.mark.parametrize("seed", FOUND, ids=FOUND.__getitem__)
def test_what_a_seed_found_is_gone(seed: int) -> None:
    # As they were found: without the faults that came later.
    assert course.run(plan(seed, frozenset(LATER))).violations == []
