"""What an account may ask about its orders and trades."""

from itertools import islice

import msgspec

from services.paper_binance.exchange.trading import find_order
from services.paper_binance.exchange.venue import Call, Venue
from services.paper_binance.wire.errors import Code, VenueError
from services.paper_binance.wire.numbers import ms
from services.paper_binance.wire.order_params import decode_contract
from services.paper_binance.wire.order_payloads import (
    OrderPayload,
    TradePayload,
    historic,
    queried,
    trade,
)
from services.paper_exchange.engine.orders import Order

DAY_MS = 86_400_000
TRADES_WINDOW_MS = 7 * DAY_MS
UNFILLED_KEPT_MS = 3 * DAY_MS
KEPT_MS = 90 * DAY_MS
TRADES_KEPT_MS = 90 * DAY_MS
DEFAULT_LIMIT = 500
MAX_LIMIT = 1_000


class Span(msgspec.Struct, frozen=True):
    """A time span, both ends included."""

    start_ms: int
    end_ms: int

    def holds(self, time_ms: int) -> bool:
        return self.start_ms <= time_ms <= self.end_ms


def query_order(venue: Venue, call: Call) -> OrderPayload:
    """Return an order by either id, unless it is gone from the records."""
    order = find_order(venue, call, Code.NO_SUCH_ORDER)
    if _is_purged(order, call.now_ms) or _is_hidden(venue, order, call.now_ms):
        raise VenueError(Code.NO_SUCH_ORDER)
    return queried(order, venue.contract(order.symbol))


def query_open_order(venue: Venue, call: Call) -> OrderPayload:
    """Return an order that is still open."""
    order = find_order(venue, call, Code.NO_SUCH_ORDER)
    if not order.is_open or _is_hidden(venue, order, call.now_ms):
        raise VenueError(Code.NO_SUCH_ORDER)
    return queried(order, venue.contract(order.symbol))


def open_orders(venue: Venue, call: Call) -> list[OrderPayload]:
    symbol = decode_contract(call.params, venue.contracts).symbol if _names_one(call) else None
    orders = venue.engine.open_orders(call.account_id, symbol)
    return [queried(order, venue.contract(order.symbol)) for order in orders]


def all_orders(venue: Venue, call: Call) -> list[OrderPayload]:
    """Return the newest orders of the span, oldest first."""
    symbol = decode_contract(call.params, venue.contracts).symbol if _names_one(call) else None
    from_id = call.params.optional_integer("orderId") or 0
    span = _span(call, 0)
    rows = [
        order
        for order in venue.engine.orders(call.account_id)
        if order.order_id >= from_id
        and symbol in {None, order.symbol}
        and span.holds(ms(order.created_ns))
        and not _is_purged(order, call.now_ms)
    ]
    limit = _limit(call)
    newest = rows[:limit] if from_id else rows[-limit:]
    return [historic(order, venue.contract(order.symbol)) for order in newest]


def user_trades(venue: Venue, call: Call) -> list[TradePayload]:
    """Return the oldest trades of the span, or those from an id on, which goes with no span."""
    contract = decode_contract(call.params, venue.contracts)
    from_id = call.params.optional_integer("fromId")
    if from_id is not None and (call.params.has("startTime") or call.params.has("endTime")):
        raise VenueError(Code.OPTIONAL_PARAMS_BAD_COMBO)
    span = Span(0, call.now_ms) if from_id is not None else _trades_span(call)
    order_id = call.params.optional_integer("orderId")
    fills = (
        fill
        for fill in venue.engine.fills(call.account_id)
        if fill.order.symbol == contract.symbol
        and fill.exec_id >= (from_id or 0)
        and order_id in {None, fill.order.order_id}
        and span.holds(ms(fill.ts_ns))
        and ms(fill.ts_ns) > call.now_ms - TRADES_KEPT_MS
    )
    return [trade(fill, contract) for fill in islice(fills, _limit(call))]


def _names_one(call: Call) -> bool:
    return call.params.has("symbol")


def _limit(call: Call) -> int:
    limit = call.params.optional_integer("limit")
    if limit is None:
        return DEFAULT_LIMIT
    if not 0 < limit <= MAX_LIMIT:
        raise VenueError(Code.INVALID_PARAMETER, "limit")
    return limit


def _span(call: Call, default_start_ms: int) -> Span:
    start_ms = call.params.optional_integer("startTime")
    end_ms = call.params.optional_integer("endTime")
    end_ms = call.now_ms if end_ms is None else end_ms
    return Span(default_start_ms if start_ms is None else start_ms, end_ms)


def _trades_span(call: Call) -> Span:
    end_ms = call.params.optional_integer("endTime") or call.now_ms
    span = _span(call, end_ms - TRADES_WINDOW_MS)
    if call.params.has("startTime") and not call.params.has("endTime"):
        span = Span(span.start_ms, span.start_ms + TRADES_WINDOW_MS)
    if span.end_ms - span.start_ms > TRADES_WINDOW_MS:
        raise VenueError(Code.TIME_INTERVAL, TRADES_WINDOW_MS // DAY_MS)
    return span


def _is_hidden(venue: Venue, order: Order, now_ms: int) -> bool:
    """Whether a lagging replica would not know the order yet."""
    return venue.faults.hides(order.order_id, now_ms - ms(order.created_ns))


def _is_purged(order: Order, now_ms: int) -> bool:
    """Whether the venue has dropped the order (Binance docs, Query Order)."""
    if order.is_open:
        return False
    age_ms = now_ms - ms(order.created_ns)
    return age_ms > KEPT_MS or (not order.filled_qty and age_ms > UNFILLED_KEPT_MS)
