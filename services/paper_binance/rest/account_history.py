"""What an account may ask about its past: income, forced orders, and orders that cannot exist here.

Conditional orders are not taken (the order endpoint answers -4120), so their lists are empty and
cancelling all of them is done at once.
"""

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from itertools import islice

import msgspec
from msgspec import field

from services.paper_binance.exchange.trading import CANCELLED_ALL, DONE_CODE, Done
from services.paper_binance.exchange.venue import Call, Venue
from services.paper_binance.rest.order_queries import DAY_MS, Span
from services.paper_binance.wire.errors import Code, VenueError
from services.paper_binance.wire.numbers import fixed, money, ms
from services.paper_binance.wire.order_params import decode_contract
from services.paper_binance.wire.order_payloads import NO_STOP, WORKING_TYPE, average
from services.paper_binance.wire.params import Params
from services.paper_binance.wire.vocabulary import (
    ADL_CLIENT_ID,
    LIQUIDATION_PREFIX,
    OrderType,
    note_of,
    status_of,
)
from services.paper_exchange.engine.events import Filled
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.units import ZERO

INCOME_WINDOW_MS = 7 * DAY_MS
INCOME_LIMIT, INCOME_LIMIT_MAX = 100, 1_000
FORCED_LIMIT, FORCED_LIMIT_MAX = 50, 100


class IncomeType(StrEnum):
    """The kinds of income that there are here; of any other kind there is none."""

    REALIZED_PNL = "REALIZED_PNL"
    COMMISSION = "COMMISSION"


class ForcedType(StrEnum):
    """Why the venue closed a position."""

    LIQUIDATION = "LIQUIDATION"
    ADL = "ADL"


class IncomePayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One change of the wallet."""

    symbol: str
    income_type: str
    income: str
    asset: str
    info: str
    time: int
    tran_id: int
    trade_id: str


class ForcedPayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An order that the venue made for the account."""

    order_id: int
    symbol: str
    pair: str
    status: str
    client_order_id: str
    price: str
    avg_price: str
    orig_qty: str
    executed_qty: str
    cum_quote: str
    time_in_force: str
    type: str
    reduce_only: bool
    close_position: bool
    side: str
    position_side: str
    stop_price: str
    working_type: str
    orig_type: str
    time: int
    update_time: int


