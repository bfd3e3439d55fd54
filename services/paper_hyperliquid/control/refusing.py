"""Actions that are refused on demand: what they are about, and the answer in the given words."""

from services.paper_hyperliquid.control.faults import RefusingText
from services.paper_hyperliquid.exchange.listings import listing_of_asset
from services.paper_hyperliquid.wire.errors import RequestError
from services.paper_hyperliquid.wire.payloads import ActionOk, ActionResponse, Failed, Statuses
from services.paper_hyperliquid.wire.schemas import (
    CancelAction,
    CancelByCloidAction,
    L1Action,
    OrderAction,
    UserSignedAction,
)


def coin_of(action: L1Action | UserSignedAction) -> str:
    """Return the coin that an action is about, by its first order; "" for one about none."""
    assets = _assets(action)
    listing = listing_of_asset(assets[0]) if assets else None
    return listing.coin if listing is not None else ""


def refused(action: L1Action | UserSignedAction, refusing: RefusingText) -> ActionOk:
    """Return the answer that refuses each order of an action.

    Raises:
        RequestError: the whole request is refused.
    """
    assets = _assets(action)
    if refusing.whole or not assets:
        raise RequestError(refusing.text)
    kind = "order" if isinstance(action, OrderAction) else "cancel"
    acks = tuple(Failed(refusing.text) for _ in assets)
    return ActionOk(ActionResponse(kind, Statuses(acks)))


def _assets(action: L1Action | UserSignedAction) -> tuple[int, ...]:
    match action:
        case OrderAction():
            return tuple(order.a for order in action.orders)
        case CancelAction():
            return tuple(cancel.a for cancel in action.cancels)
        case CancelByCloidAction():
            return tuple(cancel.asset for cancel in action.cancels)
        case _:
            return ()
