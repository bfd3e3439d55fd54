"""Mirrors stay current: joins, gaps, epochs, cuts, slow handlers."""

import asyncio

import pytest

from tandem.client.mirror.feed import Feed
from tandem.client.mirror.handlers import Listener
from tandem.client.mirror.mirrors import Orders, Positions
from tandem.client.mirror.plain_rows import Plain
from tandem.domain.errors import UnavailableError
from tandem.domain.order import OrderStatus
from tandem.messages import codec, subjects
from tandem.messages.queries import OrderHistory, OrdersPage, PageRequest
from tests.unit.tandem.client.bus import NOT_YET, REFUSED, Desk, positions_page, until
from tests.unit.tandem.client.rows import (
    EXC,
    OTHER,
    SOL,
    order,
    order_delta,
    position_delta,
)

POSITIONS = subjects.POSITIONS_PAGE


async def joined(desk: Desk, **options: int) -> tuple[Feed, Positions]:
    feed, mirror = await desk.feed(**options), Positions(EXC)
    await desk.join(feed, mirror)
    return feed, mirror


async def test_page_then_deltas() -> None:
    desk = Desk()
    await desk.answer(POSITIONS, positions_page(10, "1"))
    feed, mirror = await joined(desk)
    await desk.publish(position_delta(10, "9"))
    await desk.publish(position_delta(11, "2", "0.10.0"))
    await desk.publish(position_delta(12, "3", "0.11.0", OTHER))
    await until(lambda: mirror.amount(SOL) == 2)
    await desk.close(feed)


async def test_page_is_asked_at_the_newest_delta_until_it_is_there() -> None:
    desk = Desk()
    for number in range(20):
        await desk.world.log.append(subjects.alarm("x", str(number)), b"")
    await desk.publish(position_delta(15, "7"))
    stale, page = positions_page(14, "5"), positions_page(15, "7")
    await desk.answer(POSITIONS, NOT_YET, b"garbage", stale, page)
    feed, mirror = await joined(desk)
    assert mirror.amount(SOL) == 7
    assert {query.min_seq for query in desk.asked if isinstance(query, PageRequest)} == {15}
    await desk.close(feed)


async def test_newest_delta_past_a_cut_log_is_not_waited_for() -> None:
    desk = Desk()
    await desk.publish(position_delta(99, "7"))
    await desk.answer(POSITIONS, positions_page(0, "1"))
    feed, mirror = await joined(desk)
    assert mirror.amount(SOL) == 1
    await desk.close(feed)


async def test_nobody_there_is_unavailable_and_leaves_no_trace() -> None:
    desk = Desk()
    feed = await desk.feed(ready_timeout_s=0.01)
    with pytest.raises(UnavailableError, match="positions"):
        await desk.join(feed, Positions(EXC))
    assert feed.subscriptions == ()
    await desk.close(feed)


async def test_gap_is_filled_by_a_page_and_handlers_are_told_what_came() -> None:
    desk, told = Desk(), list[Plain]()
    await desk.answer(POSITIONS, positions_page(10, "1"), positions_page(20, "5"))
    feed, mirror = await joined(desk)
    feed.listen(feed.subscriptions[0], Listener(mirror, None, told.append))
    await desk.publish(position_delta(18, "4", "0.15.0"))
    await desk.publish(position_delta(20, "5", "0.18.0"))
    await desk.publish(position_delta(21, "6", "0.20.0"))
    await until(lambda: mirror.amount(SOL) == 6)
    await desk.close(feed)
    assert [change["amount"] for change in told] == [4, 5, 6]


async def test_new_epoch_takes_every_page_anew() -> None:
    desk = Desk()
    await desk.answer(
        POSITIONS, positions_page(10, "1"), positions_page(10, "2"), positions_page(3, "3", 1)
    )
    feed, mirror = await joined(desk)
    feed.epoch_began(1)
    feed.epoch_began(1)
    await until(lambda: mirror.amount(SOL) == 3)
    assert mirror.place == (1, 3)
    await desk.publish(position_delta(4, "4", "1.3.0", epoch=1))
    await until(lambda: mirror.amount(SOL) == 4)
    await desk.close(feed)


