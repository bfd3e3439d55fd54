from decimal import Decimal

import pytest

from services.paper_binance.wire.numbers import decimals_of, fixed, money, ms, plain


def test_fixed_pads_and_rounds_half_to_even() -> None:
    texts = [fixed(Decimal(text), 2) for text in ("1", "0.125", "1E+3", "-0.5")]

    assert texts == ["1.00", "0.12", "1000.00", "-0.50"]


def test_money_has_eight_places() -> None:
    assert money(Decimal("1E-7")) == "0.00000010"


@pytest.mark.parametrize(
    ("value", "text"), [("0.000", "0"), ("1.500", "1.5"), ("1E+2", "100"), ("1E-7", "0.0000001")]
)
def test_plain_has_no_exponent_and_no_trailing_zero(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


@pytest.mark.parametrize(("value", "count"), [("1.500", 1), ("100", 0), ("0.001", 3)])
def test_decimals_are_those_needed(value: str, count: int) -> None:
    assert decimals_of(Decimal(value)) == count


def test_milliseconds_are_whole() -> None:
    assert ms(1_999_999) == 1
