"""The client on a real server: mirrors lose nothing, handlers see each change once and in order."""

import asyncio
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from decimal import Decimal as D
from typing import Any

import pytest

from services.order_state.fold import OrderFold
from services.position_state.fold import PositionFold
from tandem import OMS
from tandem.bus import topology
from tandem.cli.servers import LocalServer
from tandem.client.arguments import HedgeLeg, MakerOrder
from tandem.client.mirror.mirrors import Orders, Positions
from tandem.client.oms import ClientOptions
from tandem.domain.errors import ConflictError, InvalidInputError, UnavailableError
from tandem.domain.order import OrderStatus
from tandem.messages import codec, subjects
from tandem.messages.deltas import FillDelta, OrderView
from tandem.messages.intents import Halt, Resume
from tests.integration.state_services import EXC, TICKER, World, start_world

Eventually = Callable[..., Awaitable[None]]
Change = dict[str, Any]


@pytest.fixture
async def world(nats_server: LocalServer) -> AsyncIterator[World]:
    """A server, one copy of each state service, one listed instrument."""
    made = await start_world(nats_server.url)
    yield made
    await made.close()


@pytest.fixture
async def oms(world: World) -> AsyncIterator[OMS]:
    async with OMS(world.url, strategy="s") as made:
        yield made


def statuses(changes: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(change["ord_status"]) for change in changes]


async def test_order_goes_from_pending_to_cancelled(world: World, oms: OMS) -> None:
    changes: list[Change] = []
    await oms.orders_mirror(EXC, on_delta=changes.append)
    handle = await oms.limit_order(EXC, TICKER, -1, price="100.5")
    await world.report(handle.cloid, OrderStatus.NEW, "77")
    acknowledged = await handle.acknowledged(timeout_s=5)
    receipt = await oms.cancel_order(EXC, cloid=handle.cloid)
    await world.report(handle.cloid, OrderStatus.CANCELLED, "77")
    rows = await receipt.done(timeout_s=5)
    ended = await handle.done(timeout_s=5)
    assert (acknowledged.order_status, acknowledged.venue_order_id) == (OrderStatus.NEW, "77")
    assert rows == (ended,)
    assert ended.order_status is OrderStatus.CANCELLED
    await oms.cleanup()
    assert statuses(changes) == ["PENDING", "NEW", "NEW", "CANCELLED"]
    assert [change["cancel_pending"] for change in changes] == [False, False, True, False]
    assert [change["oid"] for change in changes] == [None, "77", "77", "77"]


async def test_queries_tell_an_order_and_its_history(world: World, oms: OMS) -> None:
    handle = await oms.limit_order(EXC, TICKER, 1, price=100)
    await world.report(handle.cloid, OrderStatus.NEW, "78")
    await world.report(handle.cloid, OrderStatus.CANCELLED, "78")
    await handle.done(timeout_s=5)
    found, same = oms.cloid_query(EXC, handle.cloid), oms.oid_query(EXC, "78")
    assert found is not None
    assert found == same
    assert statuses(found["history"]) == ["PENDING", "NEW", "CANCELLED"]
    assert oms.oid_query(EXC, "none") is None


async def test_order_nobody_answers_is_of_unknown_outcome(world: World) -> None:
    async with OMS(world.url, strategy="s", pending_timeout=50) as oms:
        handle = await oms.limit_order(EXC, TICKER, 1, price=100)
        with pytest.raises(UnavailableError, match="unknown"):
            await handle.acknowledged()


async def test_same_client_id_is_one_order_or_a_conflict(world: World, oms: OMS) -> None:
    cloid = oms.rand_cloid(EXC)
    await oms.limit_order(EXC, TICKER, 1, price=100, cloid=cloid)
    before = (await world.bus.log.state()).last_seq
    await oms.limit_order(EXC, TICKER, 1, price=100, cloid=cloid)
    with pytest.raises(ConflictError):
        await oms.limit_order(EXC, TICKER, 2, price=100, cloid=cloid)
    assert (await world.bus.log.state()).last_seq == before


