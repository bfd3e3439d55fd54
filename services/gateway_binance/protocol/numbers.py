"""How the venue writes numbers: decimals as plain text, times in milliseconds."""

from decimal import Decimal

from tandem.domain.units import NS_PER_MS


def decimal_text(value: Decimal) -> str:
    """Return a decimal without exponent: the venue takes no other form."""
    return format(value, "f")


def ns_of_ms(ms: int) -> int:
    return ms * NS_PER_MS
