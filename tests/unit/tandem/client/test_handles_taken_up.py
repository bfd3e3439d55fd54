"""Orders and hedges of an earlier process are taken up again by their ids."""

import pytest

from tandem.client.handles import AllOrders, LinkHandle, LiveHedges, OrderHandle
from tandem.client.mirror.feed import Feed
from tandem.client.mirror.mirrors import Orders
from tandem.domain.errors import InvalidInputError
from tandem.domain.ids import ClientOrderId, Exc, HedgeId
from tandem.domain.order import OrderStatus
from tandem.messages import subjects
from tandem.messages.queries import HedgesPage, OrderHistory, OrdersPage
from tests.unit.tandem.client.bus import Desk
from tests.unit.tandem.client.rows import EXC, hedge, order

CANCELLED = OrderStatus.CANCELLED
OTHER = Exc("other")


def all_orders(feed: Feed, *mirrors: Orders) -> AllOrders:
    orders = {mirror.exc: mirror for mirror in mirrors}

    def make(exc: Exc, cloid: ClientOrderId) -> OrderHandle:
        return OrderHandle(cloid, exc, orders[exc], feed, pending_timeout_s=5)

    return AllOrders(orders, Exc, make)


async def test_open_order_is_found_on_its_account_by_its_client_id() -> None:
    desk = Desk()
    feed, mirror = await desk.feed(), Orders(EXC)
    await desk.answer(subjects.ORDERS_PAGE, OrdersPage(epoch=0, seq=10, orders=(order("c1"),)))
    await desk.join(feed, mirror, subjects.ORDERS_PAGE)

    handle = all_orders(feed, mirror, Orders(OTHER)).handle("c1")

    assert (handle.cloid, handle.exc, handle.order) == ("c1", EXC, order("c1"))
    await desk.close(feed)


async def test_order_that_ended_meanwhile_is_asked_for() -> None:
    desk = Desk()
    feed, mirror = await desk.feed(), Orders(EXC)
    await desk.answer(subjects.ORDERS_PAGE, OrdersPage(epoch=0, seq=10, orders=()))
    ended = OrderHistory(order=order("c1", CANCELLED), transitions=())
    await desk.answer(subjects.ORDER_HISTORY, ended)
    await desk.join(feed, mirror, subjects.ORDERS_PAGE)

    handle = all_orders(feed, mirror).handle("c1")

    assert handle.order is None
    assert (await handle.done(timeout_s=5)).order_status is CANCELLED
    await desk.close(feed)


async def test_order_that_is_open_nowhere_needs_its_account() -> None:
    desk = Desk()
    feed = await desk.feed()
    orders = all_orders(feed, Orders(EXC), Orders(OTHER))
    with pytest.raises(InvalidInputError, match="cloid=c1: open on one account; name it with exc"):
        orders.handle("c1")
    assert orders.handle("c1", OTHER).exc == OTHER
    with pytest.raises(InvalidInputError, match="cloid=: a name"):
        orders.handle("")
    await desk.close(feed)


async def test_hedge_is_taken_up_by_its_id_and_shown_once_it_is_told_of() -> None:
    desk = Desk()
    feed = await desk.feed()
    stopped: list[HedgeId] = []

    async def stop(hedge_id: HedgeId) -> None:
        stopped.append(hedge_id)

    def make(hedge_id: HedgeId) -> LinkHandle:
        return LinkHandle(hedge_id, hedges, feed, stop)

    hedges = LiveHedges(make)
    handle = hedges.handle("h1")
    assert handle.link is None
    await desk.answer(
        subjects.HEDGES_PAGE, HedgesPage(epoch=0, seq=10, hedges=(hedge("h1"),), buckets=())
    )
    await desk.join(feed, hedges, subjects.HEDGES_PAGE)

    assert handle.link == hedge("h1")
    await handle.stop()
    assert stopped == ["h1"]
    with pytest.raises(InvalidInputError, match="hedge_id=7: a name"):
        hedges.handle(7)  # type: ignore[arg-type]
    await desk.close(feed)