async def test_same_hedge_id_is_one_hedge_or_a_conflict(world: World, oms: OMS) -> None:
    hedge_id = oms.rand_hedge_id()
    maker: MakerOrder = {"exc": EXC, "ticker": TICKER, "amount": 1}
    leg: HedgeLeg = {"exc": EXC, "ticker": TICKER}
    first = await oms.hedge_order(maker | {"price": 100}, leg, hedge_id=hedge_id)
    before = await world.bus.log.find(subjects.hedge_intent(oms.strategy, hedge_id))
    again = await oms.hedge_order(maker | {"price": 100}, leg, hedge_id=hedge_id)
    with pytest.raises(ConflictError):
        await oms.hedge_order(maker | {"price": 101}, leg, hedge_id=hedge_id)
    with pytest.raises(InvalidInputError, match="hedge_id"):
        await oms.hedge_order(maker | {"price": 101}, leg, hedge_id="")
    assert first.hedge_id == again.hedge_id == hedge_id
    assert await world.bus.log.find(subjects.hedge_intent(oms.strategy, hedge_id)) == before


async def test_cancel_of_all_covers_what_was_asked_before_it(world: World, oms: OMS) -> None:
    handles = [await oms.limit_order(EXC, TICKER, 1, price=100 + n) for n in range(3)]
    receipt = await oms.cancel_open_orders(EXC)
    later = await oms.limit_order(EXC, TICKER, 1, price=90)
    with pytest.raises(UnavailableError, match="not proven gone"):
        await receipt.done(timeout_s=0.2)
    for number, handle in enumerate(handles):
        await world.report(handle.cloid, OrderStatus.CANCELLED, str(number))
    await receipt.done(timeout_s=5)
    assert [row.client_order_id for row in oms.orders_peek(EXC)] == [later.cloid]


async def test_cancel_of_an_order_that_ended_before_joining_is_done(world: World, oms: OMS) -> None:
    handle = await oms.limit_order(EXC, TICKER, 1, price=100)
    await world.report(handle.cloid, OrderStatus.CANCELLED, "5")
    await handle.done(timeout_s=5)
    async with OMS(world.url, strategy="late") as late:
        receipt = await late.cancel_order(EXC, cloid=handle.cloid)
        (row,) = await receipt.done(timeout_s=5)
    assert row.order_status is OrderStatus.CANCELLED


async def test_order_without_client_id_is_cancelled_by_its_venue_id(
    world: World, oms: OMS, eventually: Eventually
) -> None:
    await world.outside()
    await eventually(lambda: oms.orders_peek(EXC).by_oid("900"))
    receipt = await oms.cancel_order(EXC, ticker=TICKER, oid="900")
    with pytest.raises(UnavailableError, match="900"):
        await receipt.done(timeout_s=0.2)


async def test_late_joiner_sees_the_same_page(world: World, oms: OMS) -> None:
    handles = [await oms.limit_order(EXC, TICKER, 1, price=100 + n) for n in range(3)]
    await world.report(handles[0].cloid, OrderStatus.CANCELLED, "0")
    await world.fill_many(5)
    await handles[0].done(timeout_s=5)
    await oms.account_fills_mirror(EXC)
    async with OMS(world.url, strategy="late", fills_mirrored_exchanges=[EXC]) as late:
        assert late.orders_peek(EXC).as_dict() == oms.orders_peek(EXC).as_dict()
        assert late.positions_peek(EXC).as_dict() == oms.positions_peek(EXC).as_dict()
        assert late.fills_peek(EXC).as_list() == oms.fills_peek(EXC).as_list()
        assert late.get_position(EXC, TICKER) == D("0.5")


async def test_join_under_load_misses_and_repeats_nothing(
    world: World, eventually: Eventually
) -> None:
    filling = asyncio.ensure_future(world.fill_many(600))
    clients = [OMS(world.url, strategy=f"s{number}") for number in range(3)]
    seen: list[list[Change]] = [[] for _ in clients]
    for client, changes in zip(clients, seen, strict=True):
        await client.init()
        await client.positions_mirror(EXC, on_delta=changes.append)
    await filling
    for client, changes in zip(clients, seen, strict=True):
        await eventually(lambda client=client: client.get_position(EXC, TICKER) == 60)
        await client.cleanup()
        amounts = [change["amount"] for change in changes]
        assert amounts[-1] == 60
        assert amounts == [amounts[0] + n * D("0.1") for n in range(len(amounts))]
        assert {change["delta"] for change in changes} == {D("0.1")}


