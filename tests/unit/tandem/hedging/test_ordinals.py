from hypothesis import given
from hypothesis import strategies as st

from tandem.hedging import ordinals
from tandem.hedging.ordinals import Ordinals


def test_ordinals_in_turn_are_one_run() -> None:
    read: Ordinals = {}
    for ordinal in range(1, 100):
        ordinals.add(read, 0, ordinal)

    assert read == {0: [(1, 99)]}


def test_what_was_lost_is_a_hole_until_it_comes() -> None:
    read: Ordinals = {}
    for ordinal in (1, 2, 5, 4):
        ordinals.add(read, 3, ordinal)
    assert read == {3: [(1, 2), (4, 5)]}

    ordinals.add(read, 3, 3)

    assert read == {3: [(1, 5)]}


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30))))
def test_it_holds_exactly_what_was_added(pairs: list[tuple[int, int]]) -> None:
    read: Ordinals = {}
    for epoch, ordinal in pairs:
        ordinals.add(read, epoch, ordinal)

    held = {(e, n) for e in range(3) for n in range(31) if ordinals.holds(read, e, n)}
    assert held == set(pairs)
