from decimal import Decimal

from services.paper_exchange.engine.orders import Order, OrderId
from services.paper_exchange.engine.resting import RestingBook
from tests.unit.services.paper_exchange.builders import ALICE, buy, engine_with_book, place


def resting_order(qty: int, px: int) -> Order:
    return place(engine_with_book(), ALICE, buy(qty, px))


def test_an_order_stands_behind_what_is_displayed() -> None:
    book = RestingBook()

    book.add(resting_order(2, 98), Decimal(98), Decimal(5))

    resting = book.get(OrderId(1))
    assert resting is not None
    assert resting.queue_ahead == 5
    assert resting.leaves_qty == 2
    assert book.bids.qty(Decimal(98)) == 2
    assert book.bids.best_px() == 98
    assert book.asks.best_px() is None


def test_the_queue_moves_up_but_never_below_zero() -> None:
    book = RestingBook()
    book.add(resting_order(2, 98), Decimal(98), Decimal(5))

    book.bids.advance_queue(Decimal(98), Decimal(7))

    assert book.bids.queue(Decimal(98))[0].queue_ahead == 0


def test_the_queue_is_no_longer_than_what_is_displayed() -> None:
    book = RestingBook()
    book.add(resting_order(2, 98), Decimal(98), Decimal(5))

    book.bids.cap_queue(Decimal(98), Decimal(3))
    book.bids.cap_queue(Decimal(98), Decimal(9))

    assert book.bids.queue(Decimal(98))[0].queue_ahead == 3


def test_an_order_without_leaves_is_taken_off() -> None:
    book = RestingBook()
    book.add(resting_order(2, 98), Decimal(98), Decimal(5))

    book.set_leaves(OrderId(1), Decimal(1))
    shrunk = book.bids.qty(Decimal(98))
    book.set_leaves(OrderId(1), Decimal(0))

    assert shrunk == 1
    assert book.get(OrderId(1)) is None
    assert book.bids.prices() == []


def test_an_order_that_does_not_rest_is_left_alone() -> None:
    book = RestingBook()

    assert book.remove(OrderId(1)) is None
    assert book.set_leaves(OrderId(1), Decimal(0)) is None


def test_one_of_two_orders_at_a_price_can_go() -> None:
    book = RestingBook()
    first = resting_order(2, 98)
    book.add(first, Decimal(98), Decimal(0))
    engine = engine_with_book()
    place(engine, ALICE, buy(1, 97))
    book.add(place(engine, ALICE, buy(3, 98)), Decimal(98), Decimal(0))

    book.remove(first.order_id)

    assert book.bids.qty(Decimal(98)) == 3
