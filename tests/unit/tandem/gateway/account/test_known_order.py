"""Ended orders, packed: found by every name that they ever had."""

from tandem.domain.ids import ClientOrderId, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus
from tandem.gateway.account.known_order import EndedOrders, KnownOrder

SOL, CLOID = Ticker("SOL"), ClientOrderId("0x" + "ab" * 16)
ONE, TWO = VenueOrderId("1"), VenueOrderId("2")


def modified() -> KnownOrder:
    order = KnownOrder(SOL, CLOID, None, OrderStatus.FILLED, 5, is_proven=True)
    order.rename(ONE)
    order.rename(TWO)
    order.rename(TWO)
    return order


def test_an_order_that_the_venue_renamed_has_both_ids() -> None:
    assert modified().oids == (TWO, ONE)
    back = modified()
    back.rename(ONE)
    assert back.oids == (ONE, TWO)


def test_an_ended_order_is_found_by_each_of_its_names_until_it_is_taken() -> None:
    ended, order = EndedOrders(), modified()
    ended.put(order, 1)

    found = [ended.by_cloid(CLOID), ended.by_oid(SOL, ONE), ended.by_oid(SOL, TWO)]
    assert found == [order] * 3
    assert ended.by_oid(None, TWO) == order
    assert ended.by_oid(Ticker("ETH"), TWO) is None
    assert ended.take(order)
    assert not ended.take(order)
    assert (len(ended), ended.size) == (0, 0)


def test_an_order_that_has_no_venue_id_is_found_by_its_client_id() -> None:
    ended = EndedOrders()
    order = KnownOrder(SOL, CLOID, None, OrderStatus.REJECTED, 5)
    ended.put(order, 1)

    assert ended.by_cloid(CLOID) == order
    ended.expire(2)
    assert ended.by_cloid(CLOID) is None


def test_an_order_without_client_id_is_found_by_its_venue_id() -> None:
    ended = EndedOrders()
    order = KnownOrder(SOL, None, ONE, OrderStatus.FILLED, 5)
    ended.put(order, 1)

    assert ended.by_oid(SOL, ONE) == order
