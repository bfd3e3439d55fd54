"""How a maker fill becomes a leg's target (pure).

1. `base` between linear contracts needs no price: the proven cumulative alone gives the target.
2. Everything else depends on a price: each fill counts once, at its own price; what needs the
   leg's price too takes the logged mark of the fill's own venue minute, so that any order of
   arrival gives the same number.
3. A target is in units of the leg's bucket: base units, or contracts of an inverse leg.
"""

from decimal import Decimal

from msgspec import Struct

from tandem.domain.instrument import Instrument
from tandem.domain.units import ONE
from tandem.hedging.exact import quotient
from tandem.messages.intents import LegSpec, RatioKind


class Terms(Struct, frozen=True):
    """How one leg follows its maker.

    `maker_unit`: the maker's multiplier, or its face if inverse; `leg_unit`: units of the leg's
    bucket a contract, or its face. `ratio` is in units of the bucket where the leg is linear.
    """

    ratio: Decimal
    kind: RatioKind
    maker_unit: Decimal = ONE
    maker_inverse: bool = False
    leg_unit: Decimal = ONE
    leg_inverse: bool = False


def terms(leg: LegSpec, maker: Instrument, hedge: Instrument, unit: Decimal) -> Terms:
    """Return how a leg follows; `unit` is its bucket's.

    That is the multiplier when the bucket was opened. A table may say another by now (a version
    that knew no multiples wrote 1): then the new leg speaks the units that are owed there.
    """
    is_by_base = leg.ratio_kind is not RatioKind.VALUE and not hedge.inverse
    scale = quotient(unit, hedge.multiplier) if is_by_base else ONE
    return Terms(
        ratio=leg.ratio * scale,
        kind=leg.ratio_kind,
        maker_unit=maker.multiplier,
        maker_inverse=maker.inverse,
        leg_unit=hedge.multiplier if hedge.inverse else unit,
        leg_inverse=hedge.inverse,
    )


def bucket_unit(instrument: Instrument) -> Decimal:
    """Return the bucket units of one contract: base units, or the contract itself if inverse."""
    return ONE if instrument.inverse else instrument.multiplier


def is_by_price(of: Terms) -> bool:
    """Tell whether only priced fills can count."""
    return of.kind is not RatioKind.BASE or of.maker_inverse or of.leg_inverse


def needs_mark(of: Terms) -> bool:
    """Tell whether the leg's own price enters as well."""
    return of.leg_inverse != (of.kind is RatioKind.VALUE)


def target_by_quantity(of: Terms, signed_qty: Decimal) -> Decimal:
    """Return the target of a maker quantity that needs no price."""
    return of.ratio * signed_qty * of.maker_unit


def target_by_price(of: Terms, signed_qty: Decimal, px: Decimal, mark: Decimal | None) -> Decimal:
    """Return the target of one fill at its price; `mark` is the leg's where `needs_mark`."""
    if of.kind is RatioKind.VALUE:
        return _units_of_value(of, of.ratio * value(of, signed_qty, px), mark)
    if of.kind is RatioKind.QUOTE_OF_FILL:
        return _units_of_base(of, of.ratio * value(of, signed_qty, px), mark)
    return _units_of_base(of, of.ratio * base(of, signed_qty, px), mark)


def value(of: Terms, quantity: Decimal, px: Decimal) -> Decimal:
    """Return what contracts of the maker are worth in quote units."""
    return quantity * (of.maker_unit if of.maker_inverse else px)


def base(of: Terms, quantity: Decimal, px: Decimal) -> Decimal:
    """Return contracts of the maker in base units."""
    if of.maker_inverse:
        return quotient(quantity * of.maker_unit, px)
    return quantity * of.maker_unit


def _units_of_base(of: Terms, amount: Decimal, mark: Decimal | None) -> Decimal:
    if not of.leg_inverse:
        return amount
    return quotient(amount * _given(mark), of.leg_unit)


def _units_of_value(of: Terms, amount: Decimal, mark: Decimal | None) -> Decimal:
    if of.leg_inverse:
        return quotient(amount, of.leg_unit)
    return quotient(amount * of.leg_unit, _given(mark))


def _given(mark: Decimal | None) -> Decimal:
    if mark is None:
        raise ValueError("this leg's target needs its mark")
    return mark
