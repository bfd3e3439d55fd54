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
from tandem.domain.instrument import Instrument, notional
from tandem.domain.order import OrderType, RejectReason, TimeInForce
from tandem.domain.order_rules import Draft, OrderField, broken_rule
from tandem.domain.units import ZERO
from tandem.gateway.port.venue import Traits
from tandem.messages.intents import NewOrder
from tandem.messages.rules import check_new_order

NEAREST_NAMES = 3
MOST_ORDER_NOTIONAL = "TANDEM_MOST_ORDER_NOTIONAL"  # the variable that refusals name
NO_MOST = Decimal("Infinity")


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
        status = f": {found.status}" if found.status else ""
        text = f"ticker={ticker}: not tradable at the venue now{status}"
        return Refusal(RejectReason.MARKET_STATE, text)
    return found


def check_intent(order: NewOrder, traits: Traits) -> Refusal | None:
    """Refuse an order whose fields contradict each other, or that the venue has no word for."""
    try:
        check_new_order(order)
    except InvalidInputError as error:
        return Refusal(RejectReason.INVALID, str(error))
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
    draft = Draft(
        terms.amount,
        terms.price,
        terms.valued_at,
        is_market=terms.order_type is OrderType.MARKET,
        skips_min_notional=terms.reduce_only and traits.reduce_only_skips_min_notional,
    )
    broken = broken_rule(instrument, draft)
    if broken is None:
        return None
    reason = RejectReason.SIZE if broken.field is OrderField.AMOUNT else RejectReason.INVALID
    return Refusal(reason, f"{broken.field}={broken.value}: {broken.rule}")


def check_worth(
    instrument: Instrument, amount: Decimal, price: Decimal | None, most: Decimal
) -> Refusal | None:
    """Refuse what is worth more than one order may be, in quote units; `most`: NO_MOST for any.

    `price` is None where none is known. What cannot be valued then might be worth anything.
    """
    if price is None and not instrument.inverse:
        return _unvalued(instrument, amount) if most < NO_MOST else None
    worth = notional(instrument, amount, price or ZERO)
    if worth <= most:
        return None
    value = f"notional {worth:f}" + ("" if instrument.inverse else f" at {price:f}")
    text = f"amount={amount:f}: {value} is above the most of one order, {most:f}"
    return Refusal(RejectReason.SIZE, f"{text} ({MOST_ORDER_NOTIONAL})")


def _unvalued(instrument: Instrument, amount: Decimal) -> Refusal:
    text = f"amount={amount:f}: notional unknown, no mark or book of {instrument.ticker} was seen"
    return Refusal(RejectReason.NO_REFERENCE, f"{text} yet ({MOST_ORDER_NOTIONAL})")
