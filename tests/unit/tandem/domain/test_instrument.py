"""Steps and rounding of both venues' price and size rules."""

from decimal import Decimal as D

import pytest

from tandem.domain.ids import Exc, Ticker
from tandem.domain.instrument import (
    Instrument,
    ceil_price,
    common_lot,
    cut_to_step,
    decimals,
    floor_price,
    is_legal_lot,
    is_legal_price,
    round_price,
)


def _instrument(tick: str, lot: str, figures: int | None = None) -> Instrument:
    return Instrument(
        exc=Exc("x"),
        ticker=Ticker("T"),
        symbol="T",
        base_asset="T",
        quote_asset="USD",
        tick=D(tick),
        lot=D(lot),
        min_qty=D(lot),
        min_notional=D(10),
        max_sig_figs=figures,
    )


HYPERLIQUID_BTC = _instrument("0.1", "0.00001", 5)
BINANCE_BTC = _instrument("0.10", "0.001")


@pytest.mark.parametrize(
    ("step", "expected"), [("0.10", 1), ("5", 0), ("0.001", 3), ("10", 0), ("0.0100", 2)]
)
def test_decimals_of_a_step(step: str, expected: int) -> None:
    assert decimals(D(step)) == expected


@pytest.mark.parametrize(
    ("amount", "cut"), [("0.0199", "0.019"), ("-0.0199", "-0.019"), ("0.0009", "0"), ("1", "1")]
)
def test_amounts_are_cut_towards_zero(amount: str, cut: str) -> None:
    assert cut_to_step(D(amount), D("0.001")) == D(cut)


@pytest.mark.parametrize(
    ("price", "nearest", "floor", "ceiling"),
    [
        ("64123.4", "64123", "64123", "64124"),
        ("9999.97", "10000", "9999.9", "10000"),
        ("123456.7", "123457", "123456", "123457"),
        ("0.0000001", "0", "0", "0.1"),
    ],
)
def test_hyperliquid_prices_have_five_figures_but_integers_are_legal(
    price: str, nearest: str, floor: str, ceiling: str
) -> None:
    assert round_price(HYPERLIQUID_BTC, D(price)) == D(nearest)
    assert floor_price(HYPERLIQUID_BTC, D(price)) == D(floor)
    assert ceil_price(HYPERLIQUID_BTC, D(price)) == D(ceiling)


def test_a_small_coin_is_bound_by_figures_before_its_tick() -> None:
    coin = _instrument("0.000001", "1", 5)
    assert round_price(coin, D("0.1234567")) == D("0.12346")
    assert is_legal_price(coin, D("0.012345"))
    assert not is_legal_price(coin, D("0.123456"))


def test_binance_prices_obey_the_tick_only() -> None:
    assert round_price(BINANCE_BTC, D("64123.47")) == D("64123.5")
    assert not is_legal_price(BINANCE_BTC, D("64123.47"))
    assert not is_legal_price(BINANCE_BTC, D(0))


def test_lots() -> None:
    assert is_legal_lot(BINANCE_BTC, D("-0.013"))
    assert not is_legal_lot(BINANCE_BTC, D("0.0135"))


def test_precisions_count_decimals() -> None:
    assert (BINANCE_BTC.price_precision, BINANCE_BTC.quantity_precision) == (1, 3)


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [("0.5", "0.2", "1"), ("0.001", "0.00001", "0.001"), ("3", "2", "6")],
)
def test_the_common_lot_is_the_least_that_both_can_trade(one: str, other: str, common: str) -> None:
    assert common_lot(_instrument("1", one), _instrument("1", other)) == D(common)
