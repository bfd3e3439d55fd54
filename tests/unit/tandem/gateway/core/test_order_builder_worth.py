"""One order of a strategy is worth so much at most; takers of hedges know no such end."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tandem.domain.ids import ClientOrderId, Exc, HedgeId, Pool, Strategy, Ticker, maker_cloid
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderType, PriceMatch, RejectReason
from tandem.gateway.core.market import Market
from tandem.gateway.core.order_builder import Desk, from_intent, from_taker
from tandem.gateway.core.pre_trade_checks import NO_MOST, Refusal
from tandem.gateway.core.pricing import PricingRules
from tandem.gateway.port.channel import BookUpdate, Level, MarkUpdate
from tandem.gateway.port.requests import PlaceOrder
from tandem.gateway.port.venue import Traits
from tandem.messages.hedges import Decision, TakerOrder
from tandem.messages.intents import NewOrder

BINANCE, HYPERLIQUID = Exc("binance"), Exc("hyperliquid")
MOST = Decimal(1_000_000)


def listed(exc: Exc, ticker: str, tick: str, lot: str, **changes: Any) -> Instrument:
    return Instrument(
        exc=exc,
        ticker=Ticker(ticker),
        symbol=ticker,
        base_asset="COIN",
        quote_asset="USD",
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_qty=Decimal(lot),
        min_notional=Decimal(5),
        **changes,
    )


THOUSAND = Decimal(1_000)
SOLUSDT = listed(BINANCE, "SOLUSDT", "0.01", "0.01")
PEPEUSDT = listed(BINANCE, "1000PEPEUSDT", "0.00001", "1", multiplier=THOUSAND)
SOL = listed(HYPERLIQUID, "SOL", "0.0001", "0.01", max_sig_figs=5)
KPEPE = listed(HYPERLIQUID, "kPEPE", "0.000001", "1", max_sig_figs=5, multiplier=THOUSAND)
INVERSE = listed(BINANCE, "SOLUSD_PERP", "0.01", "1", multiplier=Decimal(10), inverse=True)


def desk(instrument: Instrument, most: Decimal = MOST) -> Desk:
    """Return what one account of a venue checks by, which lists one instrument."""
    is_binance = instrument.exc == BINANCE
    traits = Traits(
        venue="Binance" if is_binance else "Hyperliquid",
        order_channel="orders",
        has_market_orders=is_binance,
        has_price_match=is_binance,
        has_fok=is_binance,
        reduce_only_skips_min_notional=is_binance,
    )
    rules, table = PricingRules(500, Decimal("0.01")), {instrument.ticker: instrument}
    slippage = Decimal(100)
    return Desk(instrument.exc, traits, rules, table, Market(), slippage, ClientOrderId, most)


def show(place: Desk, instrument: Instrument, price: str) -> Desk:
    """Let the market of the instrument be at a price, to the tick."""
    level = (Level(Decimal(price), Decimal(1_000_000)),)
    asks = (Level(Decimal(price) + instrument.tick, Decimal(1_000_000)),)
    place.market.take_book(BookUpdate(instrument.ticker, level, asks, 0), 0)
    place.market.take_mark(MarkUpdate(instrument.ticker, Decimal(price), 0), 0)
    return place


def limit(instrument: Instrument, amount: str, price: str | None, **changes: Any) -> NewOrder:
    order = NewOrder(
        exc=instrument.exc,
        ticker=instrument.ticker,
        client_order_id=ClientOrderId("0xc"),
        amount=Decimal(amount),
        order_type=OrderType.LIMIT,
        strategy=Strategy("s"),
        price=None if price is None else Decimal(price),
    )
    return msgspec.structs.replace(order, **changes)


def market(instrument: Instrument, amount: str) -> NewOrder:
    return limit(instrument, amount, None, order_type=OrderType.MARKET)


def asked(order: NewOrder, place: Desk) -> Refusal | None:
    """Return why an order is not placed; None: it is, as large as it was asked for."""
    found = from_intent(order, place, 0)
    if isinstance(found, PlaceOrder):
        assert found.amount == order.amount
        return None
    return found


def refusal(order: NewOrder, place: Desk) -> tuple[RejectReason, str]:
    found = asked(order, place)
    assert found is not None
    return found.reason, found.text


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize(
    ("instrument", "price", "under", "at", "over", "worth"),
    [
        (SOLUSDT, "160", "6249.99", "6250", "6250.01", "1000001.60"),
        (SOL, "160", "6249.99", "6250", "6250.01", "1000001.60"),
        # The price is that of a thousand PEPE: its multiplier has no part in the worth.
        (PEPEUSDT, "0.008", "124999999", "125000000", "125000001", "1000000.008"),
        (KPEPE, "0.008", "124999999", "125000000", "125000001", "1000000.008"),
    ],
    ids=["SOLUSDT", "SOL", "1000PEPEUSDT", "kPEPE"],
)
def test_f8_one_limit_order_is_worth_so_much_at_most(
    instrument: Instrument, price: str, under: str, at: str, over: str, worth: str, sign: str
) -> None:
    place = desk(instrument)
    assert asked(limit(instrument, sign + under, price), place) is None
    assert asked(limit(instrument, sign + at, price), place) is None
    assert refusal(limit(instrument, sign + over, price), place) == (
        RejectReason.SIZE,
        f"amount={sign}{over}: notional {worth} at {price} is above the most of one order, "
        "1000000 (TANDEM_MOST_ORDER_NOTIONAL)",
    )


def test_f8_an_inverse_contract_is_worth_its_face_whatever_its_price() -> None:
    place = desk(INVERSE)
    assert asked(limit(INVERSE, "99999", "1"), place) is None
    assert asked(limit(INVERSE, "100000", "1000"), place) is None
    text = "amount=100001: notional 1000010 is above the most of one order, 1000000"
    wanted = (RejectReason.SIZE, f"{text} (TANDEM_MOST_ORDER_NOTIONAL)")
    assert refusal(limit(INVERSE, "100001", "1"), place) == wanted
    assert refusal(market(INVERSE, "100001"), place) == wanted  # with no price known


def test_f8_fifty_thousand_sol_do_not_rest() -> None:
    for instrument in (SOLUSDT, SOL):
        assert refusal(limit(instrument, "-50000", "145"), desk(instrument))[1].startswith(
            "amount=-50000: notional 7250000 at 145 is above"
        )


def test_f8_a_market_order_is_worth_what_the_mark_says() -> None:
    place = show(desk(SOLUSDT), SOLUSDT, "160")
    assert asked(market(SOLUSDT, "6250"), place) is None
    assert refusal(market(SOLUSDT, "6250.01"), place)[0] is RejectReason.SIZE


def test_f8_a_market_order_is_worth_the_middle_of_the_book_without_a_mark() -> None:
    place = show(desk(SOLUSDT), SOLUSDT, "159.99")
    place.market.marks.clear()
    assert asked(market(SOLUSDT, "6250"), place) is None
    assert "notional 1000032.748" in refusal(market(SOLUSDT, "6250.4"), place)[1]


def test_f8_a_market_order_is_worth_its_limit_where_it_goes_out_as_one() -> None:
    """Hyperliquid has none: what is sent is a limit, here one percent beyond the book."""
    place = show(desk(SOL), SOL, "160")
    assert asked(market(SOL, "6188.11"), place) is None
    assert "at 161.60 is above" in refusal(market(SOL, "6188.12"), place)[1]


@pytest.mark.parametrize(
    "order",
    [market(SOLUSDT, "1"), limit(SOLUSDT, "1", None, price_match=PriceMatch.QUEUE)],
    ids=["market", "price_match"],
)
def test_f8_an_order_that_nobody_can_value_is_refused_by_name(order: NewOrder) -> None:
    assert refusal(order, desk(SOLUSDT)) == (
        RejectReason.NO_REFERENCE,
        "amount=1: notional unknown, no mark or book of SOLUSDT was seen yet "
        "(TANDEM_MOST_ORDER_NOTIONAL)",
    )
    assert asked(order, desk(SOLUSDT, NO_MOST)) is None


def test_f8_a_price_rule_is_valued_at_the_mark_or_at_the_level_that_it_finds() -> None:
    for instrument in (SOLUSDT, SOL):
        place = show(desk(instrument), instrument, "160")
        rule = {"price_match": PriceMatch.QUEUE}
        assert asked(limit(instrument, "6250", None, **rule), place) is None
        assert refusal(limit(instrument, "6250.01", None, **rule), place)[0] is RejectReason.SIZE


def test_f8_a_reduce_only_order_and_the_maker_of_a_hedge_are_orders_too() -> None:
    place, maker = desk(SOLUSDT), maker_cloid(HedgeId("h1"))
    assert asked(limit(SOLUSDT, "6250", "160", client_order_id=maker), place) is None
    for changes in ({"client_order_id": maker}, {"reduce_only": True}):
        found = refusal(limit(SOLUSDT, "6250.01", "160", **changes), place)
        assert found[0] is RejectReason.SIZE


def test_f8_without_a_limit_any_order_goes() -> None:
    place = desk(SOLUSDT, NO_MOST)
    assert asked(limit(SOLUSDT, "50000", "160"), place) is None


def test_f8_what_breaks_the_instruments_own_rules_says_so_first() -> None:
    small = replace(SOLUSDT, max_qty=Decimal(100))
    found = refusal(limit(small, "50000", "160"), desk(small))
    assert found == (RejectReason.SIZE, "amount=50000: above the maximum quantity 100")


def test_f8_a_hedges_taker_is_never_too_large() -> None:
    for instrument in (SOLUSDT, SOL):
        taker = TakerOrder(
            client_order_id=ClientOrderId("0xt"),
            amount=Decimal(-50_000),
            band_bp=Decimal(5),
            hard_cap_bp=Decimal(50),
        )
        decision = Decision(
            exc=instrument.exc,
            ticker=instrument.ticker,
            pool=Pool("p"),
            epoch=0,
            ordinal=1,
            as_of=1,
            need=taker.amount,
            attempt=0,
            rules="r",
            takers=(taker,),
        )
        place = show(desk(instrument), instrument, "160")
        assert isinstance(from_taker(decision, taker, place, 0), PlaceOrder)
