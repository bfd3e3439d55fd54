"""What an order on a paper exchange is: its words, its terms and its states."""

from decimal import Decimal
from enum import StrEnum
from typing import NewType

import msgspec

from services.paper_exchange.units import ZERO

AccountId = NewType("AccountId", str)
OrderId = NewType("OrderId", int)
ExecId = NewType("ExecId", int)


class Side(StrEnum):
    """The direction of an order or of a trade's aggressor."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1


class PositionSide(StrEnum):
    """Which position an order works on; one-way accounts have only BOTH."""

    BOTH = "BOTH"
    LONG = "LONG"
    SHORT = "SHORT"


class TimeInForce(StrEnum):
    """How long an order works. POST_ONLY is Binance's GTX and Hyperliquid's Alo."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    POST_ONLY = "POST_ONLY"
    GTD = "GTD"


class StpMode(StrEnum):
    """What happens when an account would trade with itself; the taker's mode decides."""

    NONE = "NONE"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"


class OrderStatus(StrEnum):
    """Where an order stands; NEW and PARTIALLY_FILLED are open."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"

    @property
    def is_open(self) -> bool:
        return self is OrderStatus.NEW or self is OrderStatus.PARTIALLY_FILLED


class EndReason(StrEnum):
    """Why an order ended other than by filling."""

    NONE = "NONE"
    USER = "USER"
    SCHEDULED = "SCHEDULED"
    REPLACED = "REPLACED"
    SELF_TRADE = "SELF_TRADE"
    IOC_REMAINDER = "IOC_REMAINDER"
    MARKET_REMAINDER = "MARKET_REMAINDER"
    REDUCE_ONLY = "REDUCE_ONLY"
    GOOD_TILL_DATE = "GOOD_TILL_DATE"
    AMEND_BELOW_FILLED = "AMEND_BELOW_FILLED"
    AMEND_WOULD_CROSS = "AMEND_WOULD_CROSS"
    MARGIN = "MARGIN"
    LIQUIDATED = "LIQUIDATED"
    DELISTED = "DELISTED"
    OPEN_INTEREST_CAP = "OPEN_INTEREST_CAP"
    VAULT_WITHDRAWAL = "VAULT_WITHDRAWAL"
    SIBLING_FILLED = "SIBLING_FILLED"
    SETTLED = "SETTLED"
    INTERNAL = "INTERNAL"


class Refusal(StrEnum):
    """The rule that an order, cancel or amend broke; each venue maps it to its own code."""

    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    DUPLICATE_OPEN_CLIENT_ID = "DUPLICATE_OPEN_CLIENT_ID"
    TICK = "TICK"
    MIN_PRICE = "MIN_PRICE"
    MAX_PRICE = "MAX_PRICE"
    PRICE_BAND = "PRICE_BAND"
    LOT = "LOT"
    MIN_QTY = "MIN_QTY"
    MAX_QTY = "MAX_QTY"
    MIN_NOTIONAL = "MIN_NOTIONAL"
    GTD_BOUNDS = "GTD_BOUNDS"
    TOO_MANY_OPEN = "TOO_MANY_OPEN"
    POSITION_SIDE = "POSITION_SIDE"
    REDUCE_ONLY = "REDUCE_ONLY"
    REDUCE_ONLY_COVERED = "REDUCE_ONLY_COVERED"
    INSUFFICIENT_MARGIN = "INSUFFICIENT_MARGIN"
    WOULD_CROSS = "WOULD_CROSS"
    FOK_UNFILLABLE = "FOK_UNFILLABLE"
    IOC_NO_MATCH = "IOC_NO_MATCH"
    NO_LIQUIDITY = "NO_LIQUIDITY"
    AMEND_UNCHANGED = "AMEND_UNCHANGED"
    AMEND_NOT_LIMIT = "AMEND_NOT_LIMIT"
    LEVERAGE = "LEVERAGE"
    MARGIN_MODE = "MARGIN_MODE"


class OrderRefused(Exception):  # noqa: N818 - an answer, not a fault
    """A request broke a rule and changed nothing."""

    def __init__(self, refusal: Refusal, field: str, value: object, rule: str) -> None:
        super().__init__(f"{field}={value}: {rule}")
        self.refusal = refusal
        self.field = field
        self.value = value
        self.rule = rule


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The terms of a new order; `px` None is a market order, `label` is the venue's own note.

    `label` is carried unread from the request to every snapshot of the order.
    """

    symbol: str
    side: Side
    qty: Decimal
    px: Decimal | None = None
    client_id: str = ""
    tif: TimeInForce = TimeInForce.GTC
    position_side: PositionSide = PositionSide.BOTH
    reduce_only: bool = False
    stp: StpMode = StpMode.NONE
    expire_at_ns: int = 0
    label: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One state of one order; the engine replaces it, never changes it."""

    order_id: OrderId
    account_id: AccountId
    client_id: str
    symbol: str
    side: Side
    px: Decimal | None
    qty: Decimal
    tif: TimeInForce
    position_side: PositionSide
    reduce_only: bool
    stp: StpMode
    expire_at_ns: int
    label: str
    created_ns: int
    updated_ns: int
    filled_qty: Decimal = ZERO
    filled_notional: Decimal = ZERO
    fee: Decimal = ZERO
    realized_pnl: Decimal = ZERO
    amend_count: int = 0
    status: OrderStatus = OrderStatus.NEW
    reason: EndReason = EndReason.NONE
    refusal: Refusal | None = None

    @property
    def is_market(self) -> bool:
        return self.px is None

    @property
    def is_open(self) -> bool:
        return self.status.is_open

    @property
    def leaves_qty(self) -> Decimal:
        """Quantity still working; 0 once the order has ended."""
        return self.qty - self.filled_qty if self.status.is_open else ZERO

    @property
    def avg_px(self) -> Decimal:
        """Volume-weighted fill price; 0 before the first fill."""
        return self.filled_notional / self.filled_qty if self.filled_qty else ZERO


class Amendment(msgspec.Struct, frozen=True, kw_only=True):
    """New terms for a resting limit order that keeps its ids; `qty` is the new total."""

    px: Decimal
    qty: Decimal
