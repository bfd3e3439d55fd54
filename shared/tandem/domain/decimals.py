"""How a decimal is written: one text for one value, whoever computed it."""

from decimal import Decimal


def canonical(value: Decimal) -> Decimal:
    """Return the same value without trailing zeros or exponent: 1.10 and 1.1 become one text."""
    return Decimal(format(value.normalize(), "f")) if value else Decimal(0)
