"""The venue's words and ours: statuses, kinds, times in force, reasons for ending.

1. Words that drive an order's state are strict: an unlisted one is an error, never a guess.
2. Descriptive words that we have no name for read as None; why an order ended is told in the
   venue's own words where we have none.
"""

from decimal import Decimal

from tandem.domain.order import (
    OrderStatus,
    OrderType,
    RejectReason,
    Side,
    TimeInForce,
)
from tandem.domain.units import NS_PER_MS
from tandem.gateway.port.decoding import shown

STATUSES: dict[str, OrderStatus] = {
    "NEW": OrderStatus.NEW,
    "PARTIALLY_FILLED": OrderStatus.PARTIAL,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELLED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,  # self-trade prevention
    "NEW_INSURANCE": OrderStatus.NEW,  # withdrawn in 2023, still parsed by others
    "NEW_ADL": OrderStatus.NEW,
}

SIDES: dict[str, Side] = {"BUY": Side.BUY, "SELL": Side.SELL}

ORDER_TYPES: dict[str, OrderType] = {"LIMIT": OrderType.LIMIT, "MARKET": OrderType.MARKET}

TIMES_IN_FORCE: dict[str, TimeInForce] = {
    "GTC": TimeInForce.GTC,
    "GTX": TimeInForce.GTC,  # post-only is a flag with us, not a time in force
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
}

POST_ONLY = "GTX"
ONE_WAY = "BOTH"
TRADING = "TRADING"

# Client ids that the exchange gives to orders of its own making: liquidation, auto-deleveraging,
# settlement (Binance docs, user data streams, ORDER_TRADE_UPDATE).
SYSTEM_PREFIXES = ("autoclose-", "adl_autoclose", "settlement_autoclose-", "delivery_autoclose-")

# `er` of ORDER_TRADE_UPDATE (Binance docs, user data streams, expiry reason).
EXPIRY_REASONS: dict[str, tuple[RejectReason, str]] = {
    "1": (RejectReason.OTHER, "self-trade prevention"),
    "2": (RejectReason.NO_MATCH, "remainder of an IOC order"),
    "3": (RejectReason.NO_MATCH, "remainder of an IOC order, self-trade prevention"),
    "4": (RejectReason.REDUCE_ONLY, "displaced by a reduce-only order, or would flip the position"),
    "5": (RejectReason.ACCOUNT, "account liquidated"),
    "6": (RejectReason.OTHER, "GTE condition unmet"),
    "7": (RejectReason.MARKET_STATE, "symbol delisted"),
    "8": (RejectReason.OTHER, "stop order triggered"),
    "9": (RejectReason.NO_MATCH, "remainder of a market order"),
}


NO_EXPIRY_REASON = frozenset({"", "0"})
# What a status says by itself, from a source that gives no expiry reason.
STATUS_REASONS: dict[str, tuple[RejectReason, str]] = {
    "EXPIRED_IN_MATCH": EXPIRY_REASONS["1"],
    "REJECTED": (RejectReason.OTHER, "REJECTED, without a reason of the venue's"),
}


def why(status: str, expiry_reason: str = "") -> tuple[RejectReason | None, str]:
    """Return why an order ended as it did, in a class and in words."""
    if expiry_reason in NO_EXPIRY_REASON:
        return STATUS_REASONS.get(status, (None, ""))
    unlisted = (RejectReason.OTHER, f"expiry reason {shown(expiry_reason)}")
    return EXPIRY_REASONS.get(expiry_reason, unlisted)


def is_system(client_order_id: str) -> bool:
    """Tell whether the exchange itself made the order."""
    return client_order_id.startswith(SYSTEM_PREFIXES)


def decimal_text(value: Decimal) -> str:
    """Return a decimal without exponent: the venue takes no other form."""
    return format(value, "f")


def ns_of_ms(ms: int) -> int:
    """Return a time of the venue, which counts milliseconds."""
    return ms * NS_PER_MS
