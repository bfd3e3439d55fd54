"""Orders between the engine and the records; numbers refer to the module's invariants."""

from decimal import Decimal

from services.paper_exchange.engine.orders import AccountId, Side
from services.paper_hyperliquid.service import MASTER
from tests.unit.services.paper_hyperliquid.floor import CLOID, Floor, limit, trigger


def test_every_record_agrees_with_the_engine_after_a_session() -> None:
    floor = Floor()
    floor.rest("buy", "149", "3")
    floor.rest("buy", "150.01", "25")
    floor.take("sell", "7")
    floor.trade(Side.SELL, "148", "1")
    for record in floor.venue.desk.records.all():
        order = floor.venue.desk.engine_order_of(record)
        assert record.sz == order.qty - order.filled_qty
        assert record.status.is_live is order.is_open


def test_a_reduce_only_order_shrinks_or_falls_with_the_position() -> None:
    floor = Floor()
    floor.take("buy", "5")
    oid = floor.rest("sell", "151", "5", r=True)
    floor.take("sell", "3")
    shown = floor.ask_mine("orderStatus", oid=oid)["order"]
    engine_order = floor.venue.engine.order(floor.venue.desk.engine_id(oid))
    assert Decimal(shown["order"]["sz"]) == engine_order.qty
    floor.take("sell", "2")
    assert floor.status_of(oid) == "reduceOnlyCanceled"


def test_older_reduce_only_orders_beyond_the_position_fall_away() -> None:
    floor = Floor()
    floor.take("buy", "5")
    older = floor.rest("sell", "151", "5", r=True)
    newer = floor.rest("sell", "152", "5", r=True)
    assert (floor.status_of(older), floor.status_of(newer)) == ("reduceOnlyCanceled", "open")


def test_a_replacement_with_an_open_cloid_leaves_no_trace_and_no_old_order() -> None:
    floor = Floor()
    floor.rest("buy", "148", "1", c=CLOID)
    old = floor.rest("buy", "149", "1")
    error = floor.modify(old, limit("buy", "147", "1", "Alo", c=CLOID))["error"]
    assert "already open" in error
    assert [order["limitPx"] for order in floor.ask_mine("openOrders")] == ["148.0"]
    assert len(floor.ask_mine("historicalOrders")) == 3


def test_a_fired_order_is_known_to_the_engine_under_another_number() -> None:
    floor = Floor()
    floor.take("buy", "5")
    oid = floor.order(trigger("sell", "sl", "140", "5"))[0]["resting"]["oid"]
    floor.mark("139")
    assert floor.venue.desk.engine_id(oid) != oid
    assert floor.venue.desk.oid(floor.venue.desk.engine_id(oid)) == oid


def test_volume_counts_every_fill() -> None:
    floor = Floor()
    floor.take("buy", "20")
    assert floor.venue.desk.volume[AccountId(MASTER)] == Decimal("3000.3")


def test_clearing_forgets_fills_and_ended_orders() -> None:
    floor = Floor()
    floor.take("buy", "1")
    resting = floor.rest("buy", "149", "1")
    floor.venue.desk.clear_ended()
    assert floor.ask_mine("userFills") == []
    assert [r.oid for r in floor.venue.desk.records.all()] == [resting]
    assert floor.position() == "1.0"
