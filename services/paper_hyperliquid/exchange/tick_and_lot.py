"""Which orders are malformed before any book is looked at (Hyperliquid docs, tick and lot size).

A price has at most five significant figures and at most (6 - szDecimals) decimals, unless it is
an integer; a size has at most szDecimals decimals; a price lies within a band of the reference.
"""

from decimal import Decimal
from typing import Final

from services.paper_hyperliquid.exchange.listings import SIGNIFICANT_DIGITS, Listing
from services.paper_hyperliquid.wire.errors import (
    BAD_PRICE,
    BAD_SIZE,
    BAD_TICK,
    ZERO_SIZE,
    Rejection,
    order_value_too_large,
    price_too_far,
)

_HUNDRED: Final = Decimal(100)


def price_is_on_tick(px: Decimal, price_decimals: int) -> bool:
    """Return whether the price obeys the figures and decimals rule."""
    if px == px.to_integral_value():
        return True
    _, digits, exponent = px.normalize().as_tuple()
    if not isinstance(exponent, int):
        return False
    return len(digits) <= SIGNIFICANT_DIGITS and -exponent <= price_decimals


def size_is_on_lot(size: Decimal, size_decimals: int) -> bool:
    """Return whether the size has no more decimals than the asset allows."""
    exponent = size.normalize().as_tuple().exponent
    return isinstance(exponent, int) and -exponent <= size_decimals


def static_fault(listing: Listing, px: Decimal, size: Decimal) -> Rejection | None:
    """Return the first rule that price and size break on their own, or None."""
    if not size:
        return ZERO_SIZE
    if not px:
        return BAD_PRICE
    if not size_is_on_lot(size, listing.size_decimals):
        return BAD_SIZE
    if not price_is_on_tick(px, listing.price_decimals):
        return BAD_TICK
    return None


def band_fault(px: Decimal, reference_px: Decimal, percent: int) -> Rejection | None:
    """Return the refusal of a price too far from the reference, or None."""
    if abs(px - reference_px) * _HUNDRED > reference_px * percent:
        return price_too_far(percent)
    return None


def value_fault(px: Decimal, size: Decimal, limit_usd: int) -> Rejection | None:
    """Return the refusal of an order worth more than the venue takes, or None."""
    return order_value_too_large(limit_usd) if px * size > limit_usd else None
