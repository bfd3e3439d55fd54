"""Moments of a gateway that seeds rarely meet, each set up on the simulated network."""

import json
from decimal import Decimal

from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, ExecId, Strategy, VenueOrderId
from tandem.domain.order import OrderType, PriceMatch, Side
from tandem.gateway.shell.service import GatewayService
from tandem.messages import codec, subjects
from tandem.messages.facts import read_fact
from tandem.messages.intents import NewOrder
from tandem.messages.reports import FillReport, OrderReport
from tandem.transport.exchange import HttpRequest
from tests.simulation.copies import HYPERLIQUID, HYPERLIQUID_TICKER
from tests.simulation.loop import VirtualLoop, spawn
from tests.simulation.network import Reply
from tests.simulation.plan import TOGGLES, Plan, plan
from tests.simulation.world import World

KIND = "gateway-hyperliquid"


def calm() -> Plan:
    """Return a world of single copies in which nothing goes wrong by itself."""
    return plan(1, frozenset(TOGGLES), 0)


async def gateway(world: World) -> GatewayService:
    """Start everything; return the gateway once it sends."""
    world.start()
    service = world.copies[KIND, 0].service
    while not (isinstance(service, GatewayService) and service.fitness().is_caught_up):
        await world.clock.sleep(0.1)
        service = world.copies[KIND, 0].service
    while not service._fence.is_open:
        await world.clock.sleep(0.1)
    return service


def run(work: object) -> None:
    loop = VirtualLoop()
    world = World(calm(), loop)
    try:
        loop.run_until_complete(spawn(loop, None, work(world), "test"))  # type: ignore[operator]
    finally:
        loop.bury()


def test_no_fence_opens_once_a_drain_has_begun() -> None:
    """What the process then says of the last intents it may have sent must stay true."""

    async def work(world: World) -> None:
        service = await gateway(world)
        service._fence.stop()
        await service._queries.time_ms()
        service._fence.try_open()
        assert not service._fence.is_open

    run(work)


def test_a_cut_log_is_looked_back_for_although_a_backfill_was_under_way() -> None:
    """The run that had begun before asks too little, and must not pass for the one that looks."""

    async def work(world: World) -> None:
        service = await gateway(world)
        asked: list[int] = []
        front, held = world.hyperliquid, list[tuple[HttpRequest, Reply]]()
        answer, backfill = front.http, service._backfill
        is_slow = True

        def http(request: HttpRequest, reply: Reply) -> None:
            body = json.loads(request.body)
            if body.get("type") != "userFillsByTime":
                answer(request, reply)
                return
            asked.append(body["startTime"])
            if is_slow:
                held.append((request, reply))
            else:
                answer(request, reply)

        front.http = http  # type: ignore[method-assign]
        begun = backfill.begun
        backfill.want()
        while not held:
            await world.clock.sleep(0.01)
        since_ms = world.venues[HYPERLIQUID].now_ms() - 3_600_000
        backfill.look_back(since_ms)
        is_slow = False
        for request, reply in held:
            answer(request, reply)
        backfill.want()
        await backfill.until_run_after(begun + 1)
        assert since_ms in asked[len(held) :]

    run(work)


def test_order_whose_fill_was_read_before_its_intent_is_never_found_absent() -> None:
    """The log lost the intent and got it anew; however long nothing is found, it is not sent."""
    cloid = ClientOrderId(f"0x{7:032x}")
    fill = FillReport(
        exc=HYPERLIQUID,
        ticker=HYPERLIQUID_TICKER,
        exec_id=ExecId("1-1-1"),
        venue_order_id=VenueOrderId("1"),
        client_order_id=cloid,
        side=Side.BUY,
        last_qty=Decimal(1),
        last_px=Decimal(100),
        source=ReportSource.EVENT,
        ts_event_ns=1,
    )
    order = NewOrder(
        exc=HYPERLIQUID,
        ticker=HYPERLIQUID_TICKER,
        client_order_id=cloid,
        amount=Decimal(1),
        order_type=OrderType.LIMIT,
        strategy=Strategy("s"),
        price=Decimal(99),
        valid_for_ms=60_000,
    )

    async def work(world: World) -> None:
        service = await gateway(world)
        log = world.server.oms
        log.store(subjects.fill_report(fill.exc, fill.ticker, fill.exec_id), codec.encode(fill))
        name = subjects.new_order(order.exc, order.strategy, cloid)
        log.store(name, codec.encode(order))
        await world.clock.sleep(20)
        assert cloid in service._core.sender
        placed = world.venues[HYPERLIQUID].books.orders.values()
        assert cloid not in {one.cloid for one in placed}

    run(work)


def test_price_that_the_gateway_chose_is_said_by_whoever_tells_of_the_order() -> None:
    """The acknowledgement says it, and may be lost; the venue itself has no word for it."""
    cloid = ClientOrderId(f"0x{8:032x}")
    order = NewOrder(
        exc=HYPERLIQUID,
        ticker=HYPERLIQUID_TICKER,
        client_order_id=cloid,
        amount=Decimal(1),
        order_type=OrderType.LIMIT,
        strategy=Strategy("s"),
        price_match=PriceMatch.QUEUE,
        valid_for_ms=60_000,
    )

    async def work(world: World) -> None:
        await gateway(world)
        log = world.server.oms
        name = subjects.new_order(order.exc, order.strategy, cloid)
        log.store(name, codec.encode(order))
        await world.clock.sleep(20)
        facts = [read_fact(one.subject, one.payload) for one in log.after(0)]
        told = [
            fact.emulated
            for fact in facts
            if isinstance(fact, OrderReport)
            and fact.client_order_id == cloid
            and fact.source is not ReportSource.ACK
        ]
        assert told
        assert all(told)

    run(work)
