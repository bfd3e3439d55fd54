"""What the venue allows an account, and what it says is used: numbers from its own table.

1. We keep to a part of what is allowed, and share the weight, which the venue counts by address,
   with the other copies at it (Binance docs, general info, LIMITS; orders count by account, and
   one copy sends them).
2. Usage comes from the headers of REST and the `rateLimits` block of the WebSocket API; a value
   below 0 says nothing.
"""

import contextlib
from dataclasses import dataclass, field

import msgspec

from services.gateway_binance.protocol.requests import OPEN_ORDERS_WEIGHT, open_orders_params
from services.gateway_binance.protocol.wire import LimitRow, limit_row
from tandem.gateway.port.decoding import UnreadableError, decode, whole_number
from tandem.gateway.port.requests import (
    AccountQuery,
    BalanceQuery,
    CancelOne,
    FillsQuery,
    OpenOrdersQuery,
    OrderRequest,
    PlaceOrder,
    PositionsQuery,
    Query,
    RecentOrdersQuery,
)
from tandem.transport.exchange import RawAnswer, Transport
from tandem.transport.priority import WEIGHT as EVERYTHING
from tandem.transport.priority import Priority
from tandem.transport.rate_limit import Cost, RateLimit, Usage
from tandem.transport.sharing import QUERIES_POOL, Sharing

WEIGHT = "weight"
WS_WEIGHT = "ws-weight"
ORDERS_10S = "orders-10s"
ORDERS_1M = "orders-1m"

POOLS: dict[tuple[str, str, int], str] = {
    ("REQUEST_WEIGHT", "MINUTE", 1): WEIGHT,
    ("ORDERS", "SECOND", 10): ORDERS_10S,
    ("ORDERS", "MINUTE", 1): ORDERS_1M,
}
PERIOD_MS: dict[str, int] = {"SECOND": 1_000, "MINUTE": 60_000, "HOUR": 3_600_000}

# Used until the venue's own table was read (Binance docs, general info, LIMITS).
DOCUMENTED = (
    LimitRow(rate_limit_type="REQUEST_WEIGHT", interval="MINUTE", interval_num=1, limit=2_400),
    LimitRow(rate_limit_type="ORDERS", interval="SECOND", interval_num=10, limit=300),
    LimitRow(rate_limit_type="ORDERS", interval="MINUTE", interval_num=1, limit=1_200),
)

HEADERS: dict[str, str] = {
    "x-mbx-used-weight-1m": WEIGHT,
    "x-mbx-order-count-10s": ORDERS_10S,
    "x-mbx-order-count-1m": ORDERS_1M,
}

# A venue's limits lie between these by far: what is outside was not meant.
LEAST_LIMIT, MOST_LIMIT = 50, 1_000_000

# Weights per request (Binance docs, each endpoint's page).
LIST_WEIGHT = 5
SINGLE_WEIGHT = 1
# What an account's type (upkeep) and all open orders (a question) weigh.
DEAREST = {Priority.UPKEEP: LIST_WEIGHT, Priority.QUESTION: OPEN_ORDERS_WEIGHT}


@dataclass(frozen=True, slots=True)
class Pools:
    """Whose budgets these are.

    `shared_weight`: whether the WebSocket API draws on the REST weight; sources differ.
    """

    shared_weight: bool = True
    sharing: Sharing = field(default_factory=Sharing)

    def weight(self, transport: Transport) -> str:
        apart = transport is Transport.WEBSOCKET and not self.shared_weight
        return WS_WEIGHT if apart else WEIGHT


def readable(told: tuple[msgspec.Raw, ...]) -> tuple[LimitRow, ...]:
    """Return the limits that can be read: an odd one takes no other with it."""
    rows = []
    for raw in told:
        with contextlib.suppress(UnreadableError):
            rows.append(decode(limit_row, bytes(raw)))
    return tuple(rows)