async def test_delta_of_a_new_epoch_takes_every_page_anew() -> None:
    desk = Desk()
    await desk.answer(POSITIONS, positions_page(10, "1"), positions_page(3, "3", 1))
    pages = OrdersPage(epoch=0, seq=10, orders=()), OrdersPage(epoch=1, seq=5, orders=())
    await desk.answer(subjects.ORDERS_PAGE, *pages)
    feed, mirror = await joined(desk)
    quiet = Orders(EXC)
    await desk.join(feed, quiet, subjects.ORDERS_PAGE)
    await desk.publish(position_delta(2, "2", epoch=1))
    await until(lambda: mirror.place == (1, 3))
    await until(lambda: quiet.place == (1, 5))
    await desk.close(feed)


async def test_cut_stream_takes_every_page_anew() -> None:
    desk = Desk()
    await desk.answer(POSITIONS, positions_page(10, "1"), positions_page(12, "5"))
    feed, mirror = await joined(desk)
    await desk.publish(position_delta(11, "2", "0.10.0"))
    await until(lambda: mirror.amount(SOL) == 2)
    desk.bus.disconnect()
    desk.world.server.deltas.cut(0)
    desk.bus.reconnect()
    await until(lambda: mirror.amount(SOL) == 5)
    await desk.publish(position_delta(13, "6", "0.12.0"))
    await until(lambda: mirror.amount(SOL) == 6)
    await desk.close(feed)


async def test_malformed_delta_is_passed_over() -> None:
    desk = Desk()
    await desk.answer(POSITIONS, positions_page(10, "1"))
    feed, mirror = await joined(desk)
    await desk.world.deltas.append("positions.bad", b"nonsense")
    await desk.publish(position_delta(11, "2", "0.10.0"))
    await until(lambda: mirror.amount(SOL) == 2)
    await desk.close(feed)


async def test_reading_waits_for_a_slow_handler_and_loses_nothing() -> None:
    desk, told, release = Desk(), list[Plain](), asyncio.Event()

    async def slow(change: Plain) -> None:
        await release.wait()
        told.append(change)

    await desk.answer(POSITIONS, positions_page(0, "0"))
    feed, mirror = await joined(desk, most_waiting=5, few_waiting=1)
    feed.listen(feed.subscriptions[0], Listener(mirror, None, slow))
    for seq in range(1, 51):
        await desk.publish(position_delta(seq, str(seq), f"0.{seq - 1}.0" if seq > 1 else None))
    await until(lambda: feed.is_paused)
    assert feed.subscriptions[0].backlog <= 6
    release.set()
    await until(lambda: len(told) == 50)
    await until(lambda: not feed.is_paused)
    assert [change["amount"] for change in told] == list(range(1, 51))
    await desk.close(feed)


async def test_changes_that_expired_unread_are_made_up_for_by_the_page() -> None:
    """Deltas are kept for two hours: who was away for longer is told by whatever comes next."""
    desk, release = Desk(), asyncio.Event()

    async def slow(_change: Plain) -> None:
        await release.wait()

    await desk.answer(POSITIONS, positions_page(0, "0"))
    feed, mirror = await joined(desk, most_waiting=5, few_waiting=1)
    feed.listen(feed.subscriptions[0], Listener(mirror, None, slow))
    for seq in range(1, 51):
        await desk.publish(position_delta(seq, str(seq), f"0.{seq - 1}.0" if seq > 1 else None))
    await until(lambda: feed.is_paused)
    desk.world.server.deltas.expire(before_seq=51)
    await desk.answer(POSITIONS, positions_page(51, "50"))
    await desk.publish(position_delta(51, "9", None, OTHER))

    release.set()

    await until(lambda: mirror.amount(SOL) == 50)
    await desk.close(feed)


