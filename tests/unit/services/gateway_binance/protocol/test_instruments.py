from collections.abc import Callable
from decimal import Decimal

import pytest

from services.gateway_binance.protocol.instruments import instruments_of
from services.gateway_binance.protocol.rows import exchange_info
from tandem.domain.ids import Exc
from tandem.domain.instrument import Instrument

Payload = Callable[[str], bytes]


@pytest.fixture
def table(payload: Payload) -> dict[str, Instrument]:
    info = exchange_info.decode(payload("exchange_info"))
    return {each.ticker: each for each in instruments_of(Exc("binance"), info.symbols)}


def test_steps_and_bounds_come_from_the_filters(table: dict[str, Instrument]) -> None:
    btc = table["BTCUSDT"]
    assert (btc.tick, btc.lot, btc.min_qty) == (Decimal("0.1"), Decimal("0.001"), Decimal("0.001"))
    assert (btc.max_qty, btc.market_max_qty) == (Decimal(1000), Decimal(120))
    assert btc.min_notional == Decimal(100)
    assert (btc.base_asset, btc.quote_asset) == ("BTC", "USDT")
    assert btc.is_tradable


def test_precision_follows_the_tick_not_the_precision_field(table: dict[str, Instrument]) -> None:
    assert table["BTCUSDT"].price_precision == 1


def test_halted_symbol_is_listed_and_not_tradable(table: dict[str, Instrument]) -> None:
    halted = table["AAAUSDT"]
    assert not halted.is_tradable
    assert halted.tick == Decimal("0.00001")


def test_filter_value_of_zero_switches_its_bound_off(table: dict[str, Instrument]) -> None:
    halted = table["AAAUSDT"]
    assert (halted.max_qty, halted.market_max_qty, halted.min_notional) == (None, None, Decimal(0))


def test_unknown_status_is_not_tradable(table: dict[str, Instrument]) -> None:
    assert not table["NEWUSDT"].is_tradable


def test_symbol_outside_ascii_is_kept(table: dict[str, Instrument]) -> None:
    assert table["测试USDT"].is_tradable


def test_symbols_that_cannot_be_read_do_not_hide_the_others(table: dict[str, Instrument]) -> None:
    assert sorted(table) == ["AAAUSDT", "BTCUSDT", "NEWUSDT", "测试USDT"]
