"""What the venue changes of its listings while it runs: delistings, and rows nobody can read.

Delisting a coin cancels what rests in it (`delistedCanceled`); its steps follow from szDecimals,
which no listing changes.
"""

from typing import Final

from services.paper_exchange.engine.orders import EndReason
from services.paper_exchange.shell.audit import ChangeListing, ControlError, ListingState
from services.paper_hyperliquid.exchange.listings import LISTING_OF_COIN
from services.paper_hyperliquid.exchange.venue import Venue

LISTED: Final = ""
DELISTED: Final = "isDelisted"


def change_listing(venue: Venue, change: ChangeListing, now_ns: int) -> ListingState:
    """Change what is named of one coin, and say how it is listed now."""
    listing = LISTING_OF_COIN.get(change.symbol)
    if listing is None or listing.is_delisted:
        raise ControlError(f"symbol={change.symbol}: must be listed and not delisted")
    for name in ("tick", "lot", "min_notional"):
        if getattr(change, name) is not None:
            raise ControlError(f"{name}: follows from szDecimals on Hyperliquid, and cannot change")
    if change.status is not None:
        _list_as(venue, change.symbol, change.status, now_ns)
    if change.is_unreadable is not None:
        _set(venue.desk.disturbed.unreadable, change.symbol, is_in=change.is_unreadable)
    return _state(venue, change.symbol)


def _list_as(venue: Venue, coin: str, status: str, now_ns: int) -> None:
    if status not in {LISTED, DELISTED}:
        raise ControlError(f"status={status}: must be {DELISTED}, or empty for a listed coin")
    _set(venue.desk.disturbed.delisted, coin, is_in=status == DELISTED)
    if status == DELISTED:
        for record in venue.desk.records.all():
            if record.coin == coin and record.status.is_live:
                venue.end_by_venue(record, EndReason.DELISTED, now_ns)


def _set(coins: set[str], coin: str, *, is_in: bool) -> None:
    if is_in:
        coins.add(coin)
    else:
        coins.discard(coin)


def _state(venue: Venue, coin: str) -> ListingState:
    contract, disturbed = venue.engine.contracts[coin], venue.desk.disturbed
    return ListingState(
        symbol=coin,
        status=DELISTED if coin in disturbed.delisted else LISTED,
        tick=contract.tick,
        lot=contract.lot,
        min_notional=contract.min_notional,
        is_unreadable=coin in disturbed.unreadable,
    )
