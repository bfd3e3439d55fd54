"""Waiting orders; numbers refer to the module's invariants."""

import pytest

from services.paper_exchange.engine.orders import Side
from tests.unit.services.paper_hyperliquid.floor import CLOID, SOL, Floor, limit, trigger


def waiting(floor: Floor, *args: str, **changes: object) -> int:
    side, tpsl, px, size = args
    return int(floor.order(trigger(side, tpsl, px, size, **changes))[0]["resting"]["oid"])


def long_position(floor: Floor, size: str = "5") -> None:
    floor.take("buy", size)
    floor.news()


@pytest.mark.parametrize(
    ("tpsl", "px", "mark", "fires"),
    [
        ("sl", "140", "140", True),
        ("sl", "140", "140.01", False),
        ("tp", "160", "160", True),
        ("tp", "160", "159.99", False),
    ],
)
def test_a_sell_fires_when_the_mark_reaches_it(tpsl: str, px: str, mark: str, fires: bool) -> None:
    floor = Floor()
    long_position(floor)
    oid = waiting(floor, "sell", tpsl, px, "5")
    floor.mark(mark)
    assert floor.status_of(oid) == ("filled" if fires else "open")


def test_trades_and_books_do_not_fire_it_while_the_mark_stands() -> None:
    floor = Floor()
    floor.mark("150")
    long_position(floor)
    oid = waiting(floor, "sell", "sl", "140", "5")
    floor.trade(Side.SELL, "139", "1000")
    assert floor.status_of(oid) == "open"


def test_a_fired_order_keeps_its_oid_through_triggered_and_filled() -> None:
    floor = Floor()
    long_position(floor)
    oid = waiting(floor, "sell", "sl", "140", "5", c=CLOID)
    floor.mark("139")
    assert floor.updates() == [(oid, "open", "5"), (oid, "triggered", "5"), (oid, "filled", "0")]
    assert floor.ask_mine("userFills")[0]["oid"] == oid
    assert floor.ask_mine("userFills")[0]["cloid"] == CLOID
    assert floor.position() == "0.0"


def test_a_fired_limit_order_rests_as_triggered_and_can_be_cancelled() -> None:
    floor = Floor()
    long_position(floor)
    kind = {"trigger": {"isMarket": False, "triggerPx": "140", "tpsl": "sl"}}
    order = trigger("sell", "sl", "140", "5") | {"p": "170", "t": kind}
    oid = floor.order(order)[0]["resting"]["oid"]
    floor.mark("139")
    assert floor.status_of(oid) == "triggered"
    assert [order["oid"] for order in floor.ask_mine("openOrders")] == [oid]
    assert floor.cancel(oid) == "success"
    assert floor.status_of(oid) == "canceled"


def test_a_fired_order_without_a_position_ends_rejected() -> None:
    floor = Floor()
    oid = waiting(floor, "sell", "sl", "140", "5")
    floor.mark("139")
    assert floor.status_of(oid) == "reduceOnlyRejected"


@pytest.mark.parametrize(
    "order",
    [
        trigger("sell", "sl", "150", "1"),
        trigger("sell", "tp", "149", "1"),
        trigger("buy", "sl", "150", "1"),
        trigger("buy", "tp", "151", "1"),
        trigger("sell", "sl", "140", "1") | {"p": "141"},
        trigger("buy", "sl", "160", "1") | {"p": "159"},
    ],
)
def test_a_trigger_already_met_or_a_worst_price_inside_it_is_refused(
    order: dict[str, object],
) -> None:
    assert Floor().order(order) == [{"error": f"Invalid TP/SL price. asset={SOL}"}]


def test_an_open_cloid_is_refused_for_triggers_too() -> None:
    floor = Floor()
    waiting(floor, "sell", "sl", "140", "1", c=CLOID)
    assert "already open" in floor.order(trigger("sell", "sl", "141", "1", c=CLOID))[0]["error"]


