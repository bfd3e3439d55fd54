"""What an account may still open: margin in use, margin to maintain, equity and what is free.

1. A symbol needs (position side by side) the largest of its position, its position with all open
   buys, and its position with all open sells, at the account's leverage; reducing orders need none.
2. Free margin is equity, with other assets where they count, less what is needed; never below 0.
"""

from decimal import Decimal

import msgspec

from services.paper_exchange.engine.accounts import Account, MarginMode, Position, PositionKey
from services.paper_exchange.engine.ledger import NO_DEMAND, Demand, working_notional
from services.paper_exchange.engine.orders import NewOrder, OrderId
from services.paper_exchange.engine.state import VenueState
from services.paper_exchange.units import ZERO


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
    """An account valued at mark; `equity` is the wallet with unrealised profit.

    `collateral` is what other assets add to it, 0 where they do not count.
    """

    wallet_balance: Decimal
    unrealized_pnl: Decimal
    equity: Decimal
    collateral: Decimal
    position_initial_margin: Decimal
    open_order_initial_margin: Decimal
    maint_margin: Decimal
    available: Decimal
    positions: tuple[PositionMargin, ...]

    @property
    def initial_margin(self) -> Decimal:
        return self.position_initial_margin + self.open_order_initial_margin


def margin_of(state: VenueState, account: Account) -> MarginState:
    """Value an account at mark."""
    demands = state.ledger.demands(account.account_id)
    working = [key for key, demand in demands.items() if demand.buys or demand.sells]
    keys = dict.fromkeys([*(k for k, p in account.positions.items() if p.amount), *working])
    rows = tuple(_row(state, account, key, demands.get(key, NO_DEMAND)) for key in keys)
    unrealized = sum((row.unrealized_pnl for row in rows), ZERO)
    position_margin = sum((row.initial_margin for row in rows), ZERO)
    order_margin = sum((row.open_order_margin for row in rows), ZERO)
    equity = account.wallet_balance + unrealized
    counts = state.counts_collateral(account.account_id)
    collateral = sum(account.collateral.values(), ZERO) if counts else ZERO
    return MarginState(
        wallet_balance=account.wallet_balance,
        unrealized_pnl=unrealized,
        equity=equity,
        collateral=collateral,
        position_initial_margin=position_margin,
        open_order_initial_margin=order_margin,
        maint_margin=sum((row.maint_margin for row in rows), ZERO),
        available=max(ZERO, equity + collateral - position_margin - order_margin),
        positions=rows,
    )


def margin_increase(
    state: VenueState, account: Account, new: NewOrder, replaced: OrderId | None
) -> Decimal:
    """How much more margin the account needs with a new order in the place of another."""
    key = (new.symbol, new.position_side)
    before = state.ledger.demands(account.account_id).get(key, NO_DEMAND)
    mark_px = state.market(new.symbol).mark_px() or ZERO
    after = before.plus(new.side, (mark_px if new.px is None else new.px) * new.qty)
    if replaced is not None:
        after = after.plus(new.side, -working_notional(state.ledger.must_get(replaced)))
    value = account.position(*key).amount * mark_px
    leverage = state.settings(account, new.symbol).leverage
    return (_exposure(value, after) - _exposure(value, before)) / leverage


def _exposure(value: Decimal, demand: Demand) -> Decimal:
    """The largest of the position alone, with its buys and with its sells (invariant 1)."""
    return max(abs(value), value + demand.buys, demand.sells - value)


def _row(state: VenueState, account: Account, key: PositionKey, demand: Demand) -> PositionMargin:
    symbol, side = key
    market, position = state.market(symbol), account.position(symbol, side)
    settings = state.settings(account, symbol)
    mark_px = market.mark_px() or position.entry_px
    value = position.amount * mark_px
    return PositionMargin(
        position=position,
        mark_px=mark_px,
        leverage=settings.leverage,
        margin_mode=settings.margin_mode,
        notional=value,
        unrealized_pnl=position.unrealized_pnl(mark_px),
        initial_margin=abs(value) / settings.leverage + position.isolated_margin,
        open_order_margin=(_exposure(value, demand) - abs(value)) / settings.leverage,
        maint_margin=abs(value) * market.contract.maint_margin_rate,
        buy_notional=demand.buys,
        sell_notional=demand.sells,
    )
