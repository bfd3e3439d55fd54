"""What a fill does to an order, its account and the books.

1. An order's filled quantity never exceeds its quantity and never falls.
2. Every fill is in the ledger, and the account's wallet and position move with it.
3. A fill that shrinks a position ends the resting orders that have nothing left to reduce.
"""

from decimal import Decimal

import msgspec

from services.paper_exchange.engine.accounts import Account, PositionFill, apply_fill
from services.paper_exchange.engine.endings import record, trim_reducing
from services.paper_exchange.engine.events import BalanceChanged, Filled, PositionChanged
from services.paper_exchange.engine.orders import Order, OrderId, OrderStatus
from services.paper_exchange.engine.state import VenueState


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One side of one match; `counterparty_order_id` is None against the tape."""

    px: Decimal
    qty: Decimal
    is_maker: bool
    trade_id: int
    counterparty_order_id: OrderId | None


def fill(state: VenueState, order: Order, execution: Execution, now_ns: int) -> Order:
    """Book one execution; return the order as it stands after everything that follows from it."""
    account = state.account(order.account_id)
    position = account.position(order.symbol, order.position_side)
    signed_qty = execution.qty * order.side.sign
    booked = apply_fill(position, signed_qty, execution.px, now_ns)
    fee = account.fees.fee(
        execution.px * execution.qty,
        is_maker=execution.is_maker,
        decimals=state.policy.fee_decimals,
    )
    after = _filled(order, execution, fee, booked)
    record(state, after)
    _report(state, after, execution, fee, booked)
    _settle(state, account, booked, fee)
    if booked.start_position * signed_qty < 0:
        trim_reducing(state, after, now_ns)
    return state.ledger.must_get(order.order_id)


def _filled(order: Order, execution: Execution, fee: Decimal, booked: PositionFill) -> Order:
    filled_qty = order.filled_qty + execution.qty
    is_done = filled_qty >= order.qty
    return msgspec.structs.replace(
        order,
        filled_qty=filled_qty,
        filled_notional=order.filled_notional + execution.px * execution.qty,
        fee=order.fee + fee,
        realized_pnl=order.realized_pnl + booked.realized_pnl,
        status=OrderStatus.FILLED if is_done else OrderStatus.PARTIALLY_FILLED,
        updated_ns=booked.position.updated_ns,
    )


def _report(
    state: VenueState, after: Order, execution: Execution, fee: Decimal, booked: PositionFill
) -> None:
    filled = Filled(
        ts_ns=after.updated_ns,
        account_id=after.account_id,
        exec_id=state.new_exec_id(),
        match_id=execution.trade_id,
        order=after,
        px=execution.px,
        qty=execution.qty,
        is_maker=execution.is_maker,
        fee=fee,
        realized_pnl=booked.realized_pnl,
        start_position=booked.start_position,
        counterparty_order_id=execution.counterparty_order_id,
    )
    state.add_fill(filled)
    state.emit(filled)


def _settle(state: VenueState, account: Account, booked: PositionFill, fee: Decimal) -> None:
    now_ns = booked.position.updated_ns
    change = account.settle(booked, fee)
    state.changed(account)
    position = account.position(booked.position.symbol, booked.position.position_side)
    state.emit(PositionChanged(now_ns, account.account_id, position))
    if change:
        state.emit(BalanceChanged(now_ns, account.account_id, account.wallet_balance, change))
