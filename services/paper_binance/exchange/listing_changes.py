"""What the venue changes of its listings while it runs: states, increments, unreadable rows."""

from msgspec.structs import replace

from services.paper_binance.exchange.permissions import SymbolStatus
from services.paper_binance.exchange.venue import Venue
from services.paper_exchange.market.instruments import Contract
from services.paper_exchange.shell.audit import ChangeListing, ControlError, ListingState


def change_listing(venue: Venue, change: ChangeListing) -> ListingState:
    """Change what is named of one symbol, and say how it is listed now."""
    contract = venue.contracts.get(change.symbol)
    if contract is None:
        raise ControlError(f"symbol={change.symbol}: must be listed")
    if change.status is not None:
        venue.permissions.symbols[change.symbol] = _status(change.status)
    if change.is_unreadable is not None:
        unreadable = venue.unreadable - {change.symbol}
        venue.unreadable = unreadable | ({change.symbol} if change.is_unreadable else set())
    venue.relist(_changed(contract, change))
    return _state(venue, change.symbol)


def _status(word: str) -> SymbolStatus:
    try:
        return SymbolStatus(word)
    except ValueError:
        known = ", ".join(SymbolStatus)
        raise ControlError(f"status={word}: must be one of {known}") from None


def _changed(contract: Contract, change: ChangeListing) -> Contract:
    steps = {"tick": change.tick, "lot": change.lot, "min_notional": change.min_notional}
    named = {name: value for name, value in steps.items() if value is not None}
    for name, value in named.items():
        if not value > 0:
            raise ControlError(f"{name}={value}: must be above 0")
    return replace(contract, **named)


def _state(venue: Venue, symbol: str) -> ListingState:
    contract = venue.contracts[symbol]
    return ListingState(
        symbol=symbol,
        status=venue.permissions.status(symbol).value,
        tick=contract.tick,
        lot=contract.lot,
        min_notional=contract.min_notional,
        is_unreadable=symbol in venue.unreadable,
    )
