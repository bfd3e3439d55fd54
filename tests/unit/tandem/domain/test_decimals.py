"""One text for one value."""

from decimal import Decimal

import pytest

from tandem.domain.decimals import canonical, significant


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.10", "1.1"),
        ("1E+3", "1000"),
        ("30", "30"),
        ("-0.00", "0"),
        ("0E-8", "0"),
        ("-2.50", "-2.5"),
    ],
)
def test_canonical_text(value: str, text: str) -> None:
    assert str(canonical(Decimal(value))) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("100.06666666666667", "100.0667"), ("0.00012345678", "0.0001234568"), ("1200000", "1200000")],
)
def test_f13_an_average_is_rounded_to_its_first_digits(value: str, text: str) -> None:
    assert str(significant(Decimal(value), 7)) == text
