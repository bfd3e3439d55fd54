"""How the venue writes decimals: strings padded to a precision, or plain without exponent."""

from decimal import Decimal

from services.paper_exchange.units import NS_PER_MS

AVERAGE_EXTRA_DECIMALS = 2
MONEY_DECIMALS = 8
MOST_DECIMALS = 18
FORMATS = tuple(f".{decimals}f" for decimals in range(MOST_DECIMALS + 1))


def fixed(value: Decimal, decimals: int) -> str:
    """Write a decimal with exactly this many places, rounding half to even."""
    return format(value, FORMATS[decimals])


def money(value: Decimal) -> str:
    """Write an amount of a settlement asset."""
    return fixed(value, MONEY_DECIMALS)


def plain(value: Decimal) -> str:
    """Write a decimal without exponent and without trailing zeros ("0" for nothing)."""
    if not value:
        return "0"
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def decimals_of(value: Decimal) -> int:
    """Return how many decimal places a value really needs."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def ms(time_ns: int) -> int:
    return time_ns // NS_PER_MS
