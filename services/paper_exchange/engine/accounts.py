"""What an account holds: wallet, positions with average entry, settings per symbol.

1. A position's entry is the volume-weighted price of what opened it; reducing never moves it.
2. A fill that reduces realises (exit - entry) on the closed quantity, before fees.
3. A fill through zero closes the old position and opens the rest at the fill's price.
4. wallet = deposits + realised profit - fees, after every fill.
"""

from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

import msgspec

from services.paper_exchange.engine.fees import FeeSchedule
from services.paper_exchange.engine.orders import AccountId, PositionSide
from services.paper_exchange.units import ZERO


class MarginMode(StrEnum):
    """Whether a position shares the wallet or has its own."""

    CROSS = "CROSS"
    ISOLATED = "ISOLATED"


MONEY_STEP = Decimal("1e-8")
"""Both venues keep money to eight decimals."""

PositionKey = tuple[str, PositionSide]


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A signed amount with its average entry; `isolated_margin` is what was set aside by hand."""

    symbol: str
    position_side: PositionSide = PositionSide.BOTH
    amount: Decimal = ZERO
    entry_px: Decimal = ZERO
    realized_pnl: Decimal = ZERO
    fees: Decimal = ZERO
    isolated_margin: Decimal = ZERO
    updated_ns: int = 0

    def unrealized_pnl(self, mark_px: Decimal) -> Decimal:
        return self.amount * (mark_px - self.entry_px)

    def break_even_px(self) -> Decimal:
        """The exit price at which entry and the fees paid so far cancel out."""
        return self.entry_px + self.fees / self.amount if self.amount else ZERO


class SymbolSettings(msgspec.Struct, frozen=True):
    """An account's leverage and margin mode for one symbol."""

    leverage: int
    margin_mode: MarginMode = MarginMode.CROSS


class PositionFill(msgspec.Struct, frozen=True):
    """What one fill did to a position."""

    position: Position
    start_position: Decimal
    realized_pnl: Decimal


def apply_fill(position: Position, signed_qty: Decimal, px: Decimal, now_ns: int) -> PositionFill:
    """Return the position after buying (positive) or selling (negative) at a price."""
    start = position.amount
    amount = start + signed_qty
    closed = _closed_amount(start, signed_qty)
    profit = closed * (px - position.entry_px)
    realized = profit.quantize(MONEY_STEP, ROUND_HALF_EVEN) if profit else ZERO
    after = msgspec.structs.replace(
        position,
        amount=amount,
        entry_px=_entry_after(position, signed_qty, px),
        realized_pnl=position.realized_pnl + realized,
        fees=position.fees if start * amount > 0 else ZERO,
        isolated_margin=position.isolated_margin if start * amount > 0 else ZERO,
        updated_ns=now_ns,
    )
    return PositionFill(after, start, realized)


def _closed_amount(start: Decimal, signed_qty: Decimal) -> Decimal:
    """The part of the old position, with its sign, that an opposite fill closes."""
    if start * signed_qty >= 0:
        return ZERO
    return min(start, -signed_qty) if start > 0 else max(start, -signed_qty)


def _entry_after(position: Position, signed_qty: Decimal, px: Decimal) -> Decimal:
    start = position.amount
    amount = start + signed_qty
    if amount == 0:
        return ZERO
    if start * signed_qty < 0:
        return position.entry_px if start * amount > 0 else px
    return (start * position.entry_px + signed_qty * px) / amount


class Account:
    """One account's money and positions; orders live in the engine's ledger.

    `collateral` is what it holds of other assets, each worth its number in the wallet's.
    """

    def __init__(self, account_id: AccountId, wallet_balance: Decimal, fees: FeeSchedule) -> None:
        self.account_id = account_id
        self.wallet_balance = wallet_balance
        self.fees = fees
        self.positions: dict[PositionKey, Position] = {}
        self.settings: dict[str, SymbolSettings] = {}
        self.collateral: dict[str, Decimal] = {}

    def position(self, symbol: str, side: PositionSide = PositionSide.BOTH) -> Position:
        """The position, or a flat one."""
        held = self.positions.get((symbol, side))
        return held if held is not None else Position(symbol=symbol, position_side=side)

    def net_amount(self, symbol: str) -> Decimal:
        """The signed sum of a symbol's positions, one or two."""
        return sum((p.amount for p in self.positions_of(symbol)), ZERO)

    def positions_of(self, symbol: str) -> list[Position]:
        return [p for p in self.positions.values() if p.symbol == symbol]

    def settle(self, fill: PositionFill, fee: Decimal) -> Decimal:
        """Book a fill's position, profit and fee; return what the wallet gained."""
        after = fill.position
        if after.amount:
            after = msgspec.structs.replace(after, fees=after.fees + fee)
        self.positions[after.symbol, after.position_side] = after
        change = fill.realized_pnl - fee
        self.wallet_balance += change
        return change
