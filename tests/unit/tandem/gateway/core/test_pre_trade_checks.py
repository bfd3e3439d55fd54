"""Each broken rule is refused by name, with the value and the limit."""

import dataclasses
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tandem.domain.ids import ClientOrderId, Exc, Strategy, Ticker
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderType, PriceMatch, RejectReason, TimeInForce
from tandem.gateway.core.pre_trade_checks import (
    Refusal,
    Terms,
    check_intent,
    check_terms,
    find_instrument,
)
from tandem.gateway.port.venue import Traits
from tandem.messages.intents import NewOrder

SOL = Instrument(
    exc=Exc("v"),
    ticker=Ticker("SOL"),
    symbol="SOL",
    base_asset="SOL",
    quote_asset="USD",
    tick=Decimal("0.01"),
    lot=Decimal("0.1"),
    min_qty=Decimal("0.2"),
    min_notional=Decimal(5),
    max_qty=Decimal(100),
    market_max_qty=Decimal(10),
)
TRAITS = Traits(
    venue="Somewhere",
    order_channel="orders",
    has_market_orders=True,
    has_price_match=False,
    has_fok=False,
    reduce_only_skips_min_notional=True,
)
ORDER = NewOrder(
    exc=Exc("v"),
    ticker=Ticker("SOL"),
    client_order_id=ClientOrderId("c"),
    amount=Decimal(1),
    order_type=OrderType.LIMIT,
    strategy=Strategy("s"),
    price=Decimal(10),
)


def order(**changes: Any) -> NewOrder:
    return msgspec.structs.replace(ORDER, **changes)


def terms(**changes: Any) -> Terms:
    values: dict[str, Any] = {
        "amount": Decimal(1),
        "price": Decimal(10),
        "valued_at": Decimal(10),
        "order_type": OrderType.LIMIT,
        "reduce_only": False,
    }
    return Terms(**(values | changes))


def refusal(found: Refusal | None) -> tuple[RejectReason, str]:
    assert found is not None
    return found.reason, found.text


def test_sound_order_passes() -> None:
    assert check_intent(ORDER, TRAITS) is None
    assert check_terms(terms(), SOL, TRAITS) is None


def test_unknown_ticker_is_refused_with_the_nearest_names() -> None:
    found = find_instrument(Exc("v"), Ticker("SOLL"), {Ticker("SOL"): SOL})
    assert found == Refusal(RejectReason.INVALID, "ticker=SOLL: not listed on v; nearest: SOL")


def test_halted_instrument_is_a_market_state() -> None:
    halted = dataclasses.replace(SOL, is_tradable=False)
    found = find_instrument(Exc("v"), Ticker("SOL"), {Ticker("SOL"): halted})
    assert isinstance(found, Refusal)
    assert found.reason is RejectReason.MARKET_STATE


def test_significant_figures_are_named_where_the_venue_counts_them() -> None:
    five = dataclasses.replace(SOL, max_sig_figs=5, tick=Decimal("0.0001"))
    found = check_terms(terms(price=Decimal("140.123")), five, TRAITS)
    assert refusal(found)[1].startswith(
        "price=140.123: not a multiple of the tick 0.0001 within 5 significant figures"
    )


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"price": None}, "price=None: a LIMIT order needs price or price_match"),
        ({"take_profit": Decimal(1)}, "tp=1: not supported yet"),
        ({"stop_loss": Decimal(1)}, "sl=1: not supported yet"),
        ({"time_in_force": TimeInForce.FOK}, "tif=FOK: Somewhere does not have it"),
        ({"amount": Decimal("NaN")}, "amount=NaN: a finite decimal other than 0; negative sells"),
    ],
)
def test_what_makes_no_sense_or_is_not_had_is_refused_by_name(
    changes: dict[str, Any], text: str
) -> None:
    assert refusal(check_intent(order(**changes), TRAITS)) == (RejectReason.INVALID, text)


def test_suspended_price_match_is_refused_by_name() -> None:
    traits = Traits(
        venue="Somewhere",
        order_channel="orders",
        has_market_orders=True,
        has_price_match=True,
        has_fok=True,
        reduce_only_skips_min_notional=True,
        refused_price_match=frozenset({PriceMatch.OPPONENT_10}),
    )
    wanted = order(price=None, price_match=PriceMatch.OPPONENT_10)
    assert refusal(check_intent(wanted, traits)) == (
        RejectReason.INVALID,
        "price_match=OPPONENT_10: suspended by Somewhere",
    )
    assert check_intent(order(price=None, price_match=PriceMatch.QUEUE), traits) is None


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"amount": Decimal("-1.05")},
            "amount=-1.05: not a multiple of the lot 0.1; nearest -1.0",
        ),
        ({"amount": Decimal("0.1")}, "amount=0.1: below the minimum quantity 0.2"),
        ({"amount": Decimal("100.1")}, "amount=100.1: above the maximum quantity 100"),
        (
            {"amount": Decimal("10.1"), "order_type": OrderType.MARKET, "price": None},
            "amount=10.1: above the maximum quantity 10",
        ),
        ({"amount": Decimal("-0.4")}, "amount=-0.4: notional 4.0 is below the minimum 5"),
    ],
)
def test_size_rules_are_refused_with_both_numbers(changes: dict[str, Any], text: str) -> None:
    assert refusal(check_terms(terms(**changes), SOL, TRAITS)) == (RejectReason.SIZE, text)


def test_price_off_the_tick_is_refused_with_the_nearest() -> None:
    assert refusal(check_terms(terms(price=Decimal("10.005")), SOL, TRAITS)) == (
        RejectReason.INVALID,
        "price=10.005: not a multiple of the tick 0.01; nearest 10.00",
    )


def test_reduce_only_is_spared_the_minimum_notional_where_the_venue_does() -> None:
    small = terms(amount=Decimal("0.4"), reduce_only=True)
    assert check_terms(small, SOL, TRAITS) is None


def test_unknown_value_leaves_the_minimum_notional_to_the_venue() -> None:
    assert check_terms(terms(amount=Decimal("0.4"), valued_at=None), SOL, TRAITS) is None