def rate_limits(rows: tuple[LimitRow, ...], pools: Pools) -> tuple[RateLimit, ...]:
    """Return our budgets from the venue's limits; unknown kinds of limits are not ours."""
    told = {_pool(row): row for row in rows if _is_meant(row)}
    # A table that does not say what a budget is, or says nothing or without bound, takes none away.
    limits = [told.get(_pool(usual), usual) for usual in DOCUMENTED]
    return tuple(limit for row in limits for limit in _rate_limits(row, pools))


def _is_meant(row: LimitRow) -> bool:
    return LEAST_LIMIT <= row.limit <= MOST_LIMIT


def _rate_limits(row: LimitRow, pools: Pools) -> tuple[RateLimit, ...]:
    pool = _pool(row)
    if pool is None:
        return ()
    period_ms = PERIOD_MS[row.interval] * row.interval_num
    capacity = pools.sharing.capacity(row.limit)
    if pool != WEIGHT:
        return (RateLimit(pool, capacity, period_ms),)
    shared = pools.sharing.weight(pool, row.limit, period_ms, DEAREST)
    if pools.shared_weight:
        return shared
    # Over the socket nothing is asked: the one who sends has all of it.
    return (*shared, RateLimit(WS_WEIGHT, capacity, period_ms, EVERYTHING))


def _pool(row: LimitRow) -> str | None:
    return POOLS.get((row.rate_limit_type, row.interval, row.interval_num))


def costs(request: OrderRequest | Query, transport: Transport, pools: Pools) -> tuple[Cost, ...]:
    """Return what a request takes: a new order counts as an order, the rest as weight."""
    if isinstance(request, PlaceOrder | CancelOne):
        return order_costs(type(request), transport, pools)
    units = _weight(request)
    return (Cost(pools.weight(transport), units), Cost(QUERIES_POOL, units))


def order_costs(kind: type[OrderRequest], transport: Transport, pools: Pools) -> tuple[Cost, ...]:
    if kind is PlaceOrder:
        return (Cost(ORDERS_10S, 1), Cost(ORDERS_1M, 1))
    return (Cost(pools.weight(transport), SINGLE_WEIGHT),)


def _weight(request: Query) -> int:
    match request:
        case OpenOrdersQuery():
            listings = open_orders_params(request)
            return len(listings) if listings[0] else OPEN_ORDERS_WEIGHT
        case FillsQuery() | RecentOrdersQuery():
            return LIST_WEIGHT * len(request.instruments)
        case PositionsQuery():
            return LIST_WEIGHT + SINGLE_WEIGHT
        case BalanceQuery():
            return LIST_WEIGHT + LIST_WEIGHT
        case AccountQuery():
            return LIST_WEIGHT
        case _:
            return SINGLE_WEIGHT


class _LimitsBlock(msgspec.Struct, frozen=True, rename="camel"):
    rate_limits: tuple[LimitRow, ...] = ()


_limits_block = msgspec.json.Decoder(_LimitsBlock)


def usage(answer: RawAnswer, pools: Pools) -> tuple[Usage, ...]:
    """Return what an answer says is used of our budgets; nothing when it does not say."""
    if answer.transport is Transport.HTTP:
        return _usage_of_headers(answer)
    try:
        block = decode(_limits_block, answer.body)
    except UnreadableError:
        return ()
    return _usage_of_rows(block.rate_limits, pools)


def _usage_of_rows(rows: tuple[LimitRow, ...], pools: Pools) -> tuple[Usage, ...]:
    found = []
    for row in rows:
        pool = _pool(row)
        if pool is not None and row.count is not None and row.count >= 0:
            name = pools.weight(Transport.WEBSOCKET) if pool == WEIGHT else pool
            found.append(Usage(name, row.count))
    return tuple(found)


def _usage_of_headers(answer: RawAnswer) -> tuple[Usage, ...]:
    found = []
    for name, text in answer.headers:
        pool = HEADERS.get(name)
        used = whole_number(text)
        if pool is not None and used is not None:
            found.append(Usage(pool, used))
    return tuple(found)
