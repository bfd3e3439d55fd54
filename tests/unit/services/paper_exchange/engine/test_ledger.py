import pytest

from services.paper_exchange.engine.ledger import OrderLedger, is_reducing
from services.paper_exchange.engine.orders import (
    NewOrder,
    OrderId,
    OrderRefused,
    OrderStatus,
    PositionSide,
)
from tests.unit.services.paper_exchange.builders import (
    ALICE,
    BOB,
    SYMBOL,
    buy,
    engine_with_book,
    place,
    sell,
)


@pytest.mark.parametrize(
    ("new", "reducing"),
    [
        (buy(1), False),
        (buy(1, reduce_only=True), True),
        (sell(1, position_side=PositionSide.LONG), True),
        (buy(1, position_side=PositionSide.LONG), False),
        (buy(1, position_side=PositionSide.SHORT), True),
        (sell(1, position_side=PositionSide.SHORT), False),
    ],
)
def test_orders_that_may_only_reduce(new: NewOrder, reducing: bool) -> None:
    assert is_reducing(new) is reducing


def test_a_client_id_finds_the_latest_order() -> None:
    engine = engine_with_book()
    first = place(engine, ALICE, buy(1, client_id="mine"))
    second = place(engine, ALICE, buy(1, client_id="mine"))

    assert engine.order_of_client(ALICE, "mine").order_id == second.order_id
    assert engine.order(first.order_id).status is OrderStatus.FILLED


def test_client_ids_belong_to_their_account() -> None:
    engine = engine_with_book()
    place(engine, ALICE, buy(1, client_id="mine"))

    with pytest.raises(OrderRefused):
        engine.order_of_client(BOB, "mine")


def test_open_orders_are_listed_by_symbol() -> None:
    engine = engine_with_book()
    order = place(engine, ALICE, buy(1, 98))

    assert engine.open_orders(ALICE, SYMBOL) == [order]
    assert engine.open_orders(ALICE, "ABC") == []


def test_an_unknown_order_is_none_or_refused() -> None:
    ledger = OrderLedger()

    assert ledger.get(OrderId(1)) is None
    with pytest.raises(OrderRefused, match="no such order"):
        ledger.must_get(OrderId(1))
