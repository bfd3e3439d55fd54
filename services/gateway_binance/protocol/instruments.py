"""The venue's own table to instruments: steps and bounds come from filters, nothing else.

1. `pricePrecision` and `quantityPrecision` bound decimals and are never used as steps
   (Binance docs, exchangeInfo).
2. Only status TRADING is tradable; a status this version does not know is not.
3. A symbol whose row or filters cannot be used is left out by name, and the others stay.
4. The coin and how many of it a contract is come from the row's own base asset: 1000PEPE is a
   thousand PEPE. 1INCH is a name; further names of that kind are a setting (`whole_names`).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from services.gateway_binance.protocol import vocabulary
from services.gateway_binance.protocol.wire import (
    FilterRow,
    SymbolRow,
    symbol_name,
    symbol_row,
)
from tandem.domain.denominations import Denomination, denomination
from tandem.domain.ids import Exc, Ticker
from tandem.domain.instrument import Instrument
from tandem.domain.units import ONE
from tandem.gateway.port.decoding import UnreadableError, Unsound, decode, plain, shown
from tandem.gateway.port.requests import InstrumentTable, row_left_out

NO_FILTER = FilterRow()
# How the venue's base assets begin that are multiples of a coin, such as 1MBABYDOGE.
MULTIPLES: Final[Mapping[str, Decimal]] = {
    "1000": Decimal(1_000),
    "10000": Decimal(10_000),
    "1000000": Decimal(1_000_000),
    "1M": Decimal(1_000_000),
}


def instruments_of(
    exc: Exc, symbols: tuple[msgspec.Raw, ...], whole_names: frozenset[str] = frozenset()
) -> InstrumentTable:
    """Return every usable instrument, sorted by ticker, and what is wrong with each other row."""
    found: list[Instrument] = []
    left_out: list[Unsound] = []
    for raw in symbols:
        try:
            found.append(instrument_of(exc, decode(symbol_row, bytes(raw)), whole_names))
        except UnreadableError as error:
            left_out.append(row_left_out(_name_of(raw), error))
    table = sorted(found, key=lambda each: each.ticker)
    return InstrumentTable(tuple(table), tuple(left_out))


def _name_of(raw: msgspec.Raw) -> str:
    try:
        return decode(symbol_name, bytes(raw)).symbol or "without a symbol"
    except UnreadableError:
        return "without a symbol"


def instrument_of(
    exc: Exc, row: SymbolRow, whole_names: frozenset[str] = frozenset()
) -> Instrument:
    """Return one instrument.

    Raises:
        UnreadableError: the symbol has no tick or no step, or a number that cannot be used.
    """
    filters = {each.filter_type: each for each in row.filters}
    price = filters.get("PRICE_FILTER", NO_FILTER)
    lot = filters.get("LOT_SIZE", NO_FILTER)
    market = filters.get("MARKET_LOT_SIZE", NO_FILTER)
    for name, step in (("tickSize", price.tick_size), ("stepSize", lot.step_size)):
        if plain(step, name) <= 0:
            raise UnreadableError(name, step, "above 0")
    coin = _coin(row, whole_names)
    return Instrument(
        exc=exc,
        ticker=Ticker(row.symbol),
        symbol=row.symbol,
        base_asset=coin.base_asset,
        quote_asset=row.quote_asset,
        tick=plain(price.tick_size),
        lot=plain(lot.step_size),
        min_qty=max(plain(lot.min_qty), plain(lot.step_size)),
        min_notional=plain(filters.get("MIN_NOTIONAL", NO_FILTER).notional),
        max_qty=_bound(lot.max_qty),
        market_max_qty=_bound(market.max_qty),
        multiplier=coin.multiplier,
        is_tradable=row.status == vocabulary.TRADING,
        status=shown(row.status),
    )


def _coin(row: SymbolRow, whole_names: frozenset[str]) -> Denomination:
    """Return the coin of a row, whose base asset may be told with its multiple or without."""
    told = denomination(row.base_asset, MULTIPLES, whole_names)
    named = denomination(row.symbol.removesuffix(row.quote_asset), MULTIPLES, whole_names)
    return named if told.multiplier == ONE and named.base_asset == told.base_asset else told


def _bound(value: Decimal) -> Decimal | None:
    """Return an upper bound; 0 switches a filter off."""
    return plain(value) if plain(value) > 0 else None
