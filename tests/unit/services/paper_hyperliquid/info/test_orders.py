from decimal import Decimal

from services.paper_exchange.engine.orders import Side
from tests.unit.services.paper_hyperliquid.floor import (
    CLOID,
    OTHER_KEY,
    Floor,
    address_of,
    limit,
)


def fill_three(floor: Floor) -> list[int]:
    """Three fills, a second apart; return their times."""
    times = []
    for _ in range(3):
        floor.take("buy", "1")
        times.append(floor.now_ms)
        floor.pass_ms(1_000)
    return times


def test_fills_come_newest_first() -> None:
    floor = Floor()
    times = fill_three(floor)
    assert [fill["time"] for fill in floor.ask_mine("userFills")] == times[::-1]


def test_fills_by_time_come_oldest_first_with_both_ends() -> None:
    floor = Floor()
    first, second, third = fill_three(floor)
    asked = floor.ask_mine("userFillsByTime", startTime=first, endTime=second)
    assert [fill["time"] for fill in asked] == [first, second]
    asked = floor.ask_mine("userFillsByTime", startTime=second, reversed=True)
    assert [fill["time"] for fill in asked] == [third, second]


def test_a_taker_order_can_be_aggregated_by_price_and_time() -> None:
    floor = Floor()
    resting = floor.rest("buy", "150", "4")
    floor.trade(Side.SELL, "150", "1")
    floor.trade(Side.SELL, "150", "1")
    floor.take("buy", "15")
    fills = floor.ask_mine("userFills", aggregateByTime=True)
    assert [fill["sz"] for fill in fills if fill["oid"] == resting] == ["1.0", "1.0"]
    assert [fill["sz"] for fill in fills if fill["crossed"]] == ["5.0", "10.0"]


def test_aggregation_adds_sizes_and_fees_of_one_price() -> None:
    floor = Floor()
    floor.venue.open_account(address_of(OTHER_KEY), Decimal(10_000))
    for _ in range(2):
        floor.order(limit("sell", "150", "1"), key=OTHER_KEY)
    floor.order(limit("buy", "150", "2", "Ioc"))
    single = floor.ask_mine("userFills")
    merged = floor.ask_mine("userFills", aggregateByTime=True)
    assert [fill["sz"] for fill in single] == ["1.0", "1.0"]
    assert [(fill["sz"], fill["fee"]) for fill in merged] == [("2.0", "0.135")]


def test_an_order_is_found_by_oid_and_cloid_of_any_case() -> None:
    floor = Floor()
    oid = floor.rest("buy", "149", "1", c=CLOID)
    by_oid = floor.ask_mine("orderStatus", oid=oid)
    by_cloid = floor.ask_mine("orderStatus", oid=CLOID.replace("beef", "BEEF"))
    assert by_oid == by_cloid
    assert by_oid["status"] == "order"
    assert by_oid["order"]["status"] == "open"


def test_an_unknown_order_is_an_unknown_oid() -> None:
    assert Floor().ask_mine("orderStatus", oid=1) == {"status": "unknownOid"}


def test_history_tells_each_status_newest_first() -> None:
    floor = Floor()
    oid = floor.rest("buy", "149", "1")
    floor.cancel(oid)
    rows = floor.ask_mine("historicalOrders")
    assert [(row["order"]["oid"], row["status"]) for row in rows] == [
        (oid, "canceled"), (oid, "open"),
    ]  # fmt: skip


def test_another_dex_has_no_orders() -> None:
    floor = Floor()
    floor.rest("buy", "149", "1")
    assert floor.ask_mine("openOrders", dex="xyz") == []
    assert floor.ask_mine("frontendOpenOrders", dex="xyz") == []
