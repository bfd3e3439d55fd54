"""How the venue writes numbers out: plain decimal strings, whole numbers with ".0"."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from services.paper_exchange.units import NS_PER_MS

_EIGHT_PLACES: Final = Decimal("0.00000001")


def text_of(value: Decimal) -> str:
    """Return "1500.0", "0.0147", "-3.5"; never an exponent, never more than eight decimals."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -8:
        value = value.quantize(_EIGHT_PLACES, ROUND_HALF_EVEN)
    text = format(value, "f")
    if "." not in text:
        return text + ".0" if value else "0.0"
    text = text.rstrip("0")
    return "0.0" if not value else text + "0" if text.endswith(".") else text


def ms_of(ts_ns: int) -> int:
    """Return the venue's millisecond timestamp of an instant."""
    return ts_ns // NS_PER_MS
