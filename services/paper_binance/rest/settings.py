"""What an account may change about itself: leverage, margin type, position mode; its stream key."""

from enum import StrEnum

import msgspec

from services.paper_binance.exchange.trading import DONE_CODE, Done, Nothing
from services.paper_binance.exchange.venue import Call, Venue
from services.paper_binance.wire.account_payloads import MAX_NOTIONAL
from services.paper_binance.wire.errors import Code, VenueError
from services.paper_binance.wire.order_params import decode_contract
from services.paper_binance.wire.user_payloads import AccountConfigUpdate, LeverageChange
from services.paper_exchange.engine.accounts import MarginMode
from services.paper_exchange.engine.orders import OrderRefused

SUCCESS = "success"


class MarginType(StrEnum):
    """The venue's words for margin modes."""

    CROSSED = "CROSSED"
    ISOLATED = "ISOLATED"


MARGIN_MODES = {MarginType.CROSSED: MarginMode.CROSS, MarginType.ISOLATED: MarginMode.ISOLATED}


class LeveragePayload(msgspec.Struct, frozen=True, rename="camel"):
    """A symbol's leverage after a change."""

    leverage: int
    max_notional_value: str
    symbol: str


class PositionMode(msgspec.Struct, frozen=True, rename="camel"):
    """Whether long and short are held side by side."""

    dual_side_position: bool


class MultiAssetsMode(msgspec.Struct, frozen=True, rename="camel"):
    """Whether several assets margin one position."""

    multi_assets_margin: bool


class ListenKeyPayload(msgspec.Struct, frozen=True, rename="camel"):
    """The account's user stream key."""

    listen_key: str


def change_leverage(venue: Venue, call: Call) -> LeveragePayload:
    symbol = decode_contract(call.params, venue.contracts).symbol
    leverage = call.params.integer("leverage")
    mode = venue.engine.settings(call.account_id, symbol).margin_mode
    try:
        venue.engine.set_leverage(call.account_id, symbol, leverage, mode)
    except OrderRefused:
        raise VenueError(Code.INVALID_LEVERAGE, leverage) from None
    change = LeverageChange(symbol=symbol, leverage=leverage)
    update = AccountConfigUpdate(event_ms=call.now_ms, ts_ms=call.now_ms, leverage=change)
    venue.notify(call.account_id, update)
    return LeveragePayload(leverage, MAX_NOTIONAL, symbol)


def change_margin_type(venue: Venue, call: Call) -> Done:
    symbol = decode_contract(call.params, venue.contracts).symbol
    wanted = call.params.required_choice("marginType", MarginType, Code.INVALID_PARAMETER)
    mode = MARGIN_MODES[wanted]
    current = venue.engine.settings(call.account_id, symbol)
    if current.margin_mode is mode:
        raise VenueError(Code.MARGIN_TYPE_UNCHANGED)
    if venue.engine.open_orders(call.account_id, symbol):
        raise VenueError(Code.MARGIN_TYPE_OPEN_ORDERS)
    try:
        venue.engine.set_leverage(call.account_id, symbol, current.leverage, mode)
    except OrderRefused:
        raise VenueError(Code.MARGIN_TYPE_POSITION) from None
    return Done(DONE_CODE, SUCCESS)


def position_mode(venue: Venue, call: Call) -> PositionMode:
    return PositionMode(call.account_id in venue.dual_side)


def change_position_mode(venue: Venue, call: Call) -> Done:
    """Switch between one-way and hedge mode; only a flat account without orders may."""
    call.params.text("dualSidePosition")
    wanted = call.params.flag("dualSidePosition")
    if wanted is (call.account_id in venue.dual_side):
        raise VenueError(Code.POSITION_SIDE_UNCHANGED)
    if venue.engine.open_orders(call.account_id):
        raise VenueError(Code.POSITION_SIDE_OPEN_ORDERS)
    if any(p.amount for p in venue.engine.account(call.account_id).positions.values()):
        raise VenueError(Code.POSITION_SIDE_POSITION)
    modes = venue.modes(call.account_id)
    venue.set_modes(msgspec.structs.replace(modes, dual_side=wanted))
    return Done(DONE_CODE, SUCCESS)


def multi_assets_mode(venue: Venue, call: Call) -> MultiAssetsMode:
    return MultiAssetsMode(call.account_id in venue.multi_assets)


def change_multi_assets_mode(venue: Venue, call: Call) -> Done:
    call.params.text("multiAssetsMargin")
    wanted = call.params.flag("multiAssetsMargin")
    if wanted is (call.account_id in venue.multi_assets):
        raise VenueError(Code.MULTI_ASSETS_UNCHANGED)
    modes = venue.modes(call.account_id)
    venue.set_modes(msgspec.structs.replace(modes, multi_assets=wanted))
    return Done(DONE_CODE, SUCCESS)


def open_listen_key(venue: Venue, call: Call) -> ListenKeyPayload:
    return ListenKeyPayload(venue.listen_keys.open(call.account_id, call.now_ms))


def extend_listen_key(venue: Venue, call: Call) -> ListenKeyPayload:
    return ListenKeyPayload(venue.listen_keys.extend(call.account_id, call.now_ms))


def close_listen_key(venue: Venue, call: Call) -> Nothing:
    """End the key for every consumer of the account."""
    venue.listen_keys.close(call.account_id)
    return Nothing()
