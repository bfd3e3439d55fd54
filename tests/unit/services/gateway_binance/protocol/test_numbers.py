from decimal import Decimal

import pytest

from services.gateway_binance.protocol.numbers import decimal_text, ns_of_ms, plain


@pytest.mark.parametrize(
    ("value", "text"),
    [("0.00001", "0.00001"), ("1E+3", "1000"), ("1E-7", "0.0000001"), ("64000.10", "64000.10")],
)
def test_decimal_text_has_no_exponent(value: str, text: str) -> None:
    assert decimal_text(Decimal(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("0.00", "0"), ("-0.0", "0"), ("1000", "1000"), ("64000.00", "64000"), ("0.0100", "0.01")],
)
def test_plain_removes_padding_and_exponents(value: str, text: str) -> None:
    assert str(plain(Decimal(value))) == text


def test_milliseconds_become_nanoseconds_exactly() -> None:
    assert ns_of_ms(1790000000125) == 1790000000125000000
