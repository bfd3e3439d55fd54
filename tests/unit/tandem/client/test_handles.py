"""What a strategy holds: milestones of orders, cancels and hedges."""

import asyncio
from decimal import Decimal as D

import pytest
from msgspec.structs import replace

from tandem.client.handles import CancelReceipt, LinkHandle, OrderHandle
from tandem.client.mirror.feed import Feed
from tandem.client.mirror.mirrors import Hedges, Orders
from tandem.domain.errors import UnavailableError
from tandem.domain.ids import ClientOrderId, HedgeId, Strategy, Token, VenueOrderId
from tandem.domain.order import OrderStatus, RejectReason
from tandem.messages import subjects
from tandem.messages.deltas import HedgeState, LegView
from tandem.messages.intents import CancelOrder
from tandem.messages.queries import HedgesPage, OrderHistory, OrdersPage
from tests.unit.tandem.client.bus import Desk
from tests.unit.tandem.client.rows import EXC, SOL, hedge, order, order_delta

C1 = ClientOrderId("c1")
PENDING, CANCELLED = OrderStatus.PENDING, OrderStatus.CANCELLED


async def joined(desk: Desk, *pages: OrdersPage) -> tuple[Feed, Orders]:
    feed, mirror = await desk.feed(), Orders(EXC)
    await desk.answer(subjects.ORDERS_PAGE, *(pages or (OrdersPage(epoch=0, seq=10, orders=()),)))
    await desk.join(feed, mirror, subjects.ORDERS_PAGE)
    return feed, mirror


def cancel(**names: object) -> CancelOrder:
    return CancelOrder(exc=EXC, token=Token("t"), strategy=Strategy("s"), **names)  # type: ignore[arg-type]


async def test_order_is_acknowledged_then_done() -> None:
    desk = Desk()
    feed, mirror = await joined(desk)
    handle = OrderHandle(C1, EXC, mirror, feed, pending_timeout_s=5)
    assert handle.order is None
    acknowledging = asyncio.ensure_future(handle.acknowledged())
    await desk.publish(order_delta(11, order("c1", PENDING)))
    await desk.publish(order_delta(12, order("c1"), "0.11.0"))
    assert (await acknowledging).order_status is OrderStatus.NEW
    await desk.publish(order_delta(13, order("c1", CANCELLED), "0.12.0"))
    assert (await handle.done(timeout_s=5)).order_status is CANCELLED
    await desk.close(feed)


async def test_pending_order_is_of_unknown_outcome_when_time_is_up() -> None:
    desk = Desk()
    feed, mirror = await joined(desk)
    handle = OrderHandle(C1, EXC, mirror, feed, pending_timeout_s=0.01)
    with pytest.raises(UnavailableError, match="unknown"):
        await handle.acknowledged()
    with pytest.raises(UnavailableError, match="unknown"):
        await OrderHandle(C1, EXC, mirror, feed, 60).acknowledged(timeout_s=0)
    await desk.close(feed)


async def test_c3_a_refusal_reaches_acknowledged_in_the_venues_words() -> None:
    desk = Desk()
    feed, mirror = await joined(desk)
    handle = OrderHandle(C1, EXC, mirror, feed, pending_timeout_s=5)
    words = {"reason": RejectReason.OTHER, "text": "HTTP 400 -4202 no"}
    await desk.publish(order_delta(11, replace(order("c1", OrderStatus.REJECTED), **words)))

    row = await handle.acknowledged()

    assert (row.reason, row.text) == (RejectReason.OTHER, "HTTP 400 -4202 no")
    await desk.close(feed)


async def test_c3_an_outcome_that_is_not_known_in_time_is_told_with_what_was_said() -> None:
    desk = Desk()
    feed, mirror = await joined(desk)
    handle = OrderHandle(C1, EXC, mirror, feed, pending_timeout_s=5)
    doubted = replace(order("c1", PENDING), in_doubt=True, text="unknown: HTTP 503 -1000 Unknown")
    await desk.publish(order_delta(11, doubted))

    with pytest.raises(UnavailableError, match="outcome unknown yet: unknown: HTTP 503 -1000"):
        await handle.acknowledged(timeout_s=0)
    await desk.close(feed)


