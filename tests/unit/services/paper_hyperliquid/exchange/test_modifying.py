import pytest

from services.paper_hyperliquid.config import Settings
from tests.unit.services.paper_hyperliquid.floor import CLOID, SOL, Floor, limit, trigger


def test_a_modification_gives_a_new_oid_and_moves_the_cloid() -> None:
    floor = Floor()
    old = floor.rest("buy", "149", "1", c=CLOID)
    status = floor.modify(old, limit("buy", "148", "2", "Alo", c=CLOID))
    new = status["resting"]["oid"]
    assert new != old
    assert (floor.status_of(old), floor.status_of(new)) == ("canceled", "open")
    assert floor.ask_mine("orderStatus", oid=CLOID)["order"]["order"]["oid"] == new


def test_the_old_cancel_and_the_new_open_are_told_in_one_frame() -> None:
    floor = Floor()
    old = floor.rest("buy", "149", "1")
    floor.news()
    new = floor.modify(old, limit("buy", "148", "2", "Alo"))["resting"]["oid"]
    assert floor.updates() == [(old, "canceled", "1"), (new, "open", "2")]


def test_an_order_may_be_named_by_cloid() -> None:
    floor = Floor()
    old = floor.rest("buy", "149", "1", c=CLOID)
    assert "resting" in floor.modify(CLOID, limit("buy", "148", "1", "Alo", c=CLOID))
    assert floor.status_of(old) == "canceled"


def test_gtc_is_forced_to_post_only() -> None:
    floor = Floor()
    old = floor.rest("buy", "149", "1")
    floor.modify(old, limit("buy", "148", "1", "Gtc"))
    assert floor.ask_mine("frontendOpenOrders")[0]["tif"] == "Alo"


def test_a_replacement_that_would_cross_loses_the_old_order() -> None:
    floor = Floor()
    old = floor.rest("buy", "149", "1")
    error = floor.modify(old, limit("buy", "151", "1", "Gtc"))["error"]
    assert error == (
        "Error placing new order during modify: Post only order would have immediately matched, "
        f"bbo was 149.99@150.01. asset={SOL}"
    )
    assert floor.ask_mine("openOrders") == []


@pytest.mark.parametrize(
    "order", [limit("buy", "148", "1", "Ioc"), trigger("sell", "sl", "140", "1")]
)
def test_only_resting_orders_may_replace_by_default(order: dict[str, object]) -> None:
    floor = Floor()
    old = floor.rest("buy", "149", "1")
    error = floor.modify(old, order)["error"]
    assert error == f"Attempted to modify to invalid new order asset={SOL}"
    assert floor.status_of(old) == "open"


def test_always_place_takes_any_order() -> None:
    floor = Floor()
    old = floor.rest("buy", "149", "1")
    assert "filled" in floor.modify(old, limit("buy", "151", "1", "Ioc"), a=True)
    assert floor.status_of(old) == "canceled"


def test_the_forcing_may_be_switched_off() -> None:
    floor = Floor(Settings(modify_forces_alo=False))
    old = floor.rest("buy", "149", "1")
    assert "filled" in floor.modify(old, limit("buy", "151", "1", "Gtc"))


def test_an_ended_order_cannot_be_modified() -> None:
    floor = Floor()
    old = floor.take("buy", "1")
    error = floor.modify(old, limit("buy", "148", "1", "Alo"))["error"]
    assert error == f"Cannot modify canceled or filled order asset={SOL}"


def test_always_place_does_not_need_the_old_order() -> None:
    floor = Floor()
    old = floor.take("buy", "1")
    assert "resting" in floor.modify(old, limit("buy", "148", "1"), a=True)


def test_another_asset_is_an_invalid_replacement() -> None:
    floor = Floor()
    old = floor.rest("buy", "149", "1")
    error = floor.modify(old, limit("buy", "60000", "1", "Alo", a=0))["error"]
    assert error == "Attempted to modify to invalid new order asset=0"


def test_a_malformed_replacement_keeps_the_old_order() -> None:
    floor = Floor()
    old = floor.rest("buy", "149", "1")
    error = floor.modify(old, limit("buy", "148.001", "1", "Alo"))["error"]
    assert error == f"Price must be divisible by tick size. asset={SOL}"
    assert floor.status_of(old) == "open"


def test_a_refused_replacement_with_an_oid_is_queryable() -> None:
    floor = Floor()
    old = floor.rest("buy", "149", "1")
    floor.modify(old, limit("buy", "151", "1", "Alo", c=CLOID))
    assert floor.status_of(CLOID) == "badAloPxRejected"


def test_a_single_modify_answers_default_or_an_error_as_a_whole() -> None:
    floor = Floor()
    old = floor.rest("buy", "149", "1")
    action = {"type": "modify", "oid": old, "order": limit("buy", "148", "1", "Alo")}
    assert floor.post(action) == {"status": "ok", "response": {"type": "default"}}
    answer = floor.post(action)
    assert answer["status"] == "err"
    assert answer["response"].startswith("Cannot modify canceled or filled order")


def test_a_waiting_trigger_may_be_replaced() -> None:
    floor = Floor()
    old = floor.order(trigger("sell", "sl", "140", "1"))[0]["resting"]["oid"]
    new = floor.modify(old, trigger("sell", "sl", "141", "1"), a=True)["resting"]["oid"]
    assert (floor.status_of(old), floor.status_of(new)) == ("canceled", "open")
