"""The lifecycle is a table: a status only moves to a higher rank."""

from decimal import Decimal
from itertools import permutations

import pytest

from tandem.domain.order import RANK, OrderStatus, Side, join_status, side_of


def test_every_status_has_its_own_rank() -> None:
    assert set(RANK) == set(OrderStatus)
    assert len(set(RANK.values())) == len(RANK)


@pytest.mark.parametrize(("one", "other"), list(permutations(OrderStatus, 2)))
def test_joining_is_commutative_and_keeps_the_higher(one: OrderStatus, other: OrderStatus) -> None:
    joined = join_status(one, other)
    assert joined is join_status(other, one)
    assert RANK[joined] == max(RANK[one], RANK[other])


def test_a_fill_proven_late_beats_a_cancel() -> None:
    assert join_status(OrderStatus.CANCELLED, OrderStatus.FILLED) is OrderStatus.FILLED


def test_ends_are_terminal() -> None:
    open_ones = {status for status in OrderStatus if not status.is_terminal}
    assert open_ones == {OrderStatus.PENDING, OrderStatus.NEW, OrderStatus.PARTIAL}


def test_sides() -> None:
    assert side_of(Decimal(-1)) is Side.SELL
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)


def test_older_name_of_pending_is_understood() -> None:
    assert OrderStatus("CREATE_PENDING") is OrderStatus.PENDING
    with pytest.raises(ValueError, match="OPEN"):
        OrderStatus("OPEN")
