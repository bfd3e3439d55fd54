"""What readers see of a hedge order that was refused for a number nobody can count with."""

import pytest

from tests.unit.services.hedger.desk import d, two_venues


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "1e40"])
def test_e4_a_poisonous_amount_is_refused_and_not_passed_on(amount: str) -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", amount)

    refusal = desk.refusal("h1")
    assert refusal is not None
    assert refusal.field_name == "maker.amount"
    assert desk.view(hedge).maker_amount == d(0)