async def test_closing_lets_handlers_finish_and_ends_what_waits() -> None:
    desk, told = Desk(), list[Plain]()
    await desk.answer(POSITIONS, positions_page(10, "1"))
    feed, mirror = await joined(desk)
    feed.listen(feed.subscriptions[0], Listener(mirror, None, told.append))
    waiting = asyncio.ensure_future(feed.until(lambda: False))
    await desk.publish(position_delta(11, "2", "0.10.0"))
    await until(lambda: mirror.amount(SOL) == 2)
    await desk.close(feed)
    assert len(told) == 1
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_closing_does_not_wait_for_ever() -> None:
    desk = Desk()
    await desk.answer(POSITIONS, positions_page(10, "1"))
    feed, mirror = await joined(desk, drain_timeout_s=0)

    async def stuck(_page: Positions) -> None:
        await asyncio.Event().wait()

    feed.listen(feed.subscriptions[0], Listener(mirror, stuck, None))
    await desk.close(feed)
    assert feed.subscriptions[0].mirror is mirror


async def test_vanished_order_is_asked_for() -> None:
    desk, mirror = Desk(), Orders(EXC)
    ended = order("c1", OrderStatus.CANCELLED)
    first = OrdersPage(epoch=0, seq=10, orders=(order("c1"), order("c2")))
    await desk.answer(subjects.ORDERS_PAGE, first, OrdersPage(epoch=0, seq=20, orders=()))
    await desk.answer(subjects.ORDER_HISTORY, NOT_YET, OrderHistory(order=ended), REFUSED)
    feed = await desk.feed()
    await desk.join(feed, mirror, subjects.ORDERS_PAGE)
    await desk.publish(order_delta(20, order("c3"), "0.15.0"))
    await until(lambda: mirror.known("c1") == ended)
    await until(lambda: len(mirror) == 0)
    assert mirror.known("c2") is None
    await desk.close(feed)


async def test_passed_asks_for_a_page_only_when_behind() -> None:
    desk, mirror = Desk(), Orders(EXC)
    await desk.answer(
        subjects.ORDERS_PAGE,
        OrdersPage(epoch=0, seq=10, orders=()),
        OrdersPage(epoch=0, seq=30, orders=(order("c1"),)),
    )
    feed = await desk.feed()
    await desk.join(feed, mirror, subjects.ORDERS_PAGE)
    await feed.passed(mirror, 10)
    assert len(mirror) == 0
    await feed.passed(mirror, 25)
    assert len(mirror) == 1
    await desk.close(feed)


async def test_page_asked_for_while_vanished_orders_are_settled_is_taken() -> None:
    desk, mirror = Desk(), Orders(EXC)
    ended = order("c1", OrderStatus.CANCELLED)
    await desk.answer(
        subjects.ORDERS_PAGE,
        OrdersPage(epoch=0, seq=10, orders=(order("c1"),)),
        OrdersPage(epoch=0, seq=20, orders=()),
        OrdersPage(epoch=0, seq=30, orders=(order("c2"),)),
    )
    feed = await desk.feed()
    await desk.join(feed, mirror, subjects.ORDERS_PAGE)
    later: list[asyncio.Task[None]] = []

    async def settles(request: bytes) -> bytes:
        desk.asked.append(codec.decode_query(request))
        later.append(asyncio.ensure_future(feed.passed(mirror, 25)))
        await until(lambda: feed.subscriptions[0].least == (0, 25))
        return codec.encode(OrderHistory(order=ended))

    await desk.world.serve(subjects.ORDER_HISTORY, settles, queue="test")
    await desk.publish(order_delta(20, order("c3"), "0.15.0"))
    await until(lambda: later and later[0].done())

    assert [row.client_order_id for row in mirror.page.rows.values()] == ["c2"]
    await desk.close(feed)
