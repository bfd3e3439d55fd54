"""What happens to an account past its programs: orders by hand, liquidation, deleveraging.

Everything is booked by the engine and told to subscribers as any other order.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from services.paper_exchange.engine.orders import AccountId, EndReason, OrderRefused
from services.paper_exchange.market.instruments import round_px
from services.paper_exchange.shell.audit import (
    AccountAction,
    ActOutcome,
    CancelByHand,
    ControlError,
    Deleverage,
    EndByVenue,
    Liquidate,
    PlaceByHand,
    Settle,
)
from services.paper_hyperliquid.exchange.listings import LISTING_OF_COIN
from services.paper_hyperliquid.exchange.order_keeper import STATUS_OF_END
from services.paper_hyperliquid.exchange.order_terms import Terms
from services.paper_hyperliquid.exchange.outbox import Forced
from services.paper_hyperliquid.exchange.records import Record
from services.paper_hyperliquid.exchange.venue import Venue
from services.paper_hyperliquid.wire.errors import OrderError
from services.paper_hyperliquid.wire.schemas import Tif
from services.paper_hyperliquid.wire.vocabulary import OrderType, Status

# How far from mark the web interface lets a market order trade.
SLIPPAGE = Decimal("0.05")
# The statuses by which the venue ends an order that nobody asked to cancel.
BY_VENUE = frozenset(STATUS_OF_END.values()) - {Status.CANCELED, Status.FILLED}


def act(venue: Venue, action: AccountAction, now_ns: int) -> ActOutcome:
    """Do what the control port asks for and say what came of it; the caller publishes."""
    account = AccountId(action.account.lower())
    if not venue.signers.is_account(account):
        raise ControlError(f"account={action.account}: must be an account of this venue")
    fills_before = len(venue.desk.fills_of(account))
    try:
        record = _carry_out(venue, account, action, now_ns)
    except (OrderError, OrderRefused) as refused:
        raise ControlError(f"{action.account}: {refused}") from refused
    new_fills = venue.desk.fills_of(account)[fills_before:]
    fills_count = sum(fill.record.oid == record.oid for fill in new_fills)
    return ActOutcome(order_id=str(record.oid), fills_count=fills_count)


def _carry_out(venue: Venue, account: AccountId, action: AccountAction, now_ns: int) -> Record:
    match action:
        case PlaceByHand():
            return venue.place_by_hand(account, _terms(venue, action), now_ns)
        case CancelByHand():
            record = _live(venue, account, action.order_id)
            venue.cancel_by_hand(record, now_ns)
            return record
        case EndByVenue():
            record = _live(venue, account, action.order_id)
            _require_word(action.reason)
            venue.end_by_venue(record, action.reason, now_ns)
            return record
        case Liquidate() | Deleverage() | Settle():
            position = (account, action.symbol)
            return venue.desk.force_close(position, action.qty, _forced(action), now_ns)


def _forced(action: Liquidate | Deleverage | Settle) -> Forced:
    match action:
        case Liquidate(is_noted=True):
            return Forced.LIQUIDATION
        case Liquidate():
            return Forced.SILENT_LIQUIDATION
        case Deleverage():
            return Forced.DELEVERAGING
        case Settle():
            return Forced.SETTLEMENT


def _live(venue: Venue, account: AccountId, order_id: str) -> Record:
    oid = int(order_id) if order_id.isdecimal() else -1
    record = venue.desk.records.by_oid(account, oid)
    if record is None or not record.status.is_live:
        raise ControlError(f"order_id={order_id}: must be an open order of the account")
    return record


def _require_word(reason: EndReason) -> None:
    if STATUS_OF_END.get(reason) not in BY_VENUE:
        names = ", ".join(one for one, status in STATUS_OF_END.items() if status in BY_VENUE)
        raise ControlError(f"reason={reason}: must be one of {names}")


def _terms(venue: Venue, action: PlaceByHand) -> Terms:
    listing = LISTING_OF_COIN.get(action.symbol)
    if listing is None or listing.is_delisted:
        raise ControlError(f"symbol={action.symbol}: must be listed and not delisted")
    is_buy = action.side == "buy"
    px = action.price if action.price is not None else _worst_px(venue, action.symbol, is_buy)
    tif: Tif = "Alo" if action.post_only else "Gtc"
    return Terms(
        listing=listing,
        is_buy=is_buy,
        px=px,
        size=action.qty,
        reduce_only=action.reduce_only,
        cloid=action.client_order_id or None,
        order_type=OrderType.MARKET if action.price is None else OrderType.LIMIT,
        tif="FrontendMarket" if action.price is None else tif,
    )


def _worst_px(venue: Venue, coin: str, is_buy: bool) -> Decimal:
    mark_px = venue.engine.mark_px(coin)
    if mark_px is None:
        raise ControlError(f"symbol={coin}: must have a mark price for an order without a price")
    factor, rounding = (1 + SLIPPAGE, ROUND_FLOOR) if is_buy else (1 - SLIPPAGE, ROUND_CEILING)
    return round_px(venue.engine.contracts[coin], mark_px * factor, rounding)
