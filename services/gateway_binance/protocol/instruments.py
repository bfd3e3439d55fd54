"""The venue's own table to instruments: steps and bounds come from filters, nothing else.

1. `pricePrecision` and `quantityPrecision` bound decimals and are never used as steps
   (Binance docs, exchangeInfo).
2. Only status TRADING is tradable; a status this version does not know is not.
3. A symbol whose row or filters cannot be read is left out and the others stay.
"""

from decimal import Decimal

import msgspec

from services.gateway_binance.protocol import words
from services.gateway_binance.protocol.rows import FilterRow, SymbolRow, symbol_row
from tandem.domain.ids import Exc, Ticker
from tandem.domain.instrument import Instrument
from tandem.gateway.decoding import UnreadableError, decode, plain

NO_FILTER = FilterRow()


def instruments_of(exc: Exc, symbols: tuple[msgspec.Raw, ...]) -> tuple[Instrument, ...]:
    """Return every readable instrument, sorted by ticker."""
    found = (_instrument_of_raw(exc, raw) for raw in symbols)
    return tuple(sorted((each for each in found if each is not None), key=lambda each: each.ticker))


def _instrument_of_raw(exc: Exc, raw: msgspec.Raw) -> Instrument | None:
    try:
        return instrument_of(exc, decode(symbol_row, bytes(raw)))
    except UnreadableError:
        return None


def instrument_of(exc: Exc, row: SymbolRow) -> Instrument | None:
    """Return one instrument, or None for a symbol without a tick or a step."""
    filters = {each.filter_type: each for each in row.filters}
    price = filters.get("PRICE_FILTER", NO_FILTER)
    lot = filters.get("LOT_SIZE", NO_FILTER)
    market = filters.get("MARKET_LOT_SIZE", NO_FILTER)
    if plain(price.tick_size) <= 0 or plain(lot.step_size) <= 0:
        return None
    return Instrument(
        exc=exc,
        ticker=Ticker(row.symbol),
        symbol=row.symbol,
        base_asset=row.base_asset,
        quote_asset=row.quote_asset,
        tick=plain(price.tick_size),
        lot=plain(lot.step_size),
        min_qty=max(plain(lot.min_qty), plain(lot.step_size)),
        min_notional=plain(filters.get("MIN_NOTIONAL", NO_FILTER).notional),
        max_qty=_bound(lot.max_qty),
        market_max_qty=_bound(market.max_qty),
        is_tradable=row.status == words.TRADING,
    )


def _bound(value: Decimal) -> Decimal | None:
    """Return an upper bound; 0 switches a filter off."""
    return plain(value) if plain(value) > 0 else None
