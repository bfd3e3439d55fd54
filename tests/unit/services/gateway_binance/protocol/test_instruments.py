from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from services.gateway_binance.protocol.instruments import instruments_of
from services.gateway_binance.protocol.wire import exchange_info
from tandem.domain.ids import Exc
from tandem.domain.instrument import Instrument

Payload = Callable[[str], bytes]


@pytest.fixture
def table(payload: Payload) -> dict[str, Instrument]:
    info = exchange_info.decode(payload("exchange_info"))
    return {each.ticker: each for each in instruments_of(Exc("binance"), info.symbols).rows}


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


def test_c2_the_venues_own_word_for_the_state_is_kept(table: dict[str, Instrument]) -> None:
    assert table["BTCUSDT"].status == "TRADING"
    assert table["AAAUSDT"].status == "TRADING_HALT"


def test_symbol_outside_ascii_is_kept(table: dict[str, Instrument]) -> None:
    assert table["测试USDT"].is_tradable


def test_symbols_that_cannot_be_read_do_not_hide_the_others(table: dict[str, Instrument]) -> None:
    assert sorted(table) == ["AAAUSDT", "BTCUSDT", "NEWUSDT", "测试USDT"]


def _row(symbol: str, base: str, **fields: object) -> msgspec.Raw:
    steps = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.0001"},
        {"filterType": "LOT_SIZE", "stepSize": "1", "minQty": "1"},
    ]
    row = {"symbol": symbol, "baseAsset": base, "quoteAsset": "USDT", "filters": steps, **fields}
    return msgspec.Raw(msgspec.json.encode(row))


@pytest.mark.parametrize(
    ("symbol", "base", "coin", "multiplier"),
    [
        ("DOGSUSDT", "DOGS", "DOGS", 1),
        ("1INCHUSDT", "1INCH", "1INCH", 1),
        ("1000PEPEUSDT", "1000PEPE", "PEPE", 1_000),
        ("1000PEPEUSDT", "PEPE", "PEPE", 1_000),
        ("1000SATSUSDT", "1000SATS", "SATS", 1_000),
        ("1000000MOGUSDT", "1000000MOG", "MOG", 1_000_000),
        ("1MBABYDOGEUSDT", "1MBABYDOGE", "BABYDOGE", 1_000_000),
        ("KASUSDT", "KAS", "KAS", 1),
        ("BTCUSDT_270326", "BTC", "BTC", 1),
    ],
)
def test_c4_coin_and_multiple_come_from_the_rows_base_asset(
    symbol: str, base: str, coin: str, multiplier: int
) -> None:
    (found,) = instruments_of(Exc("binance"), (_row(symbol, base),)).rows
    assert (str(found.ticker), found.base_asset) == (symbol, coin)
    assert found.multiplier == multiplier


@pytest.mark.parametrize("base", ["1000CHAIN", "CHAIN"])
def test_c4_a_name_that_is_set_as_whole_is_no_multiple(base: str) -> None:
    whole = frozenset({"1000CHAIN"})
    (found,) = instruments_of(Exc("binance"), (_row("1000CHAINUSDT", base),), whole).rows
    assert (found.base_asset, found.multiplier) == (base, Decimal(1))


def test_d9_rows_that_cannot_be_used_are_left_out_by_name() -> None:
    rows = (
        _row("OKUSDT", "OK"),
        _row("NOTICKUSDT", "NOTICK", filters=[]),
        _row("ODDUSDT", "ODD", filters={"tickSize": 1}),
        msgspec.Raw(b'{"status":"TRADING"}'),
        msgspec.Raw(b"null"),
        msgspec.Raw(b'{"symbol":7}'),
    )

    table = instruments_of(Exc("binance"), rows)

    assert [one.ticker for one in table.rows] == ["OKUSDT"]
    assert [(one.field, one.value) for one in table.unsound] == [
        ("row", "NOTICKUSDT"),
        ("row", "ODDUSDT"),
        ("row", "without a symbol"),
        ("row", "without a symbol"),
        ("row", "without a symbol"),
    ]
    assert table.unsound[0].rule == "tickSize=0: above 0"
