"""The venue's own words for orders and how they map to the engine's."""

from enum import StrEnum

import msgspec

from services.paper_exchange.engine.orders import EndReason, Order, OrderStatus, TimeInForce


class OrderType(StrEnum):
    """Kinds of order; those beyond LIMIT and MARKET live in the algo order service."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP = "STOP"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"
    TRAILING_STOP_MARKET = "TRAILING_STOP_MARKET"
    LIQUIDATION = "LIQUIDATION"


ENTERED_HERE = frozenset({OrderType.LIMIT, OrderType.MARKET})


class WireTif(StrEnum):
    """timeInForce as sent. RPI only differs from GTX in whom it may meet."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"
    GTD = "GTD"
    RPI = "RPI"


ENGINE_TIF = {
    WireTif.GTC: TimeInForce.GTC,
    WireTif.IOC: TimeInForce.IOC,
    WireTif.FOK: TimeInForce.FOK,
    WireTif.GTX: TimeInForce.POST_ONLY,
    WireTif.GTD: TimeInForce.GTD,
    WireTif.RPI: TimeInForce.POST_ONLY,
}


class PriceMatch(StrEnum):
    """Pegs the price once, at entry, to a level of the opposite or of the own side."""

    NONE = "NONE"
    OPPONENT = "OPPONENT"
    OPPONENT_5 = "OPPONENT_5"
    OPPONENT_10 = "OPPONENT_10"
    OPPONENT_20 = "OPPONENT_20"
    QUEUE = "QUEUE"
    QUEUE_5 = "QUEUE_5"
    QUEUE_10 = "QUEUE_10"
    QUEUE_20 = "QUEUE_20"

    @property
    def is_opponent(self) -> bool:
        return self.value.startswith("OPPONENT")

    @property
    def level(self) -> int:
        """Which level of the book is meant, 1 for the best."""
        _, _, count = self.value.partition("_")
        return int(count) if count else 1


class ResponseType(StrEnum):
    """How much of an order's fate its acknowledgement tells."""

    ACK = "ACK"
    RESULT = "RESULT"


class OrderNote(msgspec.Struct, frozen=True):
    """What the engine carries unread in an order's label: the words this venue echoes."""

    price_match: PriceMatch
    tif: WireTif

    def label(self) -> str:
        return f"{self.price_match} {self.tif}"


def note_of(order: Order) -> OrderNote:
    price_match, _, tif = order.label.partition(" ")
    return OrderNote(PriceMatch(price_match), WireTif(tif))


# Binance docs, ORDER_TRADE_UPDATE: client ids of orders that the venue makes itself.
LIQUIDATION_PREFIX = "autoclose-"
ADL_CLIENT_ID = "adl_autoclose"
SETTLEMENT_PREFIX = "settlement_autoclose-"


def is_forced(order: Order) -> bool:
    """Whether the venue made the order: a liquidation, an auto-deleveraging or a settlement."""
    return order.client_id.startswith((LIQUIDATION_PREFIX, ADL_CLIENT_ID, SETTLEMENT_PREFIX))


def type_of(order: Order) -> OrderType:
    if order.client_id.startswith(LIQUIDATION_PREFIX):
        return OrderType.LIQUIDATION
    return OrderType.MARKET if order.is_market else OrderType.LIMIT


STATUS_WORDS = {
    OrderStatus.NEW: "NEW",
    OrderStatus.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELLED: "CANCELED",
    OrderStatus.EXPIRED: "EXPIRED",
    OrderStatus.REJECTED: "REJECTED",
}


def status_of(order: Order) -> str:
    """Return the status word; an end by self-trade prevention has its own."""
    if order.status is OrderStatus.EXPIRED and order.reason is EndReason.SELF_TRADE:
        return "EXPIRED_IN_MATCH"
    return STATUS_WORDS[order.status]


# Binance docs, ORDER_TRADE_UPDATE, field er.
EXPIRY_REASONS = {
    EndReason.SELF_TRADE: "1",
    EndReason.IOC_REMAINDER: "2",
    EndReason.REDUCE_ONLY: "4",
    EndReason.MARGIN: "5",
    EndReason.LIQUIDATED: "5",
    EndReason.DELISTED: "7",
    EndReason.MARKET_REMAINDER: "9",
}