def family(floor: Floor, parent: dict[str, object]) -> int:
    """Place a parent with a stop and a take-profit; return the parent's oid, if it rests."""
    answer = floor.group(
        "normalTpsl", parent, trigger("sell", "sl", "140", "5"), trigger("sell", "tp", "160", "5")
    )
    return int(floor.statuses(answer)[0].get("resting", {"oid": 0})["oid"])


def test_children_are_nested_in_their_parent_until_it_fills() -> None:
    floor = Floor()
    parent = family(floor, limit("buy", "149", "5"))
    orders = floor.ask_mine("frontendOpenOrders")
    assert [order["oid"] for order in orders] == [parent]
    assert [child["triggerPx"] for child in orders[0]["children"]] == ["140.0", "160.0"]


def test_children_do_not_fire_before_the_parent_has_filled() -> None:
    floor = Floor()
    family(floor, limit("buy", "149", "5"))
    floor.mark("139")
    assert [status for _, status, _ in floor.updates()] == ["open", "open", "open"]


def test_children_are_armed_when_the_parent_has_filled() -> None:
    floor = Floor()
    parent = family(floor, limit("buy", "149", "5"))
    floor.trade(Side.SELL, "148.9", "1000")
    assert floor.status_of(parent) == "filled"
    conditions = [o["triggerCondition"] for o in floor.ask_mine("frontendOpenOrders")]
    assert conditions == ["Price below 140", "Price above 160"]


def test_children_fall_with_their_parent() -> None:
    floor = Floor()
    parent = family(floor, limit("buy", "149", "5"))
    floor.cancel(parent)
    assert floor.ask_mine("openOrders") == []
    assert [s for _, s, _ in floor.updates()][-2:] == ["canceled", "canceled"]


def test_a_child_cancelled_by_hand_stays_so_when_the_parent_fills() -> None:
    floor = Floor()
    family(floor, limit("buy", "149", "5"))
    child = floor.ask_mine("frontendOpenOrders")[0]["children"][0]["oid"]
    floor.cancel(child)
    assert len(floor.ask_mine("frontendOpenOrders")[0]["children"]) == 1
    floor.trade(Side.SELL, "148.9", "1000")
    assert floor.status_of(child) == "canceled"


def test_a_sibling_falls_away_when_one_has_traded() -> None:
    floor = Floor()
    family(floor, limit("buy", "160", "5", "Ioc"))
    floor.mark("139")
    statuses = [s for _, s, _ in floor.updates()]
    assert statuses[-3:] == ["triggered", "filled", "siblingFilledCanceled"]
    assert floor.ask_mine("openOrders") == []


def test_a_position_stop_takes_its_size_from_the_position() -> None:
    floor = Floor()
    long_position(floor)
    answer = floor.group("positionTpsl", trigger("sell", "sl", "140", "1"))
    oid = floor.statuses(answer)[0]["resting"]["oid"]
    floor.take("buy", "3")
    floor.mark("139")
    assert floor.position() == "0.0"
    assert floor.status_of(oid) == "filled"


def test_a_fired_position_stop_shows_the_size_of_the_position() -> None:
    floor = Floor()
    long_position(floor)
    kind = {"trigger": {"isMarket": False, "triggerPx": "140", "tpsl": "sl"}}
    stop = trigger("sell", "sl", "140", "1") | {"p": "170", "t": kind}
    floor.group("positionTpsl", stop)
    floor.mark("139")
    order = floor.ask_mine("openOrders")[0]
    assert (order["sz"], order["origSz"]) == ("5.0", "5.0")


def test_a_position_stop_goes_with_the_position() -> None:
    floor = Floor()
    long_position(floor)
    answer = floor.group("positionTpsl", trigger("sell", "sl", "140", "5"))
    oid = floor.statuses(answer)[0]["resting"]["oid"]
    floor.take("sell", "5")
    assert floor.status_of(oid) == "reduceOnlyCanceled"


def test_a_position_stop_needs_a_position() -> None:
    answer = Floor().group("positionTpsl", trigger("sell", "sl", "140", "5"))
    assert "would increase position" in Floor.statuses(answer)[0]["error"]
