"""The venue's list of perpetuals as instruments."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from services.gateway_hyperliquid.protocol.instruments import instruments, is_of_main_dex
from services.gateway_hyperliquid.protocol.payloads import Meta
from tandem.domain.ids import Exc, Ticker
from tandem.domain.instrument import Instrument, is_legal_price

DATA = Path(__file__).parents[4] / "data" / "hyperliquid"


def listed() -> dict[str, Instrument]:
    meta = msgspec.json.decode((DATA / "meta.json").read_bytes(), type=Meta)
    return {one.ticker: one for one in instruments(meta, Exc("hyperliquid"))}


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


def test_the_table_is_sorted_by_ticker() -> None:
    assert list(listed()) == ["BTC", "ETH", "OLD", "SOL"]


@pytest.mark.parametrize(
    ("coin", "is_ours"),
    [("BTC", True), ("kPEPE", True), ("xyz:TSLA", False), ("PURR/USDC", False), ("@107", False)],
)
def test_positions_are_listed_of_the_main_dex_alone(coin: str, is_ours: bool) -> None:
    assert is_of_main_dex(Ticker(coin)) == is_ours
