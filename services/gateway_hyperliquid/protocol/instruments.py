"""Which contracts the venue lists and in which steps they trade (Hyperliquid docs, Tick and lot).

1. An asset's id is its place in the list; delisted ones keep theirs and are not tradable.
2. Prices have at most 5 significant figures and 6 - szDecimals decimals; integers are legal.
3. kPEPE is a thousand PEPE: a small k before a coin. The table says nothing of it; a coin that is
   really called so is a setting (`whole_names`).
"""

import contextlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Raw

from services.gateway_hyperliquid.protocol.wire import AssetName, AssetRow, Meta
from tandem.domain.denominations import denomination
from tandem.domain.ids import Exc, Ticker
from tandem.domain.instrument import Instrument
from tandem.gateway.port.decoding import UnreadableError, Unsound, decode
from tandem.gateway.port.requests import InstrumentTable, row_left_out
from tandem.messages.rules import MAX_DECIMALS

PRICE_DECIMALS_MAX: Final = 6
SIGNIFICANT_FIGURES_MAX: Final = 5
MIN_NOTIONAL: Final = Decimal(10)
COLLATERAL: Final = "USDC"
DELISTED: Final = "isDelisted"
# Builder dexes, spot pairs and indices, outcomes and their tokens (docs, Asset IDs).
OTHER_MARKETS: Final = frozenset(":/@#+")
MULTIPLES: Final[Mapping[str, Decimal]] = {"k": Decimal(1_000)}

_row: Final = msgspec.json.Decoder(AssetRow)
_name: Final = msgspec.json.Decoder(AssetName)


def instruments(meta: Meta, exc: Exc, whole_names: frozenset[str] = frozenset()) -> InstrumentTable:
    """Return the main perpetuals, sorted by ticker, and what is wrong with each row left out."""
    found: list[Instrument] = []
    left_out: list[Unsound] = []
    for index, raw in enumerate(meta.universe):
        try:
            found.append(_instrument(decode(_row, bytes(raw)), index, exc, whole_names))
        except UnreadableError as error:
            left_out.append(row_left_out(_name_of(raw, index), error))
    table = sorted(found, key=lambda instrument: instrument.ticker)
    return InstrumentTable(tuple(table), tuple(left_out))


def _name_of(raw: Raw, index: int) -> str:
    with contextlib.suppress(UnreadableError):
        return decode(_name, bytes(raw)).name or f"number {index}"
    return f"number {index}"


def is_of_main_dex(ticker: Ticker) -> bool:
    """Tell whether a coin is a perpetual of the venue's own dex, whose positions we list."""
    return OTHER_MARKETS.isdisjoint(ticker)


def _instrument(row: AssetRow, index: int, exc: Exc, whole_names: frozenset[str]) -> Instrument:
    if not 0 <= row.sz_decimals <= MAX_DECIMALS:
        raise UnreadableError("szDecimals", row.sz_decimals, f"from 0 to {MAX_DECIMALS}")
    lot = _step(row.sz_decimals)
    coin = denomination(row.name, MULTIPLES, whole_names)
    return Instrument(
        exc=exc,
        ticker=Ticker(row.name),
        symbol=row.name,
        base_asset=coin.base_asset,
        quote_asset=COLLATERAL,
        tick=_step(PRICE_DECIMALS_MAX - row.sz_decimals),
        lot=lot,
        min_qty=lot,
        min_notional=MIN_NOTIONAL,
        max_sig_figs=SIGNIFICANT_FIGURES_MAX,
        multiplier=coin.multiplier,
        is_tradable=not row.is_delisted,
        status=DELISTED if row.is_delisted else "",
        venue_asset_id=index,
    )


def _step(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-max(0, decimals))
