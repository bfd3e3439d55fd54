from services.paper_exchange.engine.orders import OrderStatus, Side
from tests.unit.services.paper_exchange.builders import ALICE, buy, engine_with_book, place


def test_sides_have_an_opposite_and_a_sign() -> None:
    assert Side.BUY.opposite is Side.SELL
    assert Side.SELL.opposite is Side.BUY
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)


def test_only_new_and_partially_filled_orders_are_open() -> None:
    open_statuses = [status for status in OrderStatus if status.is_open]

    assert open_statuses == [OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED]


def test_an_orders_average_price_weighs_its_fills() -> None:
    order = place(engine_with_book(), ALICE, buy(10))

    assert order.avg_px == 101.5
    assert order.is_market
    assert order.leaves_qty == 0


def test_without_fills_the_average_price_is_zero() -> None:
    order = place(engine_with_book(), ALICE, buy(2, 98))

    assert order.avg_px == 0
    assert order.leaves_qty == 2
    assert not order.is_market