async def test_server_killed_and_back_leaves_no_gap(
    world: World, oms: OMS, nats_server: LocalServer, eventually: Eventually
) -> None:
    fills: list[Change] = []
    moves: list[Change] = []
    await oms.account_fills_mirror(EXC, on_delta=fills.append)
    await oms.positions_mirror(EXC, on_delta=moves.append)
    await world.fill_many(50)
    filling = asyncio.ensure_future(world.fill_many(100, first=50))
    await eventually(lambda: len(moves) > 60)
    await asyncio.to_thread(nats_server.kill)
    await asyncio.to_thread(nats_server.start)
    await filling
    await world.fill_many(20, first=150)
    await eventually(lambda: len(moves) >= 170, within_s=30)
    await eventually(lambda: len(fills) >= 170)
    assert [change["exec_id"] for change in fills] == [f"e{n}" for n in range(170)]
    assert [change["amount"] for change in moves] == [(n + 1) * D("0.1") for n in range(170)]
    assert oms.get_position(EXC, TICKER) == 17


async def test_server_that_lost_its_store_begins_a_new_epoch(
    world: World, oms: OMS, nats_server: LocalServer, eventually: Eventually
) -> None:
    pages: list[int] = []
    await oms.positions_mirror(EXC, on_update=lambda page: pages.append(len(page)))
    asked = await oms.limit_order(EXC, TICKER, 1, price=100)
    await world.outside()
    await world.fill_many(5)
    await eventually(lambda: oms.get_position(EXC, TICKER) == D("0.5"))
    await eventually(lambda: len(oms.orders_peek(EXC)) == 2)
    await asyncio.to_thread(nats_server.kill)
    shutil.rmtree(nats_server.settings.directory / "jetstream", ignore_errors=True)
    await asyncio.to_thread(nats_server.start)
    await eventually(lambda: world.bus.connected)
    await topology.apply(world.bus, topology.Limits())
    await eventually(lambda: oms.get_position(EXC, TICKER) == 0, within_s=30)
    # What the strategy asked for is offered to the new log; the venue has to tell its part anew.
    await eventually(lambda: [one.client_order_id for one in oms.orders_peek(EXC)] == [asked.cloid])
    await world.fill_many(2, first=70)
    await eventually(lambda: oms.get_position(EXC, TICKER) == D("0.2"))
    await eventually(lambda: pages[-1] == 1)


async def test_slow_handler_is_seen_and_loses_nothing(world: World, eventually: Eventually) -> None:
    release = asyncio.Event()
    seen: list[str] = []

    async def slow(change: Change) -> None:
        await release.wait()
        seen.append(change["exec_id"])

    async with OMS(world.url, strategy="s", options=ClientOptions(most_waiting=40)) as oms:
        await oms.account_fills_mirror(EXC, on_delta=slow)
        await world.fill_many(300)
        await eventually(lambda: max(oms.backlogs.values()) > 40)
        held = max(oms.backlogs.values())
        release.set()
        await eventually(lambda: len(seen) == 300)
        assert held < 60
        assert seen == [f"e{number}" for number in range(300)]
        assert len(oms.fills_peek(EXC)) == 300


async def test_raising_handlers_miss_nothing(
    world: World, oms: OMS, eventually: Eventually
) -> None:
    seen: list[D] = []
    pages: list[Positions] = []

    def on_delta(change: Change) -> None:
        seen.append(change["amount"])
        raise RuntimeError("a bug of the strategy")

    async def on_update(page: Positions) -> None:
        pages.append(page)
        raise asyncio.CancelledError

    mirror = await oms.positions_mirror(EXC, on_update=on_update, on_delta=on_delta)
    await world.fill_many(20)
    await eventually(lambda: len(seen) == 20)
    await eventually(lambda: pages and all(page is mirror for page in pages))
    assert seen == [(number + 1) * D("0.1") for number in range(20)]


async def test_handlers_may_be_sync_or_async_and_many(
    world: World, oms: OMS, eventually: Eventually
) -> None:
    plain: list[str] = []
    awaited: list[str] = []
    pages: list[list[OrderView]] = []

    async def on_delta(change: Change) -> None:
        awaited.append(change["ord_status"])

    def on_update(page: Orders) -> None:
        pages.append(list(page))

    before = oms.orders_peek(EXC)
    watched = await oms.orders_mirror(
        EXC, on_update, lambda change: plain.append(change["ord_status"])
    )
    assert watched is await oms.orders_mirror(EXC, on_delta=on_delta) is before
    handle = await oms.limit_order(EXC, TICKER, 1, price=100)
    await world.report(handle.cloid, OrderStatus.REJECTED)
    await handle.done(timeout_s=5)
    await eventually(lambda: plain == awaited == ["PENDING", "REJECTED"])
    assert pages[0] == []
    assert pages[-1] == []


