from decimal import Decimal, Inexact, localcontext

import pytest

from tandem.hedging.exact import EXACT, average, quotient


@pytest.mark.parametrize(
    ("dividend", "divisor", "expected"),
    [
        ("1", "3", "0.333333333333333333"),
        ("2", "3", "0.666666666666666667"),
        ("-2", "3", "-0.666666666666666667"),
        ("30", "0.3", "100"),
        ("7", "1", "7"),
        ("1", "8", "0.125"),
    ],
)
def test_quotient_is_rounded_once_at_18_decimals(
    dividend: str, divisor: str, expected: str
) -> None:
    assert str(quotient(Decimal(dividend), Decimal(divisor))) == expected


def test_quotient_does_not_depend_on_the_context_in_force() -> None:
    with localcontext(EXACT):
        inside = quotient(Decimal(1), Decimal(7))

    assert inside == quotient(Decimal(1), Decimal(7))


def test_a_sum_that_would_be_rounded_is_an_error() -> None:
    with localcontext(EXACT), pytest.raises(Inexact):
        Decimal(1) / Decimal(3)


def test_an_average_is_rounded_at_18_digits() -> None:
    assert str(average(Decimal(200), Decimal(3))) == "66.6666666666666667"
    assert str(average(Decimal("35.000"), Decimal("0.35"))) == "100.0"


def test_an_average_over_nothing_is_none() -> None:
    assert average(Decimal(1), Decimal(0)) is None
