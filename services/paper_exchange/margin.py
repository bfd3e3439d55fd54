"""What an account may still open: margin in use, margin to maintain, equity and what is free.

1. A symbol needs (position side by side) the largest of its position, its position with all open
   buys, and its position with all open sells, at the account's leverage; reducing orders need none.
2. Free margin is equity less what is needed, never below 0.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from services.paper_exchange.accounts import Account, MarginMode, Position
from services.paper_exchange.ledger import is_reducing
from services.paper_exchange.orders import ZERO, NewOrder, Order, OrderId, PositionSide, Side
from services.paper_exchange.state import VenueState


class PositionMargin(msgspec.Struct, frozen=True, kw_only=True):
    """One position valued at mark."""

    position: Position
    mark_px: Decimal
    leverage: int
    margin_mode: MarginMode
    notional: Decimal
    unrealized_pnl: Decimal
    initial_margin: Decimal
    open_order_margin: Decimal
    maint_margin: Decimal
    buy_notional: Decimal
    sell_notional: Decimal


class MarginState(msgspec.Struct, frozen=True, kw_only=True):
    """An account valued at mark; `equity` is the wallet with unrealised profit."""

    wallet_balance: Decimal
    unrealized_pnl: Decimal
    equity: Decimal
    position_initial_margin: Decimal
    open_order_initial_margin: Decimal
    maint_margin: Decimal
    available: Decimal
    positions: tuple[PositionMargin, ...]

    @property
    def initial_margin(self) -> Decimal:
        return self.position_initial_margin + self.open_order_initial_margin


class _Demand(msgspec.Struct):
    """Open buys and sells of one position, at their own prices."""

    buys: Decimal = ZERO
    sells: Decimal = ZERO

    def add(self, side: Side, notional: Decimal) -> None:
        if side is Side.BUY:
            self.buys += notional
        else:
            self.sells += notional


_Key = tuple[str, PositionSide]


def margin_of(state: VenueState, account: Account) -> MarginState:
    """Value an account at mark."""
    demands = _demands(state, state.ledger.open_orders(account.account_id))
    keys = dict.fromkeys([*(k for k, p in account.positions.items() if p.amount), *demands])
    rows = tuple(_row(state, account, key, demands.get(key, _Demand())) for key in keys)
    unrealized = sum((row.unrealized_pnl for row in rows), ZERO)
    position_margin = sum((row.initial_margin for row in rows), ZERO)
    order_margin = sum((row.open_order_margin for row in rows), ZERO)
    equity = account.wallet_balance + unrealized
    return MarginState(
        wallet_balance=account.wallet_balance,
        unrealized_pnl=unrealized,
        equity=equity,
        position_initial_margin=position_margin,
        open_order_initial_margin=order_margin,
        maint_margin=sum((row.maint_margin for row in rows), ZERO),
        available=max(ZERO, equity - position_margin - order_margin),
        positions=rows,
    )


def margin_increase(
    state: VenueState, account: Account, new: NewOrder, replaced: OrderId | None
) -> Decimal:
    """How much more margin the account needs with a new order in the place of another."""
    key = (new.symbol, new.position_side)
    before = state.ledger.open_orders(account.account_id, new.symbol)
    after = [order for order in before if order.order_id != replaced]
    demand = _demands(state, after).get(key, _Demand())
    demand.add(new.side, _px(state, new.symbol, new.px) * new.qty)
    now = _row(state, account, key, _demands(state, before).get(key, _Demand()))
    then = _row(state, account, key, demand)
    return then.open_order_margin - now.open_order_margin


def _demands(state: VenueState, orders: Iterable[Order]) -> dict[_Key, _Demand]:
    demands: dict[_Key, _Demand] = {}
    for order in orders:
        if not is_reducing(order):
            demand = demands.setdefault((order.symbol, order.position_side), _Demand())
            px = _px(state, order.symbol, order.px)
            demand.add(order.side, px * order.leaves_qty)
    return demands


def _row(state: VenueState, account: Account, key: _Key, demand: _Demand) -> PositionMargin:
    symbol, side = key
    position = account.position(symbol, side)
    settings = state.settings(account, symbol)
    mark_px = _px(state, symbol, None) or position.entry_px
    value = position.amount * mark_px
    with_orders = max(abs(value), value + demand.buys, demand.sells - value)
    maint_rate = state.market(symbol).contract.maint_margin_rate
    return PositionMargin(
        position=position,
        mark_px=mark_px,
        leverage=settings.leverage,
        margin_mode=settings.margin_mode,
        notional=value,
        unrealized_pnl=position.unrealized_pnl(mark_px),
        initial_margin=abs(value) / settings.leverage + position.isolated_margin,
        open_order_margin=(with_orders - abs(value)) / settings.leverage,
        maint_margin=abs(value) * maint_rate,
        buy_notional=demand.buys,
        sell_notional=demand.sells,
    )


def _px(state: VenueState, symbol: str, px: Decimal | None) -> Decimal:
    """The order's price; the mark for a market order; 0 while there is no mark."""
    return px if px is not None else state.market(symbol).mark_px() or ZERO
