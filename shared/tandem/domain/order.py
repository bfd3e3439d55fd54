"""What an order is and how far along it is: the lifecycle is the table `RANK`.

1. A status only moves to a higher rank: reports may come in any order and more than once.
2. A terminal status of higher evidence wins: FILLED over CANCELLED over EXPIRED over REJECTED,
   because a fill proven late (after a cancel or an expiry) is real.
"""

from decimal import Decimal
from enum import StrEnum

from tandem.domain.units import ZERO


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1

    def signed(self, quantity: Decimal) -> Decimal:
        """Return a quantity with the sign of the side; nothing has no sign."""
        return quantity * self.sign or ZERO


def side_of(amount: Decimal) -> Side:
    """Return the side of a signed amount: negative sells."""
    return Side.SELL if amount < 0 else Side.BUY


class OrderType(StrEnum):
    LIMIT = "LIMIT"
    MARKET = "MARKET"


class TimeInForce(StrEnum):
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class PriceMatch(StrEnum):
    """Where in the book the venue itself puts the price: nth level, opposite or own side."""

    OPPONENT = "OPPONENT"
    OPPONENT_5 = "OPPONENT_5"
    OPPONENT_10 = "OPPONENT_10"
    OPPONENT_20 = "OPPONENT_20"
    QUEUE = "QUEUE"
    QUEUE_5 = "QUEUE_5"
    QUEUE_10 = "QUEUE_10"
    QUEUE_20 = "QUEUE_20"


class OrderStatus(StrEnum):
    PENDING = "PENDING"
    NEW = "NEW"
    PARTIAL = "PARTIAL"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    FILLED = "FILLED"

    @classmethod
    def _missing_(cls, value: object) -> "OrderStatus | None":  # type: ignore[explicit-override]
        """Accept the alias that older strategies write."""
        return cls.PENDING if value == "CREATE_PENDING" else None

    @property
    def is_terminal(self) -> bool:
        return RANK[self] >= RANK[OrderStatus.REJECTED]


RANK: dict[OrderStatus, int] = {
    OrderStatus.PENDING: 0,
    OrderStatus.NEW: 1,
    OrderStatus.PARTIAL: 2,
    OrderStatus.REJECTED: 3,
    OrderStatus.EXPIRED: 4,
    OrderStatus.CANCELLED: 5,
    OrderStatus.FILLED: 6,
}


def join_status(one: OrderStatus, other: OrderStatus) -> OrderStatus:
    """Return the later of two statuses, whatever order the reports came in."""
    return one if RANK[one] >= RANK[other] else other


class RejectReason(StrEnum):
    """Why an order did not stand, by what to do about it (the retry ladder's classes)."""

    INVALID = "INVALID"  # malformed or against a rule of ours; never sent
    STALE = "STALE"  # valid_for_ms passed, or decided too long ago; never sent
    NO_MATCH = "NO_MATCH"  # nothing to trade against inside the limit, or a price band
    SIZE = "SIZE"  # lot, minimum or maximum
    RATE_LIMIT = "RATE_LIMIT"
    MARGIN = "MARGIN"
    MARKET_STATE = "MARKET_STATE"  # halted, reduce-only, open-interest cap
    HALTED = "HALTED"  # a halt of ours is in force; never sent
    AUTH = "AUTH"  # key, permission, ban
    ACCOUNT = "ACCOUNT"  # the account as a whole: its mode, a liquidation, a restriction
    CLOCK = "CLOCK"  # outside the venue's time window
    POST_ONLY = "POST_ONLY"  # would have taken
    REDUCE_ONLY = "REDUCE_ONLY"
    NOT_SENT = "NOT_SENT"  # proven absent at the venue after a doubt
    NO_REFERENCE = "NO_REFERENCE"  # the book is stale, crossed, empty or too wide to price from
    OTHER = "OTHER"


def weight_of_words(
    status: OrderStatus, reason: RejectReason | None, text: str
) -> tuple[int, bool, int, str, str]:
    """Return how much a report's words count for why an order ended: the greatest stay.

    Those of the higher status; of one status those that name a class, then the fuller ones.
    """
    is_classed = reason not in {None, RejectReason.OTHER}
    return RANK[status], is_classed, len(text), text, reason or ""
