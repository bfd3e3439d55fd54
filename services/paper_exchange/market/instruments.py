"""What a venue lists: each contract's increments, bounds and margin rates; and its own rules."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from services.paper_exchange.units import ZERO


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """One perpetual contract; a bound of 0 means that the venue has none.

    `significant_digits` is Hyperliquid's price rule: at most that many significant figures unless
    the price is an integer. `band_up` and `band_down` are multipliers of the mark price.
    `market_take_bound` is the fraction from mark within which a market order may trade.
    """

    symbol: str
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    min_px: Decimal = ZERO
    max_px: Decimal = ZERO
    min_qty: Decimal
    max_qty: Decimal = ZERO
    market_max_qty: Decimal = ZERO
    min_notional: Decimal = ZERO
    price_decimals: int
    qty_decimals: int
    significant_digits: int = 0
    band_up: Decimal = ZERO
    band_down: Decimal = ZERO
    market_take_bound: Decimal = ZERO
    max_open_orders: int = 0
    max_leverage: int = 20
    default_leverage: int = 20
    maint_margin_rate: Decimal = Decimal("0.005")


class ReduceOnlyPolicy(StrEnum):
    """What a reduce-only order larger than the position meets.

    CAP shrinks it to the position (Hyperliquid); EXPIRE lets it in whole and expires what is left
    once the position is flat, and refuses it when resting ones cover the position (Binance).
    """

    CAP = "CAP"
    EXPIRE = "EXPIRE"


class PriceBandPolicy(StrEnum):
    """ONE_SIDED caps buys and floors sells (Binance PERCENT_PRICE); TWO_SIDED bounds both."""

    ONE_SIDED = "ONE_SIDED"
    TWO_SIDED = "TWO_SIDED"


class NotionalExemption(StrEnum):
    """Which reduce-only orders may be below the minimum notional."""

    NONE = "NONE"
    REDUCE_ONLY = "REDUCE_ONLY"
    FULL_CLOSE = "FULL_CLOSE"


class UnmatchedPolicy(StrEnum):
    """An IOC or market order that meets no liquidity: refused, or accepted and expired."""

    REFUSE = "REFUSE"
    EXPIRE = "EXPIRE"


class VenuePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Where two exchanges with the same engine differ."""

    reduce_only: ReduceOnlyPolicy
    price_band: PriceBandPolicy
    notional_exemption: NotionalExemption
    unmatched: UnmatchedPolicy
    gtd_min_ahead_ns: int = 0
    max_open_orders: int = 0
    fee_decimals: int = 8


BINANCE_POLICY = VenuePolicy(
    reduce_only=ReduceOnlyPolicy.EXPIRE,
    price_band=PriceBandPolicy.ONE_SIDED,
    notional_exemption=NotionalExemption.REDUCE_ONLY,
    unmatched=UnmatchedPolicy.EXPIRE,
)
"""Binance docs, new order and common filters; the GTD bound stays with the venue's own checks."""

HYPERLIQUID_POLICY = VenuePolicy(
    reduce_only=ReduceOnlyPolicy.CAP,
    price_band=PriceBandPolicy.TWO_SIDED,
    notional_exemption=NotionalExemption.FULL_CLOSE,
    unmatched=UnmatchedPolicy.REFUSE,
    max_open_orders=1000,
)
"""Hyperliquid docs, exchange endpoint and error responses."""


def px_increment(contract: Contract, px: Decimal) -> Decimal:
    """The price step at a price: the tick, or coarser where significant figures run out.

    An integer price is always legal (Hyperliquid docs, tick and lot size).
    """
    if not contract.significant_digits or not px:
        return contract.tick
    by_digits = Decimal(1).scaleb(px.adjusted() - contract.significant_digits + 1)
    return max(contract.tick, min(Decimal(1), by_digits))


def round_px(contract: Contract, px: Decimal, rounding: str) -> Decimal:
    """The legal price next to this one in a direction (ROUND_FLOOR, ROUND_CEILING)."""
    step = px_increment(contract, px)
    return ((px / step).to_integral_value(rounding) * step).quantize(contract.tick)
