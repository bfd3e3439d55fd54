"""What the engine reports: facts in the past tense, in the order in which they happened."""

from decimal import Decimal

import msgspec

from services.paper_exchange.engine.accounts import Position
from services.paper_exchange.engine.orders import AccountId, ExecId, Order, OrderId, Side
from services.paper_exchange.market.events import Levels


class Accepted(msgspec.Struct, frozen=True):
    """An order entered the engine; its snapshot has no fill yet."""

    ts_ns: int
    account_id: AccountId
    order: Order


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of one order; `counterparty_order_id` is None against the tape.

    Both sides of a match between two accounts carry the same `match_id`.
    `start_position` is the signed position before, `order` the order after the fill.
    """

    ts_ns: int
    account_id: AccountId
    exec_id: ExecId
    match_id: int
    order: Order
    px: Decimal
    qty: Decimal
    is_maker: bool
    fee: Decimal
    realized_pnl: Decimal
    start_position: Decimal
    counterparty_order_id: OrderId | None


class Cancelled(msgspec.Struct, frozen=True):
    """An order was taken off on request; `order.reason` says whose."""

    ts_ns: int
    account_id: AccountId
    order: Order


class Expired(msgspec.Struct, frozen=True):
    """The engine ended an order by rule; `order.reason` says which."""

    ts_ns: int
    account_id: AccountId
    order: Order


class Amended(msgspec.Struct, frozen=True):
    """An order goes on with new terms: asked for, or shrunk because it may only reduce."""

    ts_ns: int
    account_id: AccountId
    order: Order


class PositionChanged(msgspec.Struct, frozen=True):
    """A position after a fill."""

    ts_ns: int
    account_id: AccountId
    position: Position


class BalanceChanged(msgspec.Struct, frozen=True):
    """A wallet after a fill (realised profit and fee) or a deposit."""

    ts_ns: int
    account_id: AccountId
    wallet_balance: Decimal
    change: Decimal


class BookChanged(msgspec.Struct, frozen=True):
    """Levels of the published book (tape plus accounts' orders) with their new quantities.

    One operation yields at most one per symbol; ids run from `first_id` to `last_id`, gapless.
    """

    ts_ns: int
    symbol: str
    first_id: int
    last_id: int
    bids: Levels
    asks: Levels


class Printed(msgspec.Struct, frozen=True):
    """A trade for the public trade stream; the order ids are None where the tape traded."""

    ts_ns: int
    symbol: str
    trade_id: int
    px: Decimal
    qty: Decimal
    side: Side
    taker_order_id: OrderId | None
    maker_order_id: OrderId | None


class MarkChanged(msgspec.Struct, frozen=True):
    """A symbol's mark price moved."""

    ts_ns: int
    symbol: str
    px: Decimal


OrderEvent = Accepted | Filled | Cancelled | Expired | Amended
AccountEvent = PositionChanged | BalanceChanged
PublicEvent = BookChanged | Printed | MarkChanged
Event = OrderEvent | AccountEvent | PublicEvent
