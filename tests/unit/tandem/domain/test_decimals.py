"""One text for one value."""

from decimal import Decimal

import pytest

from tandem.domain.decimals import canonical


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
