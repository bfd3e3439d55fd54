"""The venue's list of perpetuals as instruments."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from services.gateway_hyperliquid.protocol.instruments import instruments, is_of_main_dex
from services.gateway_hyperliquid.protocol.wire import Meta
from tandem.domain.ids import Exc, Ticker
from tandem.domain.instrument import Instrument, is_legal_price
from tandem.gateway.port.requests import InstrumentTable

DATA = Path(__file__).parents[4] / "data" / "hyperliquid"


def listed() -> dict[str, Instrument]:
    meta = msgspec.json.decode((DATA / "meta.json").read_bytes(), type=Meta)
    return {one.ticker: one for one in instruments(meta, Exc("hyperliquid")).rows}


def test_steps_follow_from_the_size_decimals() -> None:
    btc = listed()["BTC"]

    assert (btc.tick, btc.lot, btc.min_qty) == (Decimal("0.1"), Decimal("1E-5"), Decimal("1E-5"))
    assert (btc.min_notional, btc.max_sig_figs) == (Decimal(10), 5)


def test_prices_have_five_figures_or_are_whole() -> None:
    btc = listed()["BTC"]

    assert is_legal_price(btc, Decimal(123456))
    assert is_legal_price(btc, Decimal("9999.9"))
    assert not is_legal_price(btc, Decimal("12345.6"))


def test_a_delisted_asset_keeps_its_place_and_is_not_tradable() -> None:
    table = listed()

    assert not table["OLD"].is_tradable
    assert (table["OLD"].venue_asset_id, table["SOL"].venue_asset_id) == (2, 3)
    assert table["SOL"].is_tradable
    assert (table["OLD"].status, table["SOL"].status) == ("isDelisted", "")


def test_the_table_is_sorted_by_ticker() -> None:
    assert list(listed()) == ["BTC", "ETH", "OLD", "SOL"]


@pytest.mark.parametrize(
    ("coin", "is_ours"),
    [("BTC", True), ("kPEPE", True), ("xyz:TSLA", False), ("PURR/USDC", False), ("@107", False)],
)
def test_positions_are_listed_of_the_main_dex_alone(coin: str, is_ours: bool) -> None:
    assert is_of_main_dex(Ticker(coin)) == is_ours


def table_of(*rows: str, whole_names: frozenset[str] = frozenset()) -> InstrumentTable:
    meta = msgspec.json.decode(f'{{"universe":[{",".join(rows)}]}}', type=Meta)
    return instruments(meta, Exc("hyperliquid"), whole_names)


@pytest.mark.parametrize(
    ("name", "coin", "multiplier"),
    [
        ("PEPE", "PEPE", 1),
        ("kPEPE", "PEPE", 1_000),
        ("kDOGS", "DOGS", 1_000),
        ("KAS", "KAS", 1),
        ("k", "k", 1),
        ("kHYPE", "kHYPE", 1),
    ],
)
def test_c4_a_small_k_before_a_coin_is_a_thousand_of_it(
    name: str, coin: str, multiplier: int
) -> None:
    row = f'{{"name":"{name}","szDecimals":0}}'
    (found,) = table_of(row, whole_names=frozenset({"kHYPE"})).rows

    assert (str(found.ticker), found.base_asset) == (name, coin)
    assert found.multiplier == multiplier


def test_d9_odd_rows_keep_their_places_and_hide_no_other() -> None:
    """The first row is the case from the field: an asset that was listed without its decimals."""
    table = table_of(
        '{"szDecimals":5,"name":"BTC"}',
        '{"name":"NEW"}',
        '{"szDecimals":99,"name":"FINE"}',
        "null",
        '{"szDecimals":2,"name":"SOL"}',
    )

    assert [(one.ticker, one.venue_asset_id) for one in table.rows] == [("BTC", 0), ("SOL", 4)]
    assert [one.value for one in table.unsound] == ["NEW", "FINE", "number 3"]
    assert table.unsound[1].rule == "szDecimals=99: from 0 to 18"
    assert {one.field for one in table.unsound} == {"row"}
