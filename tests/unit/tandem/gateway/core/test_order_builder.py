"""What an intent or a taker becomes on the wire."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tandem.domain.errors import InvalidInputError
from tandem.domain.ids import ClientOrderId, Exc, Pool, Strategy, Ticker
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderType, PriceMatch, RejectReason, TimeInForce
from tandem.gateway.core.market import Market
from tandem.gateway.core.order_builder import Desk, from_intent, from_taker
from tandem.gateway.core.pre_trade_checks import Refusal
from tandem.gateway.core.pricing import PricingRules
from tandem.gateway.port.channel import BookUpdate, Level, MarkUpdate
from tandem.gateway.port.requests import PlaceOrder
from tandem.gateway.port.venue import Traits
from tandem.messages.hedges import Decision, TakerOrder
from tandem.messages.intents import NewOrder

EXC, SOL = Exc("v"), Ticker("SOL")
INSTRUMENT = Instrument(
    exc=EXC,
    ticker=SOL,
    symbol="SOL",
    base_asset="SOL",
    quote_asset="USD",
    tick=Decimal("0.01"),
    lot=Decimal("0.1"),
    min_qty=Decimal("0.1"),
    min_notional=Decimal(5),
)
MARKET_ORDER = NewOrder(
    exc=EXC,
    ticker=SOL,
    client_order_id=ClientOrderId("0xc"),
    amount=Decimal(2),
    order_type=OrderType.MARKET,
    strategy=Strategy("s"),
)


def lower_case(cloid: ClientOrderId) -> ClientOrderId:
    if not cloid.startswith("0x"):
        raise InvalidInputError("cloid", cloid, "0x and hex digits")
    return ClientOrderId(cloid.lower())


def desk(
    *, has_market_orders: bool = True, with_book: bool = True, has_price_match: bool = True
) -> Desk:
    market = Market()
    if with_book:
        bids, asks = (Level(Decimal(99), Decimal(9)),), (Level(Decimal(100), Decimal(9)),)
        market.take_book(BookUpdate(SOL, bids, asks, 0), 0)
    traits = Traits(
        venue="Somewhere",
        order_channel="orders",
        has_market_orders=has_market_orders,
        has_price_match=has_price_match,
        has_fok=True,
        reduce_only_skips_min_notional=False,
    )
    rules = PricingRules(500, Decimal("0.02"))
    return Desk(EXC, traits, rules, {SOL: INSTRUMENT}, market, Decimal(100), lower_case)


def order(**changes: Any) -> NewOrder:
    return msgspec.structs.replace(MARKET_ORDER, **changes)


def placed(found: PlaceOrder | Refusal) -> PlaceOrder:
    assert isinstance(found, PlaceOrder), found
    return found


def refused(found: PlaceOrder | Refusal) -> Refusal:
    assert isinstance(found, Refusal), found
    return found


def decision(amount: str, band_bp: str = "20") -> tuple[Decision, TakerOrder]:
    taker = TakerOrder(
        client_order_id=ClientOrderId("0xt"),
        amount=Decimal(amount),
        band_bp=Decimal(band_bp),
        hard_cap_bp=Decimal(100),
        reduce_only=True,
    )
    whole = Decision(
        exc=EXC,
        ticker=SOL,
        pool=Pool("p"),
        epoch=0,
        ordinal=1,
        as_of=1,
        need=Decimal(amount),
        attempt=0,
        rules="r",
        takers=(taker,),
    )
    return whole, taker


def matched(rule: PriceMatch, amount: int, read_ns: int = 0) -> PlaceOrder | Refusal:
    """Return what becomes of an order by a price rule where the venue has none; five levels."""
    made = desk(has_price_match=False)
    bids = tuple(Level(Decimal(99 - n), Decimal(9)) for n in range(5))
    asks = tuple(Level(Decimal(100 + n), Decimal(9)) for n in range(5))
    made.market.take_book(BookUpdate(SOL, bids, asks, 1), read_ns)
    wanted = order(order_type=OrderType.LIMIT, price_match=rule, amount=Decimal(amount))
    return from_intent(wanted, made, 0)


@pytest.mark.parametrize(
    ("rule", "buys_at", "sells_at"),
    [
        (PriceMatch.QUEUE, 99, 100),
        (PriceMatch.QUEUE_5, 95, 104),
        (PriceMatch.OPPONENT, 100, 99),
        (PriceMatch.OPPONENT_5, 104, 95),
    ],
)
def test_a_price_rule_that_the_venue_has_not_is_taken_from_the_book(
    rule: PriceMatch, buys_at: int, sells_at: int
) -> None:
    bought, sold = placed(matched(rule, 1)), placed(matched(rule, -1))
    assert (bought.price, sold.price) == (Decimal(buys_at), Decimal(sells_at))
    assert bought.price_match is rule


@pytest.mark.parametrize(
    "rule",
    [PriceMatch.QUEUE_10, PriceMatch.QUEUE_20, PriceMatch.OPPONENT_10, PriceMatch.OPPONENT_20],
)
def test_a_level_that_the_book_does_not_show_gives_no_price(rule: PriceMatch) -> None:
    found = refused(matched(rule, 1))
    assert found.reason is RejectReason.NO_REFERENCE
    assert "shows 5 levels" in found.text


def test_a_book_that_is_old_or_missing_gives_no_price_for_a_rule() -> None:
    assert refused(matched(PriceMatch.QUEUE, 1, -600_000_000)).text.endswith("at most 500 ms")
    wanted = order(order_type=OrderType.LIMIT, price_match=PriceMatch.QUEUE)
    found = refused(from_intent(wanted, desk(with_book=False, has_price_match=False), 0))
    assert found.reason is RejectReason.NO_REFERENCE


def test_a_price_rule_of_the_venue_itself_goes_out_without_a_price() -> None:
    wanted = order(order_type=OrderType.LIMIT, price_match=PriceMatch.QUEUE_5)
    assert placed(from_intent(wanted, desk(), 0)).price is None


def test_limit_order_goes_out_as_it_is() -> None:
    limit = order(order_type=OrderType.LIMIT, price=Decimal("99.5"), post_only=True)
    sent = placed(from_intent(limit, desk(), 0))
    assert (sent.price, sent.amount, sent.post_only) == (Decimal("99.5"), Decimal(2), True)
    assert sent.time_in_force is TimeInForce.GTC


def test_price_match_goes_out_without_a_price() -> None:
    matched = order(order_type=OrderType.LIMIT, price_match=PriceMatch.QUEUE)
    sent = placed(from_intent(matched, desk(), 0))
    assert (sent.price, sent.price_match) == (None, PriceMatch.QUEUE)


def test_market_order_is_the_venues_own_where_it_has_one() -> None:
    sent = placed(from_intent(order(), desk(), 0))
    assert (sent.order_type, sent.price) == (OrderType.MARKET, None)


def test_market_order_is_a_capped_limit_where_the_venue_has_none() -> None:
    sent = placed(from_intent(order(), desk(has_market_orders=False), 0))
    assert (sent.order_type, sent.time_in_force) == (OrderType.LIMIT, TimeInForce.IOC)
    assert sent.price == Decimal("100.49")


def test_market_order_with_a_slippage_cap_is_a_limit_everywhere() -> None:
    sent = placed(from_intent(order(max_slippage_bp=Decimal(60)), desk(), 0))
    assert (sent.order_type, sent.price) == (OrderType.LIMIT, Decimal("100.09"))


def test_market_order_without_a_reference_is_refused() -> None:
    found = from_intent(order(), desk(has_market_orders=False, with_book=False), 0)
    assert refused(found).reason is RejectReason.NO_REFERENCE


def test_market_order_below_the_minimum_at_the_mark_is_refused() -> None:
    place = desk()
    place.market.take_mark(MarkUpdate(SOL, Decimal(1), 0), 0)
    assert refused(from_intent(order(), place, 0)).reason is RejectReason.SIZE


def test_unlisted_ticker_is_refused() -> None:
    assert refused(from_intent(order(ticker=Ticker("ETH")), desk(), 0)).text.startswith(
        "ticker=ETH"
    )


def test_client_id_that_the_venue_spells_otherwise_is_refused() -> None:
    assert (
        "spells it 0xc"
        in refused(from_intent(order(client_order_id=ClientOrderId("0xC")), desk(), 0)).text
    )


def test_client_id_that_the_venue_does_not_take_is_refused() -> None:
    assert (
        refused(from_intent(order(client_order_id=ClientOrderId("abc")), desk(), 0)).text
        == "cloid=abc: 0x and hex digits"
    )


def test_contradictory_order_is_refused() -> None:
    assert refused(from_intent(order(price=Decimal(1)), desk(), 0)).text.startswith("price=1")


def test_taker_is_an_immediate_limit_from_the_live_book() -> None:
    sent = placed(from_taker(*decision("-3"), desk(), 0))
    assert (sent.amount, sent.price) == (Decimal(-3), Decimal("98.81"))
    assert (sent.time_in_force, sent.reduce_only) == (TimeInForce.IOC, True)


def test_taker_without_a_sound_book_is_refused() -> None:
    found = from_taker(*decision("3"), desk(), 501_000_000)
    assert refused(found).reason is RejectReason.NO_REFERENCE


def test_taker_off_the_lot_is_refused_by_size() -> None:
    assert refused(from_taker(*decision("0.15"), desk(), 0)).reason is RejectReason.SIZE


def test_taker_of_nothing_is_refused() -> None:
    assert refused(from_taker(*decision("0"), desk(), 0)).reason is RejectReason.NO_REFERENCE


def test_taker_on_an_unlisted_ticker_is_refused() -> None:
    whole, taker = decision("1")
    other = msgspec.structs.replace(whole, ticker=Ticker("ETH"))
    assert refused(from_taker(other, taker, desk(), 0)).reason is RejectReason.INVALID
