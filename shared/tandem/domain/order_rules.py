"""What an instrument's table says of an order: the one check of size, step and notional (pure).

The client applies it before it asks, the hedger before it takes a hedge on, and the gateway last
before the wire: the same rules in the same words.
"""

from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from tandem.domain.instrument import (
    Instrument,
    cut_to_step,
    is_legal_lot,
    is_legal_price,
    notional,
    round_price,
)


class OrderField(StrEnum):
    """Which number of an order breaks a rule."""

    AMOUNT = "amount"
    PRICE = "price"


class Draft(NamedTuple):
    """What the rules speak about.

    `price` is None where the venue sets it. `valued_at` is the price for the minimum notional: the
    limit, or the market's middle; None: nobody knows it here, and the venue judges.
    """

    amount: Decimal
    price: Decimal | None
    valued_at: Decimal | None
    is_market: bool = False
    skips_min_notional: bool = False


class BrokenRule(NamedTuple):
    """The number that breaks a rule, and the rule with its limit."""

    field: OrderField
    value: Decimal
    rule: str


def broken_rule(instrument: Instrument, draft: Draft) -> BrokenRule | None:
    """Return the first rule of the instrument that an order breaks."""
    rule = _size_rule(instrument, draft)
    if rule is not None:
        return BrokenRule(OrderField.AMOUNT, draft.amount, rule)
    if draft.price is not None and not is_legal_price(instrument, draft.price):
        return BrokenRule(OrderField.PRICE, draft.price, _price_rule(instrument, draft.price))
    rule = _notional_rule(instrument, draft)
    return BrokenRule(OrderField.AMOUNT, draft.amount, rule) if rule is not None else None


def _size_rule(instrument: Instrument, draft: Draft) -> str | None:
    amount, lot = draft.amount, instrument.lot
    if not is_legal_lot(instrument, amount):
        return f"not a multiple of the lot {lot}; nearest {cut_to_step(amount, lot)}"
    if abs(amount) < instrument.min_qty:
        return f"below the minimum quantity {instrument.min_qty}"
    most = instrument.max_qty
    if draft.is_market and instrument.market_max_qty is not None:
        most = instrument.market_max_qty
    if most is not None and abs(amount) > most:
        return f"above the maximum quantity {most}"
    return None


def _price_rule(instrument: Instrument, price: Decimal) -> str:
    steps = f"the tick {instrument.tick}"
    if instrument.max_sig_figs is not None:
        steps += f" within {instrument.max_sig_figs} significant figures"
    return f"not a multiple of {steps}; nearest {round_price(instrument, price)}"


def _notional_rule(instrument: Instrument, draft: Draft) -> str | None:
    if draft.valued_at is None or draft.skips_min_notional:
        return None
    worth = notional(instrument, draft.amount, draft.valued_at)
    if worth >= instrument.min_notional:
        return None
    return f"notional {worth:f} is below the minimum {instrument.min_notional}"
