"""What an account may still open: margin in use, margin to maintain, equity and what is free."""

from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from services.paper_exchange.accounts import Account, MarginMode, Position
from services.paper_exchange.orders import ZERO, Order


class PositionMargin(msgspec.Struct, frozen=True, kw_only=True):
    """One position valued at mark."""

    position: Position
    mark_px: Decimal
    leverage: int
    margin_mode: MarginMode
    notional: Decimal
    unrealized_pnl: Decimal
    initial_margin: Decimal
    maint_margin: Decimal


class MarginState(msgspec.Struct, frozen=True, kw_only=True):
    """An account valued at mark; `available` never falls below 0."""

    wallet_balance: Decimal
    unrealized_pnl: Decimal
    equity: Decimal
    position_initial_margin: Decimal
    open_order_initial_margin: Decimal
    maint_margin: Decimal
    available: Decimal
    positions: tuple[PositionMargin, ...]
