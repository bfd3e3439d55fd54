from decimal import Decimal

import pytest

from services.gateway_binance.protocol.vocabulary import decimal_text, ns_of_ms


@pytest.mark.parametrize(
    ("value", "text"),
    [("0.00001", "0.00001"), ("1E+3", "1000"), ("1E-7", "0.0000001"), ("64000.10", "64000.10")],
)
def test_decimal_text_has_no_exponent(value: str, text: str) -> None:
    assert decimal_text(Decimal(value)) == text


def test_milliseconds_become_nanoseconds_exactly() -> None:
    assert ns_of_ms(1790000000125) == 1790000000125000000
