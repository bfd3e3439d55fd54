"""What the venue says when it refuses, word for word (Hyperliquid docs, error responses).

A refusal of one order is a `Rejection`: with a status the order becomes queryable under an oid,
without one it is static and leaves no trace. A refusal of a whole request is `RequestError`.
"""

from typing import Final

from msgspec import Struct

from services.paper_exchange.engine.orders import Refusal
from services.paper_hyperliquid.wire.vocabulary import Status


class Rejection(Struct, frozen=True):
    """Why one order of a batch failed; `status` None means that it never got an oid.

    The live venue ends most texts with the asset; those about an order's own numbers stand alone.
    """

    text: str
    status: Status | None = None
    names_asset: bool = True

    def for_asset(self, asset: int) -> str:
        """Return the text as the live venue ends it."""
        return f"{self.text} asset={asset}" if self.names_asset else self.text


class RequestError(Exception):
    """The whole request fails: HTTP 200 with status "err" and this text."""


class OrderError(Exception):
    """One order fails for the rule in `rejection`."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.text)
        self.rejection = rejection


BAD_TICK: Final = Rejection("Price must be divisible by tick size.")
BAD_PRICE: Final = Rejection("Order has invalid price.", names_asset=False)
BAD_SIZE: Final = Rejection("Order has invalid size.", names_asset=False)
ZERO_SIZE: Final = Rejection("Order has zero size.", names_asset=False)
# The venue's own text for an unlisted asset is not documented.
BAD_ASSET: Final = Rejection("Order has invalid asset.")
ORDERS_EMPTY: Final = "Orders are empty."
BAD_TRIGGER: Final = Rejection("Invalid TP/SL price.", Status.BAD_TRIGGER_PX_REJECTED)
NO_LIQUIDITY: Final = Rejection(
    "No liquidity available for market order.", Status.MARKET_ORDER_NO_LIQUIDITY_REJECTED
)
# Reported by clients only; the documentation gives the status without the text.
TOO_MANY_OPEN: Final = Rejection("Too many open orders.", Status.TOO_MANY_OPEN_ORDERS_REJECTED)
CANCEL_UNKNOWN: Final = "Order was never placed, already canceled, or filled."
MODIFY_ENDED: Final = "Cannot modify canceled or filled order"
MODIFY_INVALID: Final = "Attempted to modify to invalid new order"
MODIFY_REFUSED: Final = "Error placing new order during modify: "
FAST_CANCEL_OF_TRIGGER: Final = "Fast cancels are not supported for trigger orders."

UNRECOVERABLE: Final = "Unable to recover signer."
EXPIRED: Final = "Action already expired"
NONCE_MISMATCH: Final = "Nonce mismatch."
OTHER_NETWORK: Final = "Mainnet and testnet require different signature."
LEVERAGE_WITH_POSITION: Final = "Cannot switch leverage type with open position."
LEVERAGE_INVALID: Final = "Invalid leverage value"
NOT_ISOLATED: Final = "Position does not use isolated margin."
BUILDER_NOT_APPROVED: Final = "Builder fee has not been approved."
TRIGGER_COUNT: Final = "Unexpected number of trigger orders"
AGENT_IN_USE: Final = "Extra agent already used."
AGENT_TOO_MANY: Final = "Too many extra agents."
AGENT_REMOVAL_PENDING: Final = "User has pending agent removal"

_OF_REFUSAL: Final = {
    Refusal.TICK: BAD_TICK,
    Refusal.MIN_PRICE: BAD_PRICE,
    Refusal.MAX_PRICE: BAD_PRICE,
    Refusal.LOT: BAD_SIZE,
    Refusal.MIN_QTY: ZERO_SIZE,
    Refusal.MAX_QTY: BAD_SIZE,
    Refusal.UNKNOWN_SYMBOL: BAD_ASSET,
    Refusal.MIN_NOTIONAL: Rejection(
        "Order must have minimum value of $10.", Status.MIN_TRADE_NTL_REJECTED
    ),
    Refusal.INSUFFICIENT_MARGIN: Rejection(
        "Insufficient margin to place order.", Status.PERP_MARGIN_REJECTED
    ),
    Refusal.REDUCE_ONLY: Rejection(
        "Reduce only order would increase position.", Status.REDUCE_ONLY_REJECTED
    ),
    Refusal.IOC_NO_MATCH: Rejection(
        "Order could not immediately match against any resting orders.",
        Status.IOC_CANCEL_REJECTED,
    ),
    Refusal.NO_LIQUIDITY: NO_LIQUIDITY,
    Refusal.TOO_MANY_OPEN: TOO_MANY_OPEN,
}


def rejection_of(refusal: Refusal) -> Rejection:
    """Return the venue's words for the engine's refusal; any other one is a defect here."""
    return _OF_REFUSAL[refusal]


def would_cross(bid: str, ask: str) -> Rejection:
    """Return the post-only rejection, which quotes the best bid and offer."""
    return Rejection(
        f"Post only order would have immediately matched, bbo was {bid}@{ask}.",
        Status.BAD_ALO_PX_REJECTED,
    )


def price_too_far(percent: int) -> Rejection:
    text = f"Order price cannot be more than {percent}% away from the reference price"
    return Rejection(text, names_asset=False)


def order_value_too_large(limit: int) -> Rejection:
    return Rejection(f"Order value too large. Max is ${limit}.", names_asset=False)


def no_such_wallet(address: str) -> str:
    return f"User or API Wallet {address} does not exist."


def must_deposit(address: str) -> str:
    return f"Must deposit before performing actions. User: {address}"


def vault_not_registered(address: str) -> str:
    return f"Vault not registered: {address}"


def schedule_needs_volume(required: int, traded: str) -> str:
    return (
        "Cannot set scheduled cancel time until enough volume traded. "
        f"Required: ${required}. Traded: ${traded}."
    )


def too_many_requests(used: int, cap: int, volume: str) -> str:
    return (
        f"Too many cumulative requests sent ({used} > {cap}) for cumulative volume traded "
        f"${volume}. Place taker orders to free up 1 request per USDC traded."
    )
