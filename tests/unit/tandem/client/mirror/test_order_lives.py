"""Where in the log an order was open."""

from tandem.client.mirror.order_lives import OrderLives
from tandem.domain.order import OrderStatus
from tests.unit.tandem.client.rows import order, order_delta


def test_f4_an_order_is_open_from_its_first_change_to_its_end() -> None:
    lives = OrderLives(10)
    lives.told("c1", order_delta(11, order("c1")))
    lives.told("c1", order_delta(12, order("c1"), "0.11.0"))
    lives.ended("c1", 15)
    lives.ended("c1", 16)
    assert [lives.was_open("c1", seq) for seq in (10, 11, 14, 15)] == [False, True, True, False]
    assert not lives.was_open("c2", 11)


def test_f4_what_a_page_shows_began_before_until_its_first_change_is_told() -> None:
    lives = OrderLives(10)
    lives.listed("c1")
    lives.listed("c2")
    lives.told("c2", order_delta(12, order("c2", OrderStatus.PENDING)))
    lives.told("c3", order_delta(12, order("c3"), "0.11.0"))
    assert lives.was_open("c1", 5)
    assert not lives.was_open("c2", 5)
    assert lives.was_open("c3", 5)


def test_f4_an_order_goes_on_under_its_client_id() -> None:
    lives = OrderLives(10)
    lives.told("oid", order_delta(11, order("c1")))
    lives.rename("oid", "c1")
    lives.rename("oid", "c1")
    assert (lives.was_open("c1", 11), lives.was_open("oid", 11)) == (True, False)


def test_f4_of_those_that_ended_the_oldest_are_let_go() -> None:
    lives = OrderLives(1)
    for seq, name in ((11, "c1"), (12, "c2")):
        lives.told(name, order_delta(seq, order(name)))
        lives.ended(name, 20)
    assert not lives.was_open("c1", 15)
    assert lives.was_open("c2", 15)
