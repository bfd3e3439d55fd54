from decimal import Decimal

import pytest

from services.paper_hyperliquid.exchange.listings import LISTING_OF_COIN
from services.paper_hyperliquid.exchange.tick_and_lot import (
    band_fault,
    price_is_on_tick,
    size_is_on_lot,
    static_fault,
    value_fault,
)


@pytest.mark.parametrize(
    ("px", "decimals", "legal"),
    [
        ("1234.5", 1, True),
        ("1234.56", 4, False),
        ("0.001234", 6, True),
        ("0.0012345", 6, False),
        ("123456", 1, True),
        ("123456.5", 1, False),
        ("12345.6", 1, False),
        ("150.50", 4, True),
        ("NaN", 4, False),
    ],
)
def test_price_has_five_figures_and_few_decimals(px: str, decimals: int, legal: bool) -> None:
    assert price_is_on_tick(Decimal(px), decimals) is legal


@pytest.mark.parametrize(("size", "legal"), [("1.25", True), ("1.250", True), ("1.255", False)])
def test_size_has_few_decimals(size: str, legal: bool) -> None:
    assert size_is_on_lot(Decimal(size), 2) is legal


def test_a_sound_order_has_no_fault() -> None:
    assert static_fault(LISTING_OF_COIN["SOL"], Decimal(150), Decimal(1)) is None


@pytest.mark.parametrize(("px", "legal"), [("5", True), ("4.9", False), ("195", True),
                                           ("195.1", False)])  # fmt: skip
def test_the_band_includes_its_ends(px: str, legal: bool) -> None:
    assert (band_fault(Decimal(px), Decimal(100), 95) is None) is legal


def test_the_largest_value_is_allowed() -> None:
    assert value_fault(Decimal(50), Decimal(100), 5_000) is None
    assert value_fault(Decimal(50), Decimal(101), 5_000) is not None
