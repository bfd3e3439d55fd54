"""Which orders go to the wire: the last checks; a refusal names the limit and both numbers.

1. A check never changes an order: what is off a step is refused, and the nearest legal value named.
2. What the venue does not have is refused by the field's name, never dropped in silence.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tandem.domain.errors import InvalidInputError, UnknownInstrumentError
from tandem.domain.ids import Exc, Ticker
from tandem.domain.instrument import (
    Instrument,
    cut_to_step,
    is_legal_lot,
    is_legal_price,
    round_price,
)
from tandem.domain.order import OrderType, RejectReason, TimeInForce
from tandem.gateway.port import Traits
from tandem.messages.intents import NewOrder
from tandem.messages.rules import check_new_order

NEAREST_NAMES = 3


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order is not sent; `text` names the field, the value and the rule."""

    reason: RejectReason
    text: str


def find_instrument(
    exc: Exc, ticker: Ticker, instruments: Mapping[Ticker, Instrument]
) -> Instrument | Refusal:
    """Return the instrument, or a refusal with the nearest names that are listed."""
    found = instruments.get(ticker)
    if found is None:
        nearest = tuple(difflib.get_close_matches(ticker, instruments, NEAREST_NAMES))
        return Refusal(RejectReason.INVALID, str(UnknownInstrumentError(exc, ticker, nearest)))
    if not found.is_tradable:
        return Refusal(RejectReason.MARKET_STATE, f"ticker={ticker}: not tradable at the venue now")
    return found


def check_intent(order: NewOrder, traits: Traits) -> Refusal | None:
    """Refuse an order whose fields contradict each other, or that the venue has no word for."""
    try:
        check_new_order(order)
    except InvalidInputError as error:
        return Refusal(RejectReason.INVALID, str(error))
    if order.price_match is not None and not traits.has_price_match:
        return _unsupported("price_match", order.price_match.value, traits)
    if order.price_match in traits.refused_price_match:
        text = f"price_match={order.price_match}: suspended by {traits.venue}"
        return Refusal(RejectReason.INVALID, text)
    if order.time_in_force is TimeInForce.FOK and not traits.has_fok:
        return _unsupported("tif", order.time_in_force.value, traits)
    return None


def _unsupported(name: str, value: str, traits: Traits) -> Refusal:
    return Refusal(RejectReason.INVALID, f"{name}={value}: {traits.venue} does not have it")


@dataclass(frozen=True, slots=True)
class Terms:
    """What the instrument's rules speak about: `price` is None where the venue sets it.

    `valued_at` is the price for the minimum notional: the limit, or the market's middle; None
    when neither is known, and then the venue judges.
    """

    amount: Decimal
    price: Decimal | None
    valued_at: Decimal | None
    order_type: OrderType
    reduce_only: bool


def check_terms(terms: Terms, instrument: Instrument, traits: Traits) -> Refusal | None:
    """Refuse what breaks a step, a minimum or a maximum of the instrument."""
    return (
        _check_size(terms, instrument)
        or _check_price(terms, instrument)
        or _check_notional(terms, instrument, traits)
    )


def _check_size(terms: Terms, instrument: Instrument) -> Refusal | None:
    amount, lot = terms.amount, instrument.lot
    if not is_legal_lot(instrument, amount):
        nearest = cut_to_step(amount, lot)
        return _size(f"amount={amount}: not a multiple of the lot {lot}; nearest {nearest}")
    if abs(amount) < instrument.min_qty:
        return _size(f"amount={amount}: below the minimum quantity {instrument.min_qty}")
    most = instrument.max_qty
    if terms.order_type is OrderType.MARKET and instrument.market_max_qty is not None:
        most = instrument.market_max_qty
    if most is not None and abs(amount) > most:
        return _size(f"amount={amount}: above the maximum quantity {most}")
    return None


def _size(text: str) -> Refusal:
    return Refusal(RejectReason.SIZE, text)


def _check_price(terms: Terms, instrument: Instrument) -> Refusal | None:
    price = terms.price
    if price is None or is_legal_price(instrument, price):
        return None
    steps = f"the tick {instrument.tick}"
    if instrument.max_sig_figs is not None:
        steps += f" within {instrument.max_sig_figs} significant figures"
    nearest = round_price(instrument, price)
    text = f"price={price}: not a multiple of {steps}; nearest {nearest}"
    return Refusal(RejectReason.INVALID, text)


def _check_notional(terms: Terms, instrument: Instrument, traits: Traits) -> Refusal | None:
    if terms.valued_at is None or (terms.reduce_only and traits.reduce_only_skips_min_notional):
        return None
    notional = abs(terms.amount) * terms.valued_at * instrument.multiplier
    if notional >= instrument.min_notional:
        return None
    least = instrument.min_notional
    return _size(f"amount={terms.amount}: notional {notional:f} is below the minimum {least}")
