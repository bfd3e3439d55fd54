"""What becomes of a new order: refused, or accepted, matched, and rested or ended."""

from decimal import Decimal

import msgspec

from services.paper_exchange.engine.checks import check_order
from services.paper_exchange.engine.endings import closable_qty, end_reducing, expire, trim_reducing
from services.paper_exchange.engine.events import Accepted
from services.paper_exchange.engine.ledger import is_reducing
from services.paper_exchange.engine.orders import (
    AccountId,
    EndReason,
    NewOrder,
    Order,
    OrderRefused,
    OrderStatus,
    Refusal,
    Side,
    StpMode,
    TimeInForce,
)
from services.paper_exchange.engine.state import VenueState
from services.paper_exchange.engine.taking import take
from services.paper_exchange.market.instruments import Contract, ReduceOnlyPolicy, UnmatchedPolicy
from services.paper_exchange.market.market import Market, matchable_qty, reaches
from services.paper_exchange.units import ZERO

IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)


def prepare(state: VenueState, account_id: AccountId, new: NewOrder, now_ns: int) -> NewOrder:
    """Return the order as the venue takes it, or raise the rule that it breaks."""
    check_order(state, account_id, new, now_ns)
    taken = _capped(state, account_id, new)
    _check_matching(state, account_id, taken)
    return taken


def place(state: VenueState, account_id: AccountId, new: NewOrder, now_ns: int) -> Order:
    """Enter an order and match it; return what became of it."""
    taken = prepare(state, account_id, new, now_ns)
    order = new_order(state, account_id, taken, now_ns)
    state.emit(Accepted(now_ns, account_id, order))
    market = state.market(order.symbol)
    order = take(state, order, limit_px(market, taken.side, taken.px), now_ns)
    return settle_remainder(state, order, now_ns)


def new_order(
    state: VenueState,
    account_id: AccountId,
    new: NewOrder,
    now_ns: int,
    refusal: Refusal | None = None,
) -> Order:
    """Give an order its id and record it, refused or new."""
    order = Order(
        order_id=state.new_order_id(),
        account_id=account_id,
        client_id=new.client_id,
        symbol=new.symbol,
        side=new.side,
        px=new.px,
        qty=new.qty,
        tif=new.tif,
        position_side=new.position_side,
        reduce_only=new.reduce_only,
        stp=new.stp,
        expire_at_ns=new.expire_at_ns,
        label=new.label,
        created_ns=now_ns,
        updated_ns=now_ns,
        status=OrderStatus.NEW if refusal is None else OrderStatus.REJECTED,
        refusal=refusal,
    )
    state.put(order)
    return order


def settle_remainder(state: VenueState, order: Order, now_ns: int) -> Order:
    """Rest what did not match, or end it where the order must not rest."""
    if not order.is_open:
        return order
    if is_reducing(order) and not closable_qty(state.account(order.account_id), order):
        return end_reducing(state, order, now_ns)
    if order.px is None:
        return expire(state, order, EndReason.MARKET_REMAINDER, now_ns)
    if order.tif in IMMEDIATE:
        return expire(state, order, EndReason.IOC_REMAINDER, now_ns)
    state.market(order.symbol).rest(order, order.px)
    if is_reducing(order):
        trim_reducing(state, order, now_ns)
    return order


def limit_px(market: Market, side: Side, px: Decimal | None) -> Decimal | None:
    """How far an order may trade: its price, or a market order's bound; None is no limit."""
    mark_px = market.mark_px()
    if px is not None or mark_px is None:
        return px
    return worst_allowed(market.contract, side, mark_px)


def worst_allowed(contract: Contract, side: Side, mark_px: Decimal) -> Decimal | None:
    """The price beyond which a market order does not trade; None when the venue has no bound."""
    if not contract.market_take_bound:
        return None
    return mark_px * (1 + side.sign * contract.market_take_bound)


def would_cross(market: Market, side: Side, px: Decimal | None) -> bool:
    """Whether an order with this limit would trade at once."""
    best = market.best_px(side.opposite)
    return best is not None and reaches(side, px, best)


def _capped(state: VenueState, account_id: AccountId, new: NewOrder) -> NewOrder:
    """Where the venue caps, an order that only reduces is no larger than its position."""
    if not is_reducing(new) or state.policy.reduce_only is not ReduceOnlyPolicy.CAP:
        return new
    closable = closable_qty(state.account(account_id), new)
    return msgspec.structs.replace(new, qty=min(new.qty, closable))


def _check_matching(state: VenueState, account_id: AccountId, new: NewOrder) -> None:
    """Refuse by what the book would do with the order."""
    market = state.market(new.symbol)
    limit = limit_px(market, new.side, new.px)
    if new.tif is TimeInForce.POST_ONLY and would_cross(market, new.side, limit):
        best = market.best_px(new.side.opposite)
        raise OrderRefused(Refusal.WOULD_CROSS, "px", new.px, f"must not trade at {best}")
    if new.tif is TimeInForce.FOK and not _is_fillable(state, account_id, market, new):
        raise OrderRefused(Refusal.FOK_UNFILLABLE, "qty", new.qty, "must fill at once")
    if state.policy.unmatched is UnmatchedPolicy.REFUSE:
        _check_matched(market, new, limit)


def _check_matched(market: Market, new: NewOrder, limit: Decimal | None) -> None:
    if would_cross(market, new.side, limit):
        return
    if new.px is None:
        raise OrderRefused(Refusal.NO_LIQUIDITY, "symbol", new.symbol, "has nothing to trade with")
    if new.tif is TimeInForce.IOC:
        raise OrderRefused(Refusal.IOC_NO_MATCH, "px", new.px, "must match at once")


def _is_fillable(state: VenueState, account_id: AccountId, market: Market, new: NewOrder) -> bool:
    limit = limit_px(market, new.side, new.px)
    available = matchable_qty(market, new.side, limit)
    if new.stp is not StpMode.NONE:
        available -= _own_qty(state, account_id, new, limit)
    if is_reducing(new):
        available = min(available, closable_qty(state.account(account_id), new))
    return new.qty <= available


def _own_qty(
    state: VenueState, account_id: AccountId, new: NewOrder, limit: Decimal | None
) -> Decimal:
    """What of the matchable quantity is the account's own."""
    return sum(
        (
            order.leaves_qty
            for order in state.ledger.open_orders(account_id, new.symbol)
            if order.side is not new.side
            and order.px is not None
            and reaches(new.side, limit, order.px)
        ),
        ZERO,
    )
