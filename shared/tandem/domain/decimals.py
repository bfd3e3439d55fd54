"""How a decimal is written: one text for one value, whoever computed it."""

from decimal import ROUND_HALF_EVEN, Context, Decimal

from tandem.domain.units import ZERO


def canonical(value: Decimal) -> Decimal:
    """Return the same value without trailing zeros or exponent: 1.10 and 1.1 become one text."""
    short = value.normalize() if value else ZERO
    return short if "E" not in str(short) else Decimal(format(short, "f"))


def significant(value: Decimal, digits: int) -> Decimal:
    """Return a computed average as it is shown: rounded half to even at so many digits."""
    return canonical(Context(prec=digits, rounding=ROUND_HALF_EVEN).plus(value))
