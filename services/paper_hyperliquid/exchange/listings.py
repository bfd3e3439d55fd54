"""Which perps this venue lists, and what each asset id allows.

An asset's id is its place in the universe; delisted coins keep theirs (Hyperliquid docs, ids).
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from msgspec import Struct

from services.paper_exchange.market.instruments import Contract

PERP_DECIMALS: Final = 6
SIGNIFICANT_DIGITS: Final = 5
MIN_NOTIONAL_USD: Final = Decimal(10)


class Listing(Struct, frozen=True, kw_only=True):
    """One coin of the universe; `start_px` is its mark before any market data."""

    asset: int
    coin: str
    size_decimals: int
    max_leverage: int
    start_px: Decimal
    is_delisted: bool = False

    @property
    def price_decimals(self) -> int:
        return PERP_DECIMALS - self.size_decimals


def _listing(asset: int, coin: str, decimals: int, leverage: int, start_px: str) -> Listing:
    return Listing(
        asset=asset,
        coin=coin,
        size_decimals=decimals,
        max_leverage=leverage,
        start_px=Decimal(start_px),
    )


def _delisted(asset: int, coin: str, decimals: int) -> Listing:
    return Listing(
        asset=asset,
        coin=coin,
        size_decimals=decimals,
        max_leverage=20,
        start_px=Decimal(1),
        is_delisted=True,
    )


UNIVERSE: Final = (
    _listing(0, "BTC", 5, 40, "64000"),
    _listing(1, "ETH", 4, 25, "2700"),
    _listing(2, "ATOM", 2, 5, "4.5"),
    _delisted(3, "MATIC", 1),
    _delisted(4, "DYDX", 1),
    _listing(5, "SOL", 2, 20, "150"),
    _listing(6, "kPEPE", 0, 10, "0.01"),
    _listing(7, "kDOGS", 0, 5, "0.5"),
)
LISTING_OF_COIN: Final = {listing.coin: listing for listing in UNIVERSE}


@dataclass(slots=True)
class Disturbed:
    """Coins that a running venue has delisted, and coins whose row it lists unreadably."""

    delisted: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)


def listing_of_asset(asset: int) -> Listing | None:
    """Return the tradable listing under an asset id, or None."""
    if asset >= len(UNIVERSE) or UNIVERSE[asset].is_delisted:
        return None
    return UNIVERSE[asset]


def contract_of(listing: Listing) -> Contract:
    """Return the engine's contract: maintenance margin is half the initial one at full leverage."""
    return Contract(
        symbol=listing.coin,
        base=listing.coin,
        quote="USDC",
        tick=Decimal(1).scaleb(-listing.price_decimals),
        lot=Decimal(1).scaleb(-listing.size_decimals),
        min_qty=Decimal(1).scaleb(-listing.size_decimals),
        min_notional=MIN_NOTIONAL_USD,
        price_decimals=listing.price_decimals,
        qty_decimals=listing.size_decimals,
        significant_digits=SIGNIFICANT_DIGITS,
        max_leverage=listing.max_leverage,
        default_leverage=min(20, listing.max_leverage),
        maint_margin_rate=1 / Decimal(2 * listing.max_leverage),
    )


def contracts() -> tuple[Contract, ...]:
    """Return the contracts of every listed coin that is not delisted."""
    return tuple(contract_of(listing) for listing in UNIVERSE if not listing.is_delisted)
