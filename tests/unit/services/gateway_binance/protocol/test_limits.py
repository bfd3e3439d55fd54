from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from services.gateway_binance.protocol import limits
from services.gateway_binance.protocol.wire import LimitRow, exchange_info
from tandem.domain.ids import ClientOrderId
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderType, TimeInForce
from tandem.gateway.port.requests import (
    AccountQuery,
    BalanceQuery,
    CancelOne,
    FillsQuery,
    OpenOrdersQuery,
    PlaceOrder,
    PositionsQuery,
    Query,
    TimeQuery,
)
from tandem.transport.exchange import RawAnswer, Transport
from tandem.transport.priority import ORDERS, QUERIES, WEIGHT
from tandem.transport.rate_limit import Cost, RateLimit, Usage
from tandem.transport.sharing import Sharing

Payload = Callable[[str], bytes]
SHARED = limits.Pools()
APART = limits.Pools(shared_weight=False)


def test_budgets_keep_to_four_fifths_and_weight_is_shared_between_two_copies() -> None:
    assert limits.rate_limits(limits.DOCUMENTED, SHARED) == (
        RateLimit("weight", 1920 - 844, 60_000, replace(WEIGHT, least=limits.DEAREST), 844),
        RateLimit("queries", 844, 60_000, replace(QUERIES, least=limits.DEAREST)),
        RateLimit("orders-10s", 240, 10_000, ORDERS),
        RateLimit("orders-1m", 960, 60_000, ORDERS),
    )


def test_account_alone_at_its_address_has_all_of_it() -> None:
    alone = limits.Pools(sharing=Sharing(copies=1, percent=100))
    found = {one.pool: one.capacity for one in limits.rate_limits(limits.DOCUMENTED, alone)}
    assert found["weight"] == 2_400


def test_budgets_follow_the_venues_table_and_pass_over_other_kinds(payload: Payload) -> None:
    info = exchange_info.decode(payload("exchange_info"))
    found = {
        limit.pool: limit.capacity
        for limit in limits.rate_limits(limits.readable(info.rate_limits), SHARED)
    }
    assert found == {"weight": 2688, "queries": 2112, "orders-10s": 240, "orders-1m": 960}


@pytest.mark.parametrize("limit", [0, -1, 1, 10**9, 2**70])
def test_e4_limit_that_no_venue_has_leaves_the_documented_budgets(limit: int) -> None:
    row = LimitRow(rate_limit_type="ORDERS", interval="SECOND", interval_num=10, limit=limit)
    assert limits.rate_limits((row,), SHARED) == limits.rate_limits(limits.DOCUMENTED, SHARED)


@pytest.mark.parametrize("text", ["9" * 5_000, "\u0661", "soon", "-1", ""])
def test_e4_usage_that_is_no_number_says_nothing(text: str) -> None:
    answer = RawAnswer(Transport.HTTP, 200, b"{}", 0, (("x-mbx-used-weight-1m", text),))
    assert limits.usage(answer, SHARED) == ()


def test_websocket_weight_may_be_a_budget_of_its_own() -> None:
    found = {one.pool: one for one in limits.rate_limits(limits.DOCUMENTED, APART)}
    assert found["ws-weight"] == RateLimit("ws-weight", 1920, 60_000, WEIGHT)


def test_new_order_counts_as_an_order_and_weighs_nothing(btc: Instrument) -> None:
    order = PlaceOrder(
        instrument=btc,
        client_order_id=ClientOrderId("a"),
        amount=Decimal(1),
        order_type=OrderType.MARKET,
        price=None,
        time_in_force=TimeInForce.IOC,
    )
    assert limits.costs(order, Transport.WEBSOCKET, SHARED) == (
        Cost("orders-10s", 1),
        Cost("orders-1m", 1),
    )


def test_cancel_weighs_and_counts_as_no_order(btc: Instrument) -> None:
    cancel = CancelOne(instrument=btc, client_order_id=ClientOrderId("a"))
    assert limits.costs(cancel, Transport.HTTP, SHARED) == (Cost("weight", 1),)
    assert limits.costs(cancel, Transport.WEBSOCKET, APART) == (Cost("ws-weight", 1),)


@pytest.mark.parametrize(
    ("query", "weight"),
    [
        (OpenOrdersQuery(), 40),
        (PositionsQuery(), 6),
        (BalanceQuery(), 10),
        (AccountQuery(), 5),
        (TimeQuery(), 1),
    ],
)
def test_questions_weigh_as_documented(query: Query, weight: int) -> None:
    costs = (Cost("weight", weight), Cost("queries", weight))
    assert limits.costs(query, Transport.HTTP, APART) == costs


def test_open_orders_weigh_for_each_symbol_until_all_weigh_less(btc: Instrument) -> None:
    weights = [
        limits.costs(OpenOrdersQuery((btc,) * count), Transport.HTTP, SHARED)[0].units
        for count in (1, 39, 40, 90)
    ]
    assert weights == [1, 39, 40, 40]


def test_fills_weigh_for_each_symbol(btc: Instrument) -> None:
    query = FillsQuery((btc, replace(btc, symbol="ETHUSDT")), 0)
    costs = (Cost("weight", 10), Cost("queries", 10))
    assert limits.costs(query, Transport.HTTP, SHARED) == costs


def test_usage_is_read_from_headers() -> None:
    headers = (
        ("content-type", "application/json"),
        ("x-mbx-used-weight-1m", "41"),
        ("x-mbx-order-count-10s", "2"),
        ("x-mbx-order-count-1m", "-1"),
    )
    answer = RawAnswer(Transport.HTTP, 200, b"{}", 0, headers)
    assert limits.usage(answer, SHARED) == (Usage("weight", 41), Usage("orders-10s", 2))


def test_usage_is_read_from_a_frames_block(payload: Payload) -> None:
    answer = RawAnswer(Transport.WEBSOCKET, 200, payload("ws_place_accepted"), 0)
    assert limits.usage(answer, APART) == (
        Usage("orders-10s", 1),
        Usage("orders-1m", 1),
        Usage("ws-weight", 5),
    )


def test_usage_below_zero_says_nothing(payload: Payload) -> None:
    answer = RawAnswer(Transport.WEBSOCKET, 400, payload("ws_cancel_refused"), 0)
    assert limits.usage(answer, SHARED) == ()


def test_unreadable_frame_says_nothing() -> None:
    assert limits.usage(RawAnswer(Transport.WEBSOCKET, 200, b"\xff", 0), SHARED) == ()
