"""At which price a taker goes out: a reference from the live book, a band around it, a hard cap.

1. No reference, no order: a book that is stale, crossed, empty or too wide gives none; then the
   mark serves if it is fresh, and otherwise the order is refused with the reason.
2. The limit is never past the hard cap around the middle of the market, and rounding never moves
   it further out.
"""

from dataclasses import dataclass
from decimal import Decimal

from tandem.domain.instrument import Instrument, ceil_price, floor_price
from tandem.domain.order import PriceMatch
from tandem.domain.units import NS_PER_MS, ZERO
from tandem.gateway.core.market import Book, Mark
from tandem.gateway.port.channel import Level

BP = Decimal(10_000)
MAX_MARK_AGE_MS = 5_000


@dataclass(frozen=True, slots=True)
class PricingRules:
    """How old a book may be and how wide, in parts of its middle."""

    book_max_age_ms: int = 500
    book_max_width: Decimal = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Reference:
    """`price` is what the quantity would trade at, `middle` the market's middle."""

    price: Decimal
    middle: Decimal


@dataclass(frozen=True, slots=True)
class NoReference:
    text: str


@dataclass(frozen=True, slots=True)
class Bands:
    """How far a taker may go, in basis points: from the reference, and from the middle at most."""

    band_bp: Decimal
    hard_cap_bp: Decimal


def reference(
    book: Book | None, mark: Mark | None, amount: Decimal, now_ns: int, rules: PricingRules
) -> Reference | NoReference:
    """Return what `amount` (signed) would trade at now, or why that cannot be said."""
    fault = book_fault(book, now_ns, rules)
    if book is not None and book.mid is not None and not fault:
        levels = book.asks if amount > 0 else book.bids
        return Reference(depth_price(levels, abs(amount)), book.mid)
    if mark is not None and now_ns - mark.read_ns <= MAX_MARK_AGE_MS * NS_PER_MS:
        return Reference(mark.price, mark.price)
    return NoReference(f"{fault}, and no mark within {MAX_MARK_AGE_MS} ms")


def book_fault(book: Book | None, now_ns: int, rules: PricingRules) -> str:
    """Return why a book is no reference, with both numbers, or the empty text."""
    if book is None:
        return "no book was seen"
    age_ms = (now_ns - book.read_ns) // NS_PER_MS
    if age_ms > rules.book_max_age_ms:
        return f"the book is {age_ms} ms old, at most {rules.book_max_age_ms} ms"
    middle = book.mid
    if middle is None or middle <= 0:
        return "the book has an empty side"
    bid, ask = book.bids[0].price, book.asks[0].price
    if book.is_crossed:
        return f"the book is crossed: bid {bid}, ask {ask}"
    if ask - bid > rules.book_max_width * middle:
        width = (ask - bid) / middle
        return f"the book is {width:.2%} wide, at most {rules.book_max_width:.2%}"
    return ""


def matched_price(
    book: Book | None, rule: PriceMatch, amount: Decimal, now_ns: int, rules: PricingRules
) -> Decimal | NoReference:
    """Return the price of the level that `rule` names, for `amount` (signed), in the book of now.

    OPPONENT is the best price of the other side, QUEUE that of the order's own; _5 is the fifth.
    """
    fault = book_fault(book, now_ns, rules)
    if book is None or fault:
        return NoReference(fault)
    side, _, depth = rule.value.partition("_")
    takes_asks = (amount > 0) == (side == PriceMatch.OPPONENT.value)
    levels, nth = book.asks if takes_asks else book.bids, int(depth or 1)
    if len(levels) < nth:
        return NoReference(f"it shows {len(levels)} levels of that side, not {nth}")
    return levels[nth - 1].price


def depth_price(levels: tuple[Level, ...], qty: Decimal) -> Decimal:
    """Return the average price of `qty` through `levels`; what is deeper counts at the last one."""
    left, paid = qty, ZERO
    for level in levels:
        taken = min(left, level.qty)
        paid += taken * level.price
        left -= taken
        if not left:
            break
    return (paid + left * levels[-1].price) / qty


def taker_price(instrument: Instrument, amount: Decimal, at: Reference, bands: Bands) -> Decimal:
    """Return the limit of a taker of `amount` (signed): reference and band, inside the cap."""
    if amount > 0:
        limit = min(_away(at.price, bands.band_bp), _away(at.middle, bands.hard_cap_bp))
        return floor_price(instrument, limit)
    limit = max(_away(at.price, -bands.band_bp), _away(at.middle, -bands.hard_cap_bp))
    return ceil_price(instrument, limit)


def _away(price: Decimal, bp: Decimal) -> Decimal:
    return price * (BP + bp) / BP