class Quantiles(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Places in the queue for deleveraging; a position is the last of one side here."""

    long: int = field(name="LONG")
    short: int = field(name="SHORT")
    both: int | None = field(name="BOTH", default=None)
    hedge: int | None = field(name="HEDGE", default=None)


class QuantilePayload(msgspec.Struct, frozen=True, rename="camel"):
    """One symbol's places in the queue."""

    symbol: str
    adl_quantile: Quantiles


def income(venue: Venue, call: Call) -> list[IncomePayload]:
    """Return realised profits and commissions of the span, oldest first."""
    symbol = _optional_symbol(venue, call)
    wanted = call.params.optional("incomeType")
    limit = _limit(call.params, INCOME_LIMIT, INCOME_LIMIT_MAX)
    page = call.params.optional_integer("page") or 1
    if page < 1:
        raise VenueError(Code.INVALID_PARAMETER, "page")
    span = _income_span(call)
    rows = (
        row
        for fill in venue.engine.fills(call.account_id)
        if symbol in {None, fill.order.symbol} and span.holds(ms(fill.ts_ns))
        for row in _incomes(venue, fill)
        if wanted in {None, row.income_type}
    )
    return list(islice(rows, (page - 1) * limit, page * limit))


def _income_span(call: Call) -> Span:
    start_ms = call.params.optional_integer("startTime")
    end_ms = call.params.optional_integer("endTime") or call.now_ms
    return Span(end_ms - INCOME_WINDOW_MS if start_ms is None else start_ms, end_ms)


def _incomes(venue: Venue, fill: Filled) -> Iterator[IncomePayload]:
    if fill.realized_pnl:
        yield _income(venue, fill, IncomeType.REALIZED_PNL, fill.realized_pnl)
    if fill.fee:
        yield _income(venue, fill, IncomeType.COMMISSION, -fill.fee)


def _income(venue: Venue, fill: Filled, kind: IncomeType, amount: Decimal) -> IncomePayload:
    return IncomePayload(
        symbol=fill.order.symbol,
        income_type=kind.value,
        income=money(amount),
        asset=venue.contract(fill.order.symbol).quote,
        info=kind.value,
        time=ms(fill.ts_ns),
        tran_id=fill.exec_id,
        trade_id=str(fill.exec_id),
    )


def force_orders(venue: Venue, call: Call) -> list[ForcedPayload]:
    """Return the newest liquidations and deleveragings, oldest first."""
    symbol = _optional_symbol(venue, call)
    wanted = call.params.choice("autoCloseType", ForcedType, Code.INVALID_PARAMETER)
    kinds = frozenset(ForcedType) if wanted is None else {wanted}
    start_ms = call.params.optional_integer("startTime") or 0
    end_ms = call.params.optional_integer("endTime")
    span = Span(start_ms, call.now_ms if end_ms is None else end_ms)
    rows = [
        order
        for order in venue.engine.orders(call.account_id)
        if _forced_type(order) in kinds
        and symbol in {None, order.symbol}
        and span.holds(ms(order.created_ns))
    ]
    newest = rows[-_limit(call.params, FORCED_LIMIT, FORCED_LIMIT_MAX) :]
    return [_forced(venue, order) for order in newest]


def _forced_type(order: Order) -> ForcedType | None:
    """Return why the venue made the order; None when it did not."""
    if order.client_id.startswith(LIQUIDATION_PREFIX):
        return ForcedType.LIQUIDATION
    return ForcedType.ADL if order.client_id.startswith(ADL_CLIENT_ID) else None


def _forced(venue: Venue, order: Order) -> ForcedPayload:
    contract = venue.contract(order.symbol)
    return ForcedPayload(
        order_id=order.order_id,
        symbol=order.symbol,
        pair=order.symbol,
        status=status_of(order),
        client_order_id=order.client_id,
        price=fixed(order.px or order.avg_px, contract.price_decimals),
        avg_price=average(order, contract),
        orig_qty=fixed(order.qty, contract.qty_decimals),
        executed_qty=fixed(order.filled_qty, contract.qty_decimals),
        cum_quote=money(order.filled_notional),
        time_in_force=note_of(order).tif.value,
        type=OrderType.LIMIT.value,
        reduce_only=order.reduce_only,
        close_position=False,
        side=order.side.value,
        position_side=order.position_side.value,
        stop_price=NO_STOP,
        working_type=WORKING_TYPE,
        orig_type=OrderType.LIMIT.value,
        time=ms(order.created_ns),
        update_time=ms(order.updated_ns),
    )


def adl_quantiles(venue: Venue, call: Call) -> list[QuantilePayload]:
    """Return 1 for every position that is held and 0 for the others."""
    asked = _optional_symbol(venue, call)
    symbols = list(venue.contracts) if asked is None else [asked]
    return [QuantilePayload(symbol, _quantiles(venue, call, symbol)) for symbol in symbols]


def _quantiles(venue: Venue, call: Call, symbol: str) -> Quantiles:
    amounts = [p.amount for p in venue.engine.account(call.account_id).positions_of(symbol)]
    if call.account_id not in venue.dual_side:
        return Quantiles(long=0, short=0, both=int(any(amounts)))
    is_long, is_short = (any(a > ZERO for a in amounts), any(a < ZERO for a in amounts))
    return Quantiles(long=int(is_long), short=int(is_short), hedge=0)


def algo_orders(venue: Venue, call: Call) -> tuple[()]:
    """Return the account's conditional orders."""
    _optional_symbol(venue, call)
    return ()


def cancel_algo_orders(venue: Venue, call: Call) -> Done:
    """Take off all conditional orders of a symbol."""
    decode_contract(call.params, venue.contracts)
    return Done(DONE_CODE, CANCELLED_ALL)


def _optional_symbol(venue: Venue, call: Call) -> str | None:
    if not call.params.has("symbol"):
        return None
    return decode_contract(call.params, venue.contracts).symbol


def _limit(params: Params, usual: int, most: int) -> int:
    limit = params.optional_integer("limit")
    if limit is None:
        return usual
    if not 0 < limit <= most:
        raise VenueError(Code.INVALID_PARAMETER, "limit")
    return limit
