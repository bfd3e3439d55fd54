"""How the venue writes numbers: decimals as plain text, times in milliseconds."""

from decimal import Decimal

from services.gateway_binance.protocol.decoding import usable

NS_PER_MS = 1_000_000
ZERO = Decimal(0)


def decimal_text(value: Decimal) -> str:
    """Return a decimal without exponent: the venue takes no other form."""
    return format(value, "f")


def plain(value: Decimal) -> Decimal:
    """Return the canonical form of a decimal, so that padded and bare numbers read the same.

    Raises:
        UnreadableError: not a number that trading can have.
    """
    return ZERO if value == 0 else Decimal(format(usable(value).normalize(), "f"))


def ns_of_ms(ms: int) -> int:
    return ms * NS_PER_MS
