from decimal import Decimal

import pytest

from services.paper_hyperliquid.wire.numbers import ms_of, text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [("1500", "1500.0"), ("1.5E+3", "1500.0"), ("0", "0.0"), ("-0", "0.0"), ("0.000", "0.0"),
     ("0.0147", "0.0147"), ("-3.50", "-3.5"), ("2.00", "2.0"), ("0.333333333333", "0.33333333"),
     ("-0.000000001", "0.0"), ("1E-8", "0.00000001")],
)  # fmt: skip
def test_text_of(value: str, text: str) -> None:
    assert text_of(Decimal(value)) == text


def test_ms_of_rounds_down() -> None:
    assert ms_of(1_999_999) == 1
