from decimal import Decimal

from services.paper_hyperliquid.exchange.listings import (
    UNIVERSE,
    contract_of,
    contracts,
    listing_of_asset,
)


def test_an_asset_id_is_the_place_in_the_universe() -> None:
    assert [listing.asset for listing in UNIVERSE] == list(range(len(UNIVERSE)))
    assert {listing.coin: listing.asset for listing in UNIVERSE}["SOL"] == 5


def test_delisted_coins_keep_their_id_but_do_not_trade() -> None:
    assert UNIVERSE[3].is_delisted
    assert listing_of_asset(3) is None
    assert "MATIC" not in {contract.symbol for contract in contracts()}


def test_an_id_beyond_the_universe_is_nothing() -> None:
    assert listing_of_asset(len(UNIVERSE)) is None


def test_increments_follow_from_the_size_decimals() -> None:
    contract = contract_of(UNIVERSE[0])
    assert (contract.tick, contract.lot) == (Decimal("0.1"), Decimal("0.00001"))
    assert contract.maint_margin_rate == 1 / Decimal(80)
