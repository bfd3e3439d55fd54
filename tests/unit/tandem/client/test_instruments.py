"""What the client answers about instruments, and how it refuses what it does not know."""

from decimal import Decimal as D

import pytest

from tandem.client.instruments import InstrumentCalls, LaggedPrice, Tables
from tandem.domain.errors import InvalidInputError, UnavailableError, UnknownInstrumentError
from tandem.domain.ids import Ticker
from tandem.messages.pairing import Priced
from tandem.messages.reports import MarkReport, SpecsReport
from tests.unit.tandem.client.rows import EXC, OTHER, SOL, instrument


class Calls(InstrumentCalls):
    def __init__(self, tables: Tables) -> None:
        self.tables = tables


@pytest.fixture
def tables() -> Tables:
    made = Tables()
    coarse = instrument(exc=OTHER, lot=D("0.03"), tick=D("0.1"), min_notional=D(10))
    hyper = instrument(ticker=Ticker("HYP"), tick=D("0.001"), max_sig_figs=5)
    made.learn(SpecsReport(exc=EXC, instruments=(instrument(), hyper)))
    made.learn(SpecsReport(exc=OTHER, instruments=(coarse,)))
    made.connected = (EXC, OTHER)
    return made


@pytest.fixture
def calls(tables: Tables) -> Calls:
    return Calls(tables)


def test_specs_have_the_words_of_the_contract(calls: Calls) -> None:
    assert calls.contract_specs(EXC, SOL) == {
        "base_asset": "SOL",
        "quote_asset": "USDT",
        "min_notional": D(5),
        "price_precision": 2,
        "quantity_precision": 1,
        "tick": D("0.01"),
        "lot": D("0.1"),
        "multiplier": D(1),
    }
    assert calls.get_base_asset(EXC, SOL) == "SOL"
    assert calls.get_quote_asset(EXC, SOL) == "USDT"
    assert calls.price_precision(EXC, SOL) == 2
    assert calls.lot_precision(EXC, SOL) == 1
    assert calls.min_notional(EXC, SOL) == 5


def test_amounts_and_prices_are_rounded_to_the_rules(calls: Calls) -> None:
    assert calls.rounded_lots(EXC, SOL, D("-1.29")) == D("-1.2")
    assert calls.rounded_price(EXC, SOL, "100.016") == D("100.02")
    assert calls.rounded_ceil_price(EXC, SOL, 100.011) == D("100.02")
    assert calls.rounded_floor_price(EXC, SOL, D("100.019")) == D("100.01")
    assert calls.rounded_price(EXC, "HYP", D(1) / 3 * 10_000) == D("3333.3")
    with pytest.raises(InvalidInputError, match="price"):
        calls.rounded_price(EXC, SOL, "cheap")


def test_common_rules_are_the_coarsest(calls: Calls) -> None:
    assert calls.common_lot_precision(EXC, SOL, OTHER, SOL) == 1
    assert calls.common_price_precision(EXC, SOL, OTHER, SOL) == 1
    assert calls.common_min_notional(EXC, SOL, OTHER, SOL) == 10


@pytest.mark.parametrize("exc", ["nowhere", None, [], 5])
def test_unknown_account_is_refused_with_the_known_ones(tables: Tables, exc: str) -> None:
    with pytest.raises(InvalidInputError, match="other, venue"):
        tables.account(exc)


def test_c4_an_instrument_comes_with_its_last_price(tables: Tables) -> None:
    assert tables.priced(EXC, SOL).px is None
    tables.marks[EXC, SOL] = MarkReport(exc=EXC, ticker=SOL, mid=D(100), ts_event_ns=1)
    assert tables.priced(EXC, SOL) == Priced(tables.instrument(EXC, SOL), D(100))


def test_before_init_no_account_is_known() -> None:
    with pytest.raises(InvalidInputError, match="before init"):
        Tables().account(EXC)


def test_unknown_ticker_is_refused_with_the_nearest(tables: Tables) -> None:
    with pytest.raises(UnknownInstrumentError) as caught:
        tables.instrument(EXC, "SOLL")
    assert caught.value.nearest == (SOL,)
    with pytest.raises(UnknownInstrumentError):
        tables.instrument(EXC, 5)


def test_price_is_given_with_its_age(tables: Tables) -> None:
    with pytest.raises(UnavailableError):
        tables.lagged(EXC, SOL, 5)
    tables.marks[EXC, SOL] = MarkReport(exc=EXC, ticker=SOL, mid=D(100), ts_event_ns=1_000_000)
    assert tables.lagged(EXC, SOL, 8_000_000) == LaggedPrice(D(100), 7)
    assert tables.lagged(EXC, SOL, 0).age_ms == 0
