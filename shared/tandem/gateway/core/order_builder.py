"""What goes to the wire for an intent or a taker: a checked `PlaceOrder`, or a refusal (pure)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from tandem.domain.errors import InvalidInputError
from tandem.domain.ids import ClientOrderId, Exc, Ticker
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderType, RejectReason, TimeInForce
from tandem.gateway.core import pre_trade_checks, pricing
from tandem.gateway.core.market import Market
from tandem.gateway.core.pre_trade_checks import NO_MOST, Refusal, Terms
from tandem.gateway.core.pricing import Bands, NoReference, PricingRules, Reference
from tandem.gateway.port.requests import PlaceOrder
from tandem.gateway.port.venue import Traits
from tandem.messages.hedges import Decision, TakerOrder
from tandem.messages.intents import NewOrder


@dataclass(frozen=True, slots=True)
class Desk:
    """What an order is checked and priced against: the venue's rules, its table, its market.

    `most_notional` is what one order of a strategy may be worth; takers of hedges know no such end.
    """

    exc: Exc
    traits: Traits
    pricing: PricingRules
    instruments: Mapping[Ticker, Instrument]
    market: Market
    market_slippage_bp: Decimal
    canonical_cloid: Callable[[ClientOrderId], ClientOrderId]
    most_notional: Decimal = NO_MOST


def from_intent(order: NewOrder, desk: Desk, now_ns: int) -> PlaceOrder | Refusal:
    """Return the order to place for an intent: also of the hedger's, for a maker."""
    request = _wanted(order, desk, now_ns)
    if isinstance(request, Refusal):
        return request
    price = request.price or _middle(desk.market, order.ticker)
    refused = pre_trade_checks.check_worth(
        request.instrument, request.amount, price, desk.most_notional
    )
    return refused or request


def _wanted(order: NewOrder, desk: Desk, now_ns: int) -> PlaceOrder | Refusal:
    refused = pre_trade_checks.check_intent(order, desk.traits) or _check_cloid(
        order.client_order_id, desk
    )
    if refused is not None:
        return refused
    instrument = pre_trade_checks.find_instrument(desk.exc, order.ticker, desk.instruments)
    if isinstance(instrument, Refusal):
        return instrument
    if order.order_type is OrderType.MARKET:
        return _market(order, instrument, desk, now_ns)
    price = _limit_price(order, desk, now_ns)
    if isinstance(price, NoReference):
        text = f"price_match={order.price_match}: no price in the book: {price.text}"
        return Refusal(RejectReason.NO_REFERENCE, text)
    terms = Terms(
        amount=order.amount,
        price=price,
        valued_at=price or _middle(desk.market, order.ticker),
        order_type=OrderType.LIMIT,
        reduce_only=order.reduce_only,
    )
    refused = pre_trade_checks.check_terms(terms, instrument, desk.traits)
    return refused or PlaceOrder(
        instrument=instrument,
        client_order_id=order.client_order_id,
        amount=order.amount,
        order_type=OrderType.LIMIT,
        price=price,
        time_in_force=order.time_in_force,
        price_match=order.price_match,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
    )


def _limit_price(order: NewOrder, desk: Desk, now_ns: int) -> Decimal | NoReference | None:
    """Return the limit; None where the venue itself is to choose it."""
    if order.price_match is None or desk.traits.has_price_match:
        return order.price
    book = desk.market.books.get(order.ticker)
    return pricing.matched_price(book, order.price_match, order.amount, now_ns, desk.pricing)


def _market(
    order: NewOrder, instrument: Instrument, desk: Desk, now_ns: int
) -> PlaceOrder | Refusal:
    """A MARKET of the venue, or an IOC limit where it has none or a cap was asked for."""
    cloid = order.client_order_id
    if not desk.traits.has_market_orders or order.max_slippage_bp is not None:
        slippage = order.max_slippage_bp or desk.market_slippage_bp
        wanted = Wanted(cloid, order.amount, Bands(slippage, slippage), order.reduce_only)
        return _immediate(wanted, instrument, desk, now_ns)
    terms = Terms(
        amount=order.amount,
        price=None,
        valued_at=_middle(desk.market, order.ticker),
        order_type=OrderType.MARKET,
        reduce_only=order.reduce_only,
    )
    return pre_trade_checks.check_terms(terms, instrument, desk.traits) or PlaceOrder(
        instrument=instrument,
        client_order_id=cloid,
        amount=order.amount,
        order_type=OrderType.MARKET,
        price=None,
        time_in_force=TimeInForce.IOC,
        reduce_only=order.reduce_only,
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """An amount to trade at once, and how far the price may go."""

    client_order_id: ClientOrderId
    amount: Decimal
    bands: Bands
    reduce_only: bool


def from_taker(
    decision: Decision, taker: TakerOrder, desk: Desk, now_ns: int
) -> PlaceOrder | Refusal:
    """Return the order to place for one taker of a decision, priced from the book of now."""
    instrument = pre_trade_checks.find_instrument(desk.exc, decision.ticker, desk.instruments)
    if isinstance(instrument, Refusal):
        return instrument
    bands = Bands(taker.band_bp, taker.hard_cap_bp)
    wanted = Wanted(taker.client_order_id, taker.amount, bands, taker.reduce_only)
    return _immediate(wanted, instrument, desk, now_ns)


def _immediate(
    wanted: Wanted, instrument: Instrument, desk: Desk, now_ns: int
) -> PlaceOrder | Refusal:
    at = _reference(wanted.amount, instrument, desk, now_ns)
    if isinstance(at, NoReference):
        return Refusal(RejectReason.NO_REFERENCE, f"no reference price: {at.text}")
    price = pricing.taker_price(instrument, wanted.amount, at, wanted.bands)
    terms = Terms(wanted.amount, price, price, OrderType.LIMIT, wanted.reduce_only)
    return pre_trade_checks.check_terms(terms, instrument, desk.traits) or PlaceOrder(
        instrument=instrument,
        client_order_id=wanted.client_order_id,
        amount=wanted.amount,
        order_type=OrderType.LIMIT,
        price=price,
        time_in_force=TimeInForce.IOC,
        reduce_only=wanted.reduce_only,
    )


def _reference(
    amount: Decimal, instrument: Instrument, desk: Desk, now_ns: int
) -> Reference | NoReference:
    book = desk.market.books.get(instrument.ticker)
    mark = desk.market.marks.get(instrument.ticker)
    if amount == 0:
        return NoReference("the amount is 0")
    return pricing.reference(book, mark, amount, now_ns, desk.pricing)


def _middle(market: Market, ticker: Ticker) -> Decimal | None:
    """The mark, as venues value by it, or the middle of the book; None when neither is known."""
    mark, book = market.marks.get(ticker), market.books.get(ticker)
    if mark is not None:
        return mark.price
    return book.mid if book is not None else None


def _check_cloid(cloid: ClientOrderId, desk: Desk) -> Refusal | None:
    """Refuse a client id that the venue would spell otherwise: nothing could find it again."""
    try:
        canonical = desk.canonical_cloid(cloid)
    except InvalidInputError as error:
        return Refusal(RejectReason.INVALID, str(error))
    if canonical == cloid:
        return None
    return Refusal(RejectReason.INVALID, f"cloid={cloid}: this venue spells it {canonical}")
