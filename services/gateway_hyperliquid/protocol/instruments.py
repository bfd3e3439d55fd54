"""Which contracts the venue lists and in which steps they trade (Hyperliquid docs, Tick and lot).

1. An asset's id is its place in the list; delisted ones keep theirs and are not tradable.
2. Prices have at most 5 significant figures and 6 - szDecimals decimals; integers are legal.
"""

import contextlib
from decimal import Decimal
from typing import Final

from services.gateway_hyperliquid.protocol.payloads import AssetRow, Meta
from tandem.domain.ids import Exc, Ticker
from tandem.domain.instrument import Instrument
from tandem.gateway.decoding import UnreadableError
from tandem.messages.rules import MAX_DECIMALS

PRICE_DECIMALS_MAX: Final = 6
SIGNIFICANT_FIGURES_MAX: Final = 5
MIN_NOTIONAL: Final = Decimal(10)
COLLATERAL: Final = "USDC"
# Builder dexes, spot pairs and indices, outcomes and their tokens (docs, Asset IDs).
OTHER_MARKETS: Final = frozenset(":/@#+")


def instruments(meta: Meta, exc: Exc) -> tuple[Instrument, ...]:
    """Return the main perpetuals, sorted by ticker; a row that cannot be so is left out."""
    listed = []
    for index, row in enumerate(meta.universe):
        with contextlib.suppress(UnreadableError):
            listed.append(_instrument(row, index, exc))
    return tuple(sorted(listed, key=lambda instrument: instrument.ticker))


def is_of_main_dex(ticker: Ticker) -> bool:
    """Tell whether a coin is a perpetual of the venue's own dex, whose positions we list."""
    return OTHER_MARKETS.isdisjoint(ticker)


def _instrument(row: AssetRow, index: int, exc: Exc) -> Instrument:
    if not 0 <= row.sz_decimals <= MAX_DECIMALS:
        raise UnreadableError("szDecimals", row.sz_decimals, f"from 0 to {MAX_DECIMALS}")
    lot = _step(row.sz_decimals)
    return Instrument(
        exc=exc,
        ticker=Ticker(row.name),
        symbol=row.name,
        base_asset=row.name,
        quote_asset=COLLATERAL,
        tick=_step(PRICE_DECIMALS_MAX - row.sz_decimals),
        lot=lot,
        min_qty=lot,
        min_notional=MIN_NOTIONAL,
        max_sig_figs=SIGNIFICANT_FIGURES_MAX,
        is_tradable=not row.is_delisted,
        venue_asset_id=index,
    )


def _step(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-max(0, decimals))
