"""What may be traded and in which steps: price and size rules of both venues, and rounding.

1. All rounding is exact decimal arithmetic; sizes are cut towards zero, never up.
2. A price obeys its tick and, where the venue has one, a limit of significant figures
   (Hyperliquid: at most 5 and at most 6 - szDecimals decimals; an integer is always legal).
3. Prices are of one contract, whatever number of coins that is: 1000PEPE is priced by the thousand.
   So the multiplier converts amounts between venues, and never enters a notional.
"""

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from tandem.domain.ids import Exc, Ticker
from tandem.domain.units import ONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """Our name for a contract with its trading rules, in units of the contract.

    Attributes:
        symbol: the venue's own name. tick: price step. lot: size step.
        max_sig_figs: significant figures of a price, or None where the venue has no such rule.
        min_notional: least |price x amount| in quote units, 0 when there is none.
        market_max_qty: largest market order, None when unlimited.
        base_asset: the coin itself, PEPE also of 1000PEPEUSDT and kPEPE.
        multiplier: base units of one contract; of an inverse one its face in quote units.
        inverse: settled in base (face over price).
        is_tradable: False for a halted, delisted or unknown state.
        status: the venue's own word for that state, empty where it has none.
    """

    exc: Exc
    ticker: Ticker
    symbol: str
    base_asset: str
    quote_asset: str
    tick: Decimal
    lot: Decimal
    min_qty: Decimal
    min_notional: Decimal
    max_qty: Decimal | None = None
    market_max_qty: Decimal | None = None
    max_sig_figs: int | None = None
    multiplier: Decimal = ONE
    inverse: bool = False
    is_tradable: bool = True
    venue_asset_id: int | None = None
    status: str = ""

    @property
    def price_precision(self) -> int:
        """Decimals a price may have."""
        return decimals(self.tick)

    @property
    def quantity_precision(self) -> int:
        """Decimals an amount may have."""
        return decimals(self.lot)


def decimals(step: Decimal) -> int:
    """Return how many decimals a step has: 0.10 has 1, 5 has 0."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def cut_to_step(amount: Decimal, step: Decimal) -> Decimal:
    """Return a signed amount cut towards zero to a multiple of `step`."""
    return (amount / step).to_integral_value(rounding=ROUND_DOWN) * step


def _to_step(price: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (price / step).to_integral_value(rounding=rounding) * step


def _price_step(instrument: Instrument, price: Decimal) -> Decimal:
    """Return the price step in force at `price`: the tick, or coarser by significant figures."""
    if instrument.max_sig_figs is None or price == 0:
        return instrument.tick
    by_figures = Decimal(1).scaleb(price.adjusted() - instrument.max_sig_figs + 1)
    return max(instrument.tick, min(by_figures, ONE))


def round_price(instrument: Instrument, price: Decimal) -> Decimal:
    """Return the nearest legal price (half to even)."""
    return _to_step(price, _price_step(instrument, price), ROUND_HALF_EVEN)


def floor_price(instrument: Instrument, price: Decimal) -> Decimal:
    return _to_step(price, _price_step(instrument, price), ROUND_FLOOR)


def ceil_price(instrument: Instrument, price: Decimal) -> Decimal:
    return _to_step(price, _price_step(instrument, price), ROUND_CEILING)


def is_legal_price(instrument: Instrument, price: Decimal) -> bool:
    return price > 0 and floor_price(instrument, price) == price


def is_legal_lot(instrument: Instrument, amount: Decimal) -> bool:
    return cut_to_step(amount, instrument.lot) == amount


def notional(instrument: Instrument, amount: Decimal, px: Decimal) -> Decimal:
    """Return what a signed amount of contracts is worth in quote units, without its sign."""
    return abs(amount) * (instrument.multiplier if instrument.inverse else px)


def unit_price(instrument: Instrument, px: Decimal) -> Decimal:
    """Return the price of one base unit, which compares between venues."""
    return px if instrument.inverse else px / instrument.multiplier


def common_lot(one: Instrument, other: Instrument) -> Decimal:
    """Return the least common multiple of two lots, in base units."""
    return _lcm(one.lot * one.multiplier, other.lot * other.multiplier)


def _lcm(one: Decimal, other: Decimal) -> Decimal:
    scale = Decimal(10) ** max(decimals(one), decimals(other))
    return Decimal(math.lcm(int(one * scale), int(other * scale))) / scale