async def test_cancel_by_client_id_is_done_with_the_order() -> None:
    desk = Desk()
    feed, mirror = await joined(desk, OrdersPage(epoch=0, seq=10, orders=(order("c1"),)))
    receipt = CancelReceipt(mirror, feed, 11, cancel(client_order_id=C1))
    with pytest.raises(UnavailableError, match="c1"):
        await receipt.done(timeout_s=0.01)
    await desk.publish(order_delta(12, order("c1", CANCELLED), "0.9.0"))
    (row,) = await receipt.done(timeout_s=5)
    assert row.order_status is CANCELLED
    await desk.close(feed)


async def test_c3_a_cancel_that_was_refused_says_why_the_order_is_not_gone() -> None:
    desk = Desk()
    kept = replace(order("c1"), text="cancel refused: HTTP 400 -4998 no")
    feed, mirror = await joined(desk, OrdersPage(epoch=0, seq=10, orders=(kept,)))
    receipt = CancelReceipt(mirror, feed, 11, cancel(client_order_id=C1))

    with pytest.raises(UnavailableError, match=r"c1 \(cancel refused: HTTP 400 -4998 no\)"):
        await receipt.done(timeout_s=0.01)
    await desk.close(feed)


async def test_cancel_of_an_order_that_the_mirror_never_saw_asks_for_it() -> None:
    desk = Desk()
    feed, mirror = await joined(desk)
    ended = order("c1", CANCELLED, "7")
    await desk.answer(subjects.ORDER_HISTORY, OrderHistory(order=ended))
    by_cloid = CancelReceipt(mirror, feed, 11, cancel(client_order_id=C1))
    by_oid = CancelReceipt(mirror, feed, 11, cancel(venue_order_id=VenueOrderId("7")))
    assert await by_cloid.done(timeout_s=5) == await by_oid.done(timeout_s=5) == (ended,)
    await desk.close(feed)


async def test_cancel_of_an_order_nobody_knows_is_not_proven() -> None:
    desk = Desk()
    feed, mirror = await joined(desk)
    await desk.answer(subjects.ORDER_HISTORY, OrderHistory(order=None))
    receipt = CancelReceipt(mirror, feed, 11, cancel(client_order_id=C1))
    with pytest.raises(UnavailableError, match="c1"):
        await receipt.done(timeout_s=0.01)
    await desk.close(feed)


async def test_cancel_of_many_waits_for_those_it_covers() -> None:
    desk = Desk()
    covered = order("c1", cancel_pending=True)
    elsewhere = order("c3", cancel_pending=True, ticker="ETH")
    page = OrdersPage(epoch=0, seq=20, orders=(covered, order("c2"), elsewhere))
    feed, mirror = await joined(desk, OrdersPage(epoch=0, seq=10, orders=()), page)
    receipt = CancelReceipt(mirror, feed, 15, cancel(ticker=SOL))
    finishing = asyncio.ensure_future(receipt.done(timeout_s=5))
    await desk.publish(order_delta(21, order("c1", CANCELLED), "0.19.0"))
    ended = await finishing
    assert [row.client_order_id for row in ended] in ([], ["c1"])
    assert [row.client_order_id for row in mirror] == ["c2", "c3"]
    await desk.close(feed)


async def test_cancel_of_many_without_its_state_service_is_unavailable() -> None:
    desk = Desk()
    feed, mirror = await joined(desk)
    receipt = CancelReceipt(mirror, feed, 15, cancel())
    with pytest.raises(UnavailableError, match="what it names"):
        await receipt.done(timeout_s=0.01)
    await desk.close(feed)


def legs(owed: str) -> tuple[LegView, ...]:
    leg = LegView(exc=EXC, ticker=SOL, target=D(1), covered=D(0), owed=D(owed))
    return (leg, leg)


async def test_link_tells_what_is_owed_and_ends_when_hedged() -> None:
    desk, hedges, stopped = Desk(), Hedges(), list[str]()

    async def stop(hedge_id: HedgeId) -> None:
        stopped.append(hedge_id)

    feed = await desk.feed()
    link = LinkHandle(HedgeId("h1"), hedges, feed, stop)
    assert (link.link, link.owed, link.maker_filled) == (None, D(0), D(0))
    with pytest.raises(UnavailableError, match="h1"):
        await link.done(timeout_s=0)
    row = hedge("h1", HedgeState.DONE)
    owing = type(row)(
        **{name: getattr(row, name) for name in row.__struct_fields__} | {"legs": legs("-2")}
    )
    hedges.load(HedgesPage(epoch=0, seq=1, hedges=(owing,), buckets=()))
    assert (link.owed, link.maker_filled) == (D(4), D(-1))
    assert await link.done() == owing
    await link.stop()
    assert stopped == ["h1"]
    await desk.close(feed)
