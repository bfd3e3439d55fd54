import pytest

from tests.unit.services.paper_hyperliquid.floor import CLOID, SOL, Floor, trigger

GONE = "Order was never placed, already canceled, or filled."


def test_cancel_by_oid() -> None:
    floor = Floor()
    oid = floor.rest("buy", "149", "2")
    assert floor.cancel(oid) == "success"
    assert floor.updates() == [(oid, "open", "2"), (oid, "canceled", "2")]


def test_cancel_by_cloid() -> None:
    floor = Floor()
    oid = floor.rest("buy", "149", "1", c=CLOID)
    assert floor.cancel_cloid() == "success"
    assert floor.status_of(oid) == "canceled"


def test_a_cloid_signed_in_upper_case_recovers_somebody_else() -> None:
    cancels = [{"asset": SOL, "cloid": CLOID.replace("beef", "BEEF")}]
    answer = Floor().post({"type": "cancelByCloid", "cancels": cancels})
    assert answer["response"].endswith("does not exist.")


def test_a_second_cancel_finds_nothing() -> None:
    floor = Floor()
    oid = floor.rest("buy", "149", "1")
    floor.cancel(oid)
    assert floor.cancel(oid) == {"error": f"{GONE} asset={SOL}"}


@pytest.mark.parametrize("asset", [0, 3])
def test_the_asset_must_match(asset: int) -> None:
    floor = Floor()
    oid = floor.rest("buy", "149", "1")
    assert floor.cancel(oid, asset) == {"error": f"{GONE} asset={asset}"}
    assert floor.status_of(oid) == "open"


def test_an_unknown_cloid_finds_nothing() -> None:
    assert Floor().cancel_cloid() == {"error": f"{GONE} asset={SOL}"}


def test_cancel_of_a_partly_filled_order_keeps_what_remained() -> None:
    floor = Floor()
    oid = floor.rest("buy", "150.01", "25")
    floor.news()
    floor.cancel(oid)
    assert floor.updates() == [(oid, "canceled", "15")]


def test_each_cancel_of_a_batch_is_answered() -> None:
    floor = Floor()
    oid = floor.rest("buy", "149", "1")
    cancels = [{"a": SOL, "o": oid}, {"a": SOL, "o": 1}]
    statuses = floor.statuses(floor.post({"type": "cancel", "cancels": cancels}))
    assert statuses == ["success", {"error": f"{GONE} asset={SOL}"}]


def test_a_waiting_trigger_is_cancelled_but_not_by_a_fast_cancel() -> None:
    floor = Floor()
    oid = floor.order(trigger("sell", "sl", "140", "1"))[0]["resting"]["oid"]
    fast = {"type": "cancel", "cancels": [{"a": SOL, "o": oid}], "f": True}
    assert "error" in floor.statuses(floor.post(fast))[0]
    assert floor.cancel(oid) == "success"
    assert floor.status_of(oid) == "canceled"