async def test_two_copies_give_each_delta_once_and_the_same_pages(
    world: World, oms: OMS, eventually: Eventually
) -> None:
    await world.add(OrderFold())
    await world.add(PositionFold())
    fills: list[str] = []
    await oms.account_fills_mirror(EXC, on_delta=lambda change: fills.append(change["exec_id"]))
    handles = [await oms.limit_order(EXC, TICKER, 1, price=100 + n) for n in range(20)]
    await world.fill_many(60)
    await world.copies["order-state"][0].kill()
    await world.copies["position-state"][0].kill()
    del world.copies["order-state"][0], world.copies["position-state"][0]
    await world.add(OrderFold())
    await world.add(PositionFold())
    for number, handle in enumerate(handles):
        await world.report(handle.cloid, OrderStatus.CANCELLED, str(number))
    await world.fill_many(60, first=60)
    for handle in handles:
        await handle.done(timeout_s=10)
    await eventually(lambda: len(fills) >= 120)
    last = (await world.bus.log.state()).last_seq
    for copies in world.copies.values():
        await eventually(lambda c=copies: all(one.runner.head.seq >= last for one in c))
        await eventually(lambda c=copies: all(one.runner.in_flight == 0 for one in c))
    assert fills == [f"e{number}" for number in range(120)]
    stored = await world.deltas()
    counted = Counter((type(delta), delta.delta_id) for delta in stored)
    assert max(counted.values()) == 1
    assert sum(isinstance(delta, FillDelta) for delta in stored) == 120
    one, other = world.copies["order-state"]
    assert one.page(subjects.ORDERS_PAGE) == other.page(subjects.ORDERS_PAGE)
    assert one.page(subjects.FILLS_PAGE) == other.page(subjects.FILLS_PAGE)
    held, same = world.copies["position-state"]
    assert held.page(subjects.POSITIONS_PAGE) == same.page(subjects.POSITIONS_PAGE)


async def test_clock_callbacks_go_on_until_cleanup(oms: OMS, eventually: Eventually) -> None:
    beats: list[int] = []

    def beat() -> None:
        beats.append(1)
        raise RuntimeError("a bug of the strategy")

    await oms.add_clock_callback(beat, interval_ms=1)
    await eventually(lambda: len(beats) >= 3)
    await oms.cleanup()
    told = len(beats)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 0.02)
    assert len(beats) == told


async def test_init_says_what_is_missing(nats_server: LocalServer) -> None:
    options = ClientOptions(ready_timeout_s=0.3)
    with pytest.raises(UnavailableError):
        await OMS("nats://127.0.0.1:1", strategy="s", options=options).init()
    with pytest.raises(UnavailableError):
        await OMS(nats_server.url, strategy="s", options=options).init()


async def test_account_that_never_logged_is_named(world: World) -> None:
    options = ClientOptions(ready_timeout_s=0.3)
    client = OMS(world.url, strategy="s", exchanges=[EXC, "other"], options=options)
    with pytest.raises(UnavailableError, match="other"):
        await client.init()


async def test_state_service_that_is_down_is_named(world: World) -> None:
    await world.copies["position-state"][0].kill()
    options = ClientOptions(ready_timeout_s=0.5)
    with pytest.raises(UnavailableError, match="positions"):
        await OMS(world.url, strategy="s", options=options).init()


async def test_venue_that_does_not_answer_is_unavailable(oms: OMS) -> None:
    with pytest.raises(UnavailableError):
        await oms.positions_get(EXC)
    with pytest.raises(InvalidInputError):
        await oms.positions_get("nowhere")


def test_client_needs_no_server_packages() -> None:
    blocked = "redis aiohttp websockets prometheus_client coincurve sha3 rich services"
    code = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({blocked!r}.split()))\n"
        "from tandem import OMS\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stderr == ""


async def test_a_halt_and_its_resume_are_in_the_log_under_their_tokens(
    world: World, oms: OMS
) -> None:
    token = await oms.halt("closing", exc=EXC)
    await oms.resume(token)

    halted = await world.bus.log.find(subjects.halt(token))
    resumed = await world.bus.log.find("oms.control.resume.*")

    assert halted is not None
    assert resumed is not None
    assert codec.decode_fact(halted.payload) == Halt(
        token=token, strategy=oms.strategy, exc=EXC, text="closing"
    )
    lifted = codec.decode_fact(resumed.payload)
    assert isinstance(lifted, Resume)
    assert lifted.halt == token
