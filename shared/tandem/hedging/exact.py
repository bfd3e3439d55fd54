"""How amounts are computed: exactly, and where a division is unavoidable, always alike (pure).

1. Sums and products run in EXACT: 200 digits, more than any legal input can need, and a result
   that would need rounding is an error.
2. Quotients that enter an amount (values at a price, inverse contracts) are rounded once, half
   to even, at 18 decimals; averages, which are only shown, at 18 digits. Neither depends on the
   context in force, so each copy and each replay gets the same.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, Inexact, InvalidOperation

EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, DivisionByZero])

_QUOTIENT = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero])
_AVERAGE = Context(prec=18, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero])
_STEP = Decimal(1).scaleb(-18)


def quotient(dividend: Decimal, divisor: Decimal) -> Decimal:
    """Return the quotient at 18 decimals."""
    if divisor == 1:
        return dividend
    rounded = _QUOTIENT.divide(dividend, divisor).quantize(_STEP, context=_QUOTIENT)
    whole = rounded.to_integral_value()
    return whole if whole == rounded else rounded.normalize(_QUOTIENT)


def average(total: Decimal, quantity: Decimal) -> Decimal | None:
    """Return total / quantity at 18 digits, None when there is no quantity."""
    return _AVERAGE.divide(total, quantity) if quantity else None
