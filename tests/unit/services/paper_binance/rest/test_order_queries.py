import pytest

from services.paper_binance.exchange.venue import Venue
from tests.unit.services.paper_binance.pure_venue import (
    LIMIT,
    MARKET,
    NOW_MS,
    refused,
    send,
    send_at,
    venue_with_books,
)


@pytest.fixture
def venue() -> Venue:
    return venue_with_books()


def test_query_finds_an_order_until_it_is_purged(venue: Venue) -> None:
    _, placed = send(venue, "POST", "order", **LIMIT)
    by_id = {"symbol": "SOLUSDT", "orderId": str(placed["orderId"])}
    send(venue, "DELETE", "order", **by_id)
    three_days_ms = 3 * 86_400_000

    kept, _ = send_at(venue, NOW_MS + three_days_ms, "GET", "order", **by_id)
    gone, body = send_at(venue, NOW_MS + three_days_ms + 1, "GET", "order", **by_id)

    assert (kept, gone, body["code"]) == (200, 400, -2013)


def test_open_order_is_gone_once_it_has_ended(venue: Venue) -> None:
    _, placed = send(venue, "POST", "order", **LIMIT)
    by_id = {"symbol": "SOLUSDT", "orderId": str(placed["orderId"])}
    found, _ = send(venue, "GET", "openOrder", **by_id)
    send(venue, "DELETE", "allOpenOrders", symbol="SOLUSDT")

    assert (found, refused(venue, "GET", "openOrder", **by_id)) == (200, -2013)


def test_all_orders_gives_the_newest_and_user_trades_the_oldest(venue: Venue) -> None:
    ids = [send(venue, "POST", "order", **MARKET)[1]["orderId"] for _ in range(3)]

    _, orders = send(venue, "GET", "allOrders", symbol="SOLUSDT", limit="2")
    _, trades = send(venue, "GET", "userTrades", symbol="SOLUSDT", limit="2")

    assert [order["orderId"] for order in orders] == ids[1:]
    assert [trade["orderId"] for trade in trades] == ids[:2]


def test_user_trades_page_by_id_and_refuse_long_spans(venue: Venue) -> None:
    for _ in range(3):
        send(venue, "POST", "order", **MARKET)
    _, trades = send(venue, "GET", "userTrades", symbol="SOLUSDT")

    _, later = send(venue, "GET", "userTrades", symbol="SOLUSDT", fromId=str(trades[1]["id"]))
    week = {"startTime": "0", "endTime": str(8 * 86_400_000)}

    assert later == trades[1:]
    assert refused(venue, "GET", "userTrades", symbol="SOLUSDT", **week) == -4165


@pytest.mark.parametrize("time", ["startTime", "endTime"])
def test_user_trades_take_an_id_or_a_span_and_not_both(venue: Venue, time: str) -> None:
    asked = {"symbol": "SOLUSDT", "fromId": "1", time: str(NOW_MS)}

    assert refused(venue, "GET", "userTrades", **asked) == -1128


def test_open_orders_come_for_one_symbol_or_for_all(venue: Venue) -> None:
    send(venue, "POST", "order", **LIMIT)
    btc = {"symbol": "BTCUSDT", "quantity": "0.01", "price": "63000"}
    send(venue, "POST", "order", **{**LIMIT, **btc})

    _, every = send(venue, "GET", "openOrders")
    _, one = send(venue, "GET", "openOrders", symbol="BTCUSDT")

    assert [row["symbol"] for row in every] == ["SOLUSDT", "BTCUSDT"]
    assert one == every[1:]


def test_filled_and_open_orders_outlive_unfilled_ones(venue: Venue) -> None:
    send(venue, "POST", "order", **MARKET)
    send(venue, "POST", "order", **LIMIT)
    later_ms = NOW_MS + 4 * 86_400_000

    _, orders = send_at(venue, later_ms, "GET", "allOrders", symbol="SOLUSDT")

    assert [row["status"] for row in orders] == ["FILLED", "NEW"]


def test_all_orders_from_an_id_gives_the_oldest(venue: Venue) -> None:
    ids = [send(venue, "POST", "order", **MARKET)[1]["orderId"] for _ in range(3)]

    _, orders = send(venue, "GET", "allOrders", orderId=str(ids[1]), limit="1")

    assert [(row["orderId"], row["pair"]) for row in orders] == [(ids[1], "SOLUSDT")]


def test_trades_of_a_span_or_of_an_order(venue: Venue) -> None:
    first = send(venue, "POST", "order", **MARKET)[1]["orderId"]
    send_at(venue, NOW_MS + 1_000, "POST", "order", **MARKET)

    _, since = send_at(
        venue, NOW_MS + 2_000, "GET", "userTrades", symbol="SOLUSDT", startTime=str(NOW_MS + 500)
    )
    _, ordered = send(venue, "GET", "userTrades", symbol="SOLUSDT", orderId=str(first))

    assert [row["time"] for row in since] == [NOW_MS + 1_000]
    assert [row["orderId"] for row in ordered] == [first]


def test_d7_trades_are_kept_for_three_months(venue: Venue) -> None:
    send(venue, "POST", "order", **MARKET)
    span = {"symbol": "SOLUSDT", "startTime": str(NOW_MS), "endTime": str(NOW_MS + 1)}
    days_ms = 90 * 86_400_000

    _, kept = send_at(venue, NOW_MS + days_ms - 1, "GET", "userTrades", **span)
    _, gone = send_at(venue, NOW_MS + days_ms, "GET", "userTrades", **span)

    assert (len(kept), gone) == (1, [])


@pytest.mark.parametrize("limit", ["0", "1001"])
def test_limit_out_of_bounds_is_refused(venue: Venue, limit: str) -> None:
    assert refused(venue, "GET", "userTrades", symbol="SOLUSDT", limit=limit) == -1130
