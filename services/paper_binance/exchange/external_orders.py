"""What happens to an account past its programs: orders by hand, liquidation, deleveraging.

Everything is booked by the engine and told on the user stream as any other order.
"""

from decimal import Decimal

from services.paper_binance.exchange.venue import Venue
from services.paper_binance.wire.numbers import ms
from services.paper_binance.wire.vocabulary import (
    ADL_CLIENT_ID,
    EXPIRY_REASONS,
    LIQUIDATION_PREFIX,
    SETTLEMENT_PREFIX,
    OrderNote,
    PriceMatch,
    WireTif,
)
from services.paper_exchange.engine.events import Event, Filled
from services.paper_exchange.engine.orders import (
    AccountId,
    NewOrder,
    OrderId,
    OrderRefused,
    Side,
    TimeInForce,
)
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

# Binance docs, ORDER_TRADE_UPDATE: orders placed in the web interface carry such client ids.
WEB_PREFIX = "web_"
FORCED_NOTE = OrderNote(PriceMatch.NONE, WireTif.IOC)


def act(venue: Venue, action: AccountAction, now_ns: int) -> ActOutcome:
    """Do what the control port asks for, publish it and say what came of it."""
    try:
        order_id, events = _carry_out(venue, action, now_ns)
    except OrderRefused as refused:
        raise ControlError(str(refused)) from refused
    venue.publish(events, now_ns)
    fills = [e for e in events if isinstance(e, Filled) and e.order.order_id == order_id]
    return ActOutcome(order_id=str(order_id), fills_count=len(fills))


def _carry_out(venue: Venue, action: AccountAction, now_ns: int) -> tuple[OrderId, list[Event]]:
    account = AccountId(action.account)
    match action:
        case PlaceByHand():
            client_id = action.client_order_id or WEB_PREFIX + venue.new_client_id()
            new = _order(action, client_id)
            events = venue.engine.place(account, new, now_ns)
            return venue.engine.order_of_client(account, client_id).order_id, events
        case CancelByHand():
            order_id = OrderId(_number(action.order_id))
            return order_id, venue.engine.cancel(account, order_id, now_ns)
        case EndByVenue():
            order_id = OrderId(_number(action.order_id))
            if action.reason not in EXPIRY_REASONS:
                names = ", ".join(EXPIRY_REASONS)
                raise ControlError(f"reason={action.reason}: must be one of {names}")
            return order_id, venue.engine.end(account, order_id, action.reason, now_ns)
        case Liquidate():
            client_id = f"{LIQUIDATION_PREFIX}{ms(now_ns)}"
            return _close(venue, (account, action.symbol), action.qty, client_id, now_ns)
        case Deleverage():
            return _close(venue, (account, action.symbol), action.qty, ADL_CLIENT_ID, now_ns)
        case Settle():
            client_id = f"{SETTLEMENT_PREFIX}{ms(now_ns)}"
            return _close(venue, (account, action.symbol), action.qty, client_id, now_ns)


def _order(action: PlaceByHand, client_id: str) -> NewOrder:
    tif = TimeInForce.POST_ONLY if action.post_only else TimeInForce.GTC
    wire_tif = WireTif.GTX if action.post_only else WireTif.GTC
    return NewOrder(
        symbol=action.symbol,
        side=Side.BUY if action.side == "buy" else Side.SELL,
        qty=action.qty,
        px=action.price,
        client_id=client_id,
        tif=tif,
        reduce_only=action.reduce_only,
        label=OrderNote(PriceMatch.NONE, wire_tif).label(),
    )


def _close(
    venue: Venue,
    position: tuple[AccountId, str],
    qty: Decimal | None,
    client_id: str,
    now_ns: int,
) -> tuple[OrderId, list[Event]]:
    names = (client_id, FORCED_NOTE.label())
    events = venue.engine.force_close(position, qty, names, now_ns)
    return venue.engine.order_of_client(position[0], client_id).order_id, events


def _number(text: str) -> int:
    if not text.isdecimal():
        raise ControlError(f"order_id={text}: must be the venue's number of an order")
    return int(text)
