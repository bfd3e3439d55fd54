"""Moments of a gateway that seeds rarely meet, each set up on the simulated network."""

import json

from tandem.gateway.shell import GatewayService
from tandem.transport.exchange import HttpRequest
from tests.simulation.copies import HYPERLIQUID
from tests.simulation.loop import VirtualLoop, spawn
from tests.simulation.network import Reply
from tests.simulation.plan import TOGGLES, Plan, plan
from tests.simulation.world import World

NS_PER_S = 1_000_000_000
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
