"""The one check of size, step and notional."""

from dataclasses import replace
from decimal import Decimal as D

import pytest

from tandem.domain.ids import Exc, Ticker
from tandem.domain.instrument import Instrument
from tandem.domain.order_rules import BrokenRule, Draft, OrderField, broken_rule

PEPE = Instrument(
    exc=Exc("v"),
    ticker=Ticker("1000PEPEUSDT"),
    symbol="1000PEPEUSDT",
    base_asset="PEPE",
    quote_asset="USDT",
    tick=D("0.0001"),
    lot=D("0.5"),
    min_qty=D(1),
    min_notional=D(5),
    max_qty=D(1000),
    market_max_qty=D(100),
    multiplier=D(1000),
)
AMOUNT, PRICE = OrderField.AMOUNT, OrderField.PRICE


@pytest.mark.parametrize(
    ("draft", "broken"),
    [
        (Draft(D(-500), D("0.0100"), D("0.01")), None),
        (Draft(D(100), None, None, is_market=True), None),
        (Draft(D("1.2"), None, None), (AMOUNT, "not a multiple of the lot 0.5; nearest 1.0")),
        (Draft(D("0.5"), None, None), (AMOUNT, "below the minimum quantity 1")),
        (Draft(D(2000), None, None), (AMOUNT, "above the maximum quantity 1000")),
        (
            Draft(D(101), None, None, is_market=True),
            (AMOUNT, "above the maximum quantity 100"),
        ),
        (
            Draft(D(500), D("0.01001"), D("0.01001")),
            (PRICE, "not a multiple of the tick 0.0001; nearest 0.0100"),
        ),
        # By the multiplier it would be worth 4000.
        (Draft(D(400), D("0.01"), D("0.01")), (AMOUNT, "notional 4.00 is below the minimum 5")),
        (Draft(D(400), D("0.01"), D("0.01"), skips_min_notional=True), None),
    ],
)
def test_c4_an_order_of_a_thousand_coins_is_worth_its_price(
    draft: Draft, broken: tuple[OrderField, str] | None
) -> None:
    found = broken_rule(PEPE, draft)

    if broken is None:
        assert found is None
    else:
        value = draft.amount if broken[0] is AMOUNT else draft.price
        assert found == BrokenRule(broken[0], value or D(0), broken[1])


def test_significant_figures_are_named() -> None:
    five = replace(PEPE, max_sig_figs=5, tick=D("0.000001"))
    found = broken_rule(five, Draft(D(500), D("1.23456"), D(1)))

    assert found is not None
    assert "within 5 significant figures; nearest 1.2346" in found.rule


def test_an_inverse_contract_is_worth_its_face() -> None:
    coin = replace(PEPE, inverse=True, multiplier=D(10))
    assert broken_rule(coin, Draft(D(1), D("0.01"), D("0.01"))) is None
