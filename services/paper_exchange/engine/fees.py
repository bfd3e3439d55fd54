"""What a fill costs: maker and taker rates, rounded to the venue's decimals."""

from decimal import ROUND_HALF_UP, Decimal

import msgspec


class FeeSchedule(msgspec.Struct, frozen=True):
    """Rates as fractions of notional; a negative rate is a rebate."""

    maker: Decimal
    taker: Decimal

    def fee(self, notional: Decimal, *, is_maker: bool, decimals: int) -> Decimal:
        rate = self.maker if is_maker else self.taker
        return (notional * rate).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


BINANCE_FEES = FeeSchedule(maker=Decimal("0.0002"), taker=Decimal("0.0005"))
"""Binance regular-tier USDⓈ-M rates."""

HYPERLIQUID_FEES = FeeSchedule(maker=Decimal("0.00015"), taker=Decimal("0.00045"))
"""Hyperliquid docs, fees: base perpetual tier."""
