"""From engine events to user stream events, in the order in which the venue tells them.

For one fill: TRADE_LITE, ACCOUNT_UPDATE, ORDER_TRADE_UPDATE, as observed in production
(node-binance-api #948, Binance.Net #546); a forced one has the execution type CALCULATED and no
TRADE_LITE (Binance docs, order update; whether production sends one is unknown).
Events are made lazily, so that the first one can be written before the second is built.
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from services.paper_binance.exchange.venue import Venue
from services.paper_binance.wire.numbers import ms
from services.paper_binance.wire.user_payloads import (
    AccountUpdate,
    Execution,
    Holding,
    OpenNotional,
    OrderTradeUpdate,
    UserEvent,
    account_update,
    order_update,
    trade_lite,
)
from services.paper_binance.wire.vocabulary import is_forced
from services.paper_exchange.engine.accounts import Position
from services.paper_exchange.engine.events import (
    Accepted,
    Amended,
    BalanceChanged,
    Cancelled,
    Event,
    Expired,
    Filled,
    PositionChanged,
)
from services.paper_exchange.engine.orders import AccountId, ExecId, Order, Side
from services.paper_exchange.units import ZERO


class UserNews(msgspec.Struct, frozen=True):
    """One event for one account; `exec_id` is set when it tells of a fill."""

    account_id: AccountId
    event: UserEvent
    exec_id: ExecId | None = None


class Aftermath(msgspec.Struct, frozen=True):
    """What a fill left behind: the position and the wallet."""

    position: Position
    wallet: Decimal


def user_news(venue: Venue, events: list[Event], now_ns: int, modify_id: str) -> Iterator[UserNews]:
    """Tell each account what happened to its orders, fills, balances and positions."""
    for index, event in enumerate(events):
        match event:
            case Filled():
                aftermath = _aftermath(venue, events, index)
                yield from _fill_news(venue, event, aftermath, now_ns)
            case Accepted(order=order):
                yield _order_news(venue, order, Execution(word="NEW"), now_ns)
            case Cancelled(order=order):
                yield _order_news(venue, order, Execution(word="CANCELED"), now_ns)
            case Expired(order=order):
                yield _order_news(venue, order, Execution(word="EXPIRED"), now_ns)
            case Amended(order=order):
                execution = Execution(word="AMENDMENT", modify_id=modify_id or None)
                yield _order_news(venue, order, execution, now_ns)
            case _:
                continue


def _fill_news(venue: Venue, fill: Filled, aftermath: Aftermath, now_ns: int) -> Iterator[UserNews]:
    order, exec_id = fill.order, fill.exec_id
    contract = venue.contract(order.symbol)
    if not is_forced(order):
        yield UserNews(order.account_id, trade_lite(fill, contract, ms(now_ns)), exec_id)
    yield UserNews(order.account_id, _account_news(venue, fill, aftermath, now_ns), exec_id)
    execution = Execution(word="CALCULATED" if is_forced(order) else "TRADE", fill=fill)
    news = _order_news(venue, order, execution, now_ns)
    yield UserNews(order.account_id, news.event, exec_id)


def _order_news(venue: Venue, order: Order, execution: Execution, now_ns: int) -> UserNews:
    contract = venue.contract(order.symbol)
    notional = _open_notional(venue, order.account_id, order.symbol)
    update: OrderTradeUpdate = order_update(order, contract, execution, notional, ms(now_ns))
    return UserNews(order.account_id, update)


def _account_news(venue: Venue, fill: Filled, aftermath: Aftermath, now_ns: int) -> AccountUpdate:
    contract = venue.contract(fill.order.symbol)
    holding = Holding(
        position=aftermath.position,
        mark_px=venue.engine.mark_px(contract.symbol) or fill.px,
        margin_mode=venue.engine.settings(fill.account_id, contract.symbol).margin_mode,
    )
    return account_update(aftermath.wallet, (holding,), contract, (ms(now_ns), ms(fill.ts_ns)))


def _aftermath(venue: Venue, events: list[Event], index: int) -> Aftermath:
    """Return position and wallet right after a fill, as the engine reports them."""
    changed = next(event for event in events[index:] if isinstance(event, PositionChanged))
    return Aftermath(changed.position, _wallet_after(venue, changed.account_id, events, index))


def _wallet_after(venue: Venue, account_id: AccountId, events: list[Event], index: int) -> Decimal:
    """Return the wallet right after a fill; a free fill without profit reports no change."""
    for offset, event in enumerate(events[index + 2 :]):
        if isinstance(event, BalanceChanged) and event.account_id == account_id:
            return event.wallet_balance if offset == 0 else event.wallet_balance - event.change
    return venue.engine.account(account_id).wallet_balance


def _open_notional(venue: Venue, account_id: AccountId, symbol: str) -> OpenNotional:
    bids: Decimal = ZERO
    asks: Decimal = ZERO
    for order in venue.engine.open_orders(account_id, symbol):
        value = (order.px or ZERO) * order.leaves_qty
        if order.side is Side.BUY:
            bids += value
        else:
            asks += value
    return OpenNotional(bids, asks)
