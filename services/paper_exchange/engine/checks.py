"""Whether a new order is acceptable: one rule a function, in the order a venue applies them.

`check_terms` reads only the contract and the mark; `check_order` adds what the account holds.
Rules: Binance docs, common filters and error codes; Hyperliquid docs, error responses.
"""

from decimal import Decimal

from services.paper_exchange.engine.endings import closable_qty
from services.paper_exchange.engine.ledger import is_reducing
from services.paper_exchange.engine.margin import margin_increase, margin_of
from services.paper_exchange.engine.orders import (
    AccountId,
    NewOrder,
    OrderId,
    OrderRefused,
    PositionSide,
    Refusal,
    Side,
    TimeInForce,
)
from services.paper_exchange.engine.state import VenueState
from services.paper_exchange.market.instruments import (
    Contract,
    NotionalExemption,
    PriceBandPolicy,
    ReduceOnlyPolicy,
    px_increment,
)
from services.paper_exchange.market.market import Market
from services.paper_exchange.units import ZERO


def check_terms(state: VenueState, account_id: AccountId, new: NewOrder, now_ns: int) -> None:
    """Refuse what no account could send: increments, bounds, band, notional, expiry."""
    market = state.market(new.symbol)
    if new.px is not None:
        _check_px(market.contract, new.px)
    _check_qty(market.contract, new)
    if new.px is not None:
        _check_band(state, market, new.side, new.px)
    _check_notional(state, account_id, market, new)
    _check_expiry(state, new, now_ns)


def check_order(state: VenueState, account_id: AccountId, new: NewOrder, now_ns: int) -> None:
    """Refuse an order on its terms or on what the account holds."""
    state.account(account_id)
    check_terms(state, account_id, new, now_ns)
    _check_client_id(state, account_id, new.client_id)
    _check_open_count(state, account_id, new.symbol)
    check_holdings(state, account_id, new)


def check_holdings(
    state: VenueState, account_id: AccountId, new: NewOrder, replaced: OrderId | None = None
) -> None:
    """Refuse what the position or the margin does not carry; `replaced` counts no more."""
    _check_reducing(state, account_id, new, replaced)
    _check_margin(state, account_id, new, replaced)


def _check_px(contract: Contract, px: Decimal) -> None:
    if px <= 0 or (contract.min_px and px < contract.min_px):
        raise OrderRefused(Refusal.MIN_PRICE, "px", px, f"at least {contract.min_px}")
    if contract.max_px and px > contract.max_px:
        raise OrderRefused(Refusal.MAX_PRICE, "px", px, f"at most {contract.max_px}")
    step = px_increment(contract, px)
    if px % step:
        raise OrderRefused(Refusal.TICK, "px", px, f"a multiple of {step}")


def _check_qty(contract: Contract, new: NewOrder) -> None:
    most = contract.max_qty
    if new.px is None and contract.market_max_qty:
        most = contract.market_max_qty
    if new.qty <= 0 or new.qty < contract.min_qty:
        raise OrderRefused(Refusal.MIN_QTY, "qty", new.qty, f"at least {contract.min_qty}")
    if most and new.qty > most:
        raise OrderRefused(Refusal.MAX_QTY, "qty", new.qty, f"at most {most}")
    if new.qty % contract.lot:
        raise OrderRefused(Refusal.LOT, "qty", new.qty, f"a multiple of {contract.lot}")


def _check_band(state: VenueState, market: Market, side: Side, px: Decimal) -> None:
    mark_px = market.mark_px()
    if mark_px is None:
        return
    both = state.policy.price_band is PriceBandPolicy.TWO_SIDED
    contract = market.contract
    highest, lowest = mark_px * contract.band_up, mark_px * contract.band_down
    if highest and px > highest and (both or side is Side.BUY):
        raise OrderRefused(Refusal.PRICE_BAND, "px", px, f"at most {highest} by the mark price")
    if lowest and px < lowest and (both or side is Side.SELL):
        raise OrderRefused(Refusal.PRICE_BAND, "px", px, f"at least {lowest} by the mark price")


def _check_notional(
    state: VenueState, account_id: AccountId, market: Market, new: NewOrder
) -> None:
    px = new.px if new.px is not None else market.mark_px()
    if px is None or px * new.qty >= market.contract.min_notional:
        return
    if is_reducing(new) and _is_exempt(state, account_id, new):
        return
    least = market.contract.min_notional
    raise OrderRefused(Refusal.MIN_NOTIONAL, "notional", px * new.qty, f"at least {least}")


def _is_exempt(state: VenueState, account_id: AccountId, new: NewOrder) -> bool:
    if state.policy.notional_exemption is NotionalExemption.FULL_CLOSE:
        held = closable_qty(state.account(account_id), new)
        return ZERO < held <= new.qty
    return state.policy.notional_exemption is NotionalExemption.REDUCE_ONLY


def _check_expiry(state: VenueState, new: NewOrder, now_ns: int) -> None:
    earliest = now_ns + state.policy.gtd_min_ahead_ns
    if new.tif is TimeInForce.GTD and new.expire_at_ns <= earliest:
        raise OrderRefused(
            Refusal.GTD_BOUNDS, "expire_at_ns", new.expire_at_ns, f"after {earliest}"
        )


def _check_client_id(state: VenueState, account_id: AccountId, client_id: str) -> None:
    latest = state.ledger.latest_of_client(account_id, client_id) if client_id else None
    if latest is not None and latest.is_open:
        rule = f"unique among open orders; order {latest.order_id} has it"
        raise OrderRefused(Refusal.DUPLICATE_OPEN_CLIENT_ID, "client_id", client_id, rule)


def _check_open_count(state: VenueState, account_id: AccountId, symbol: str) -> None:
    here, most_here = symbol, state.market(symbol).contract.max_open_orders
    for scope, most in ((here, most_here), (None, state.policy.max_open_orders)):
        if most and len(state.ledger.open_orders(account_id, scope)) >= most:
            raise OrderRefused(
                Refusal.TOO_MANY_OPEN, "open_orders", most, f"at most {most} for {scope or 'all'}"
            )


def _check_reducing(
    state: VenueState, account_id: AccountId, new: NewOrder, replaced: OrderId | None
) -> None:
    if not is_reducing(new):
        return
    closable = closable_qty(state.account(account_id), new)
    if not closable:
        raise OrderRefused(Refusal.REDUCE_ONLY, "side", new.side, "would increase the position")
    if state.policy.reduce_only is ReduceOnlyPolicy.CAP:
        return
    key = (new.symbol, new.position_side)
    resting = (o for o in state.ledger.reducing(account_id, key) if o.order_id != replaced)
    left = closable - sum((order.leaves_qty for order in resting), ZERO)
    if left <= 0:
        rule = f"open orders already cover the position of {closable}"
        raise OrderRefused(Refusal.REDUCE_ONLY_COVERED, "qty", new.qty, rule)
    if new.position_side is not PositionSide.BOTH and new.qty > left:
        raise OrderRefused(Refusal.REDUCE_ONLY, "qty", new.qty, f"at most {left} to close")


def _check_margin(
    state: VenueState, account_id: AccountId, new: NewOrder, replaced: OrderId | None
) -> None:
    if is_reducing(new):
        return
    account = state.account(account_id)
    needed = margin_increase(state, account, new, replaced)
    if needed <= 0:
        return
    available = ZERO if state.denies_margin(account_id) else margin_of(state, account).available
    if needed > available:
        raise OrderRefused(
            Refusal.INSUFFICIENT_MARGIN, "margin", needed, f"at most {available} available"
        )
