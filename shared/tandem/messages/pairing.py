"""Whether the legs of a hedge can hedge its maker: the same coin, worth the same (pure).

1. A leg in another coin is refused, and so is one whose coin is worth more than 5 % more or less
   at the last prices while nobody gave a ratio: an amount that is off by a thousand is no hedge.
2. Who means it says `cross_asset`. A leg of `quote_of_fill` is in the coin that the maker is
   quoted in; one of `value` is sized by both prices, so it may be worth anything.
3. A price that nobody knows yet proves nothing.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from tandem.domain.errors import InvalidInputError
from tandem.domain.instrument import Instrument, unit_price
from tandem.messages.intents import HedgeOrder, LegSpec, RatioKind

MOST_APART = Decimal("0.05")
_ALLOW = "cross_asset=True allows it"


class Priced(NamedTuple):
    """An instrument and the last price of one contract, None before any."""

    instrument: Instrument
    px: Decimal | None

    @property
    def worth(self) -> Decimal | None:
        """Return the price of one coin."""
        return None if self.px is None else unit_price(self.instrument, self.px)

    @property
    def text(self) -> str:
        at = "at a price not known yet" if self.worth is None else f"at {_digits(self.worth)}"
        return f"{self.instrument.base_asset} {at} ({self.instrument.ticker})"


def check_pairs(hedge: HedgeOrder, maker: Priced, legs: Sequence[Priced]) -> None:
    """Refuse a hedge with a leg that does not follow its maker.

    Raises:
        InvalidInputError: names the leg, and what both sides are worth.
    """
    if hedge.cross_asset:
        return
    for index, (spec, leg) in enumerate(zip(hedge.legs, legs, strict=True)):
        wanted = _coin(spec, maker.instrument)
        if leg.instrument.base_asset != wanted:
            rule = f"{leg.text} hedges no {wanted}: the maker is in {maker.text}; {_ALLOW}"
            raise InvalidInputError(f"legs[{index}].ticker", spec.ticker, rule)
        if _is_one_to_one(spec) and _are_apart(maker.worth, leg.worth):
            rule = f"{leg.text} for {maker.text} is more than {MOST_APART:.0%} apart"
            raise InvalidInputError(
                f"legs[{index}].ratio", spec.ratio, f"{rule}; give the ratio, or {_ALLOW}"
            )


def _coin(spec: LegSpec, maker: Instrument) -> str:
    is_of_quote = spec.ratio_kind is RatioKind.QUOTE_OF_FILL
    return maker.quote_asset if is_of_quote else maker.base_asset


def _is_one_to_one(spec: LegSpec) -> bool:
    return spec.ratio_kind is RatioKind.BASE and abs(spec.ratio) == 1


def _are_apart(one: Decimal | None, other: Decimal | None) -> bool:
    if one is None or other is None:
        return False
    return abs(one - other) > MOST_APART * one


def _digits(value: Decimal) -> str:
    return f"{value.normalize():f}"
