"""Average entry through adding, reducing, closing and flipping."""

from decimal import Decimal as D

import pytest

from tandem.domain.position import Position


@pytest.mark.parametrize(
    ("start", "fill", "expected"),
    [
        ((0, 0), (2, 100), (2, 100)),
        ((2, 100), (2, 110), (4, 105)),
        ((4, 105), (-1, 200), (3, 105)),
        ((4, 105), (-4, 200), (0, 105)),
        ((0, 105), (1, 200), (1, 200)),
        ((4, 105), (-6, 200), (-2, 200)),
        ((-2, 200), (-2, 100), (-4, 150)),
        ((-4, 150), (1, 10), (-3, 150)),
    ],
)
def test_position_after_a_fill(
    start: tuple[int, int], fill: tuple[int, int], expected: tuple[int, int]
) -> None:
    held = Position(D(start[0]), D(start[1])).apply(D(fill[0]), D(fill[1]))
    assert held == Position(D(expected[0]), D(expected[1]))


@pytest.mark.parametrize(
    ("fill", "expected"),
    [((1, 100), (3, None)), ((-1, 100), (1, None)), ((-2, 100), (0, None)), ((-3, 100), (-1, 100))],
)
def test_c6_an_entry_that_nobody_knows_stays_so_until_the_position_turns(
    fill: tuple[int, int], expected: tuple[int, int | None]
) -> None:
    held = Position(D(2), None).apply(D(fill[0]), D(fill[1]))
    amount, entry = expected
    assert held == Position(D(amount), None if entry is None else D(entry))
