"""A strategy dies: its resting orders go, whoever sends by then; the venue's books are the oracle.

Nobody stands for the hedger or the strategy but this test; what it asks for names its patience.
"""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tandem.cli.servers import LocalServer
from tandem.domain.ids import ClientOrderId, HedgeId, Strategy, maker_cloid
from tandem.domain.order import OrderStatus, OrderType, RejectReason
from tandem.messages import subjects
from tandem.messages.intents import NewOrder
from tandem.messages.reports import OrderCleared
from tandem.runtime.clock import SystemClock
from tests.conftest import Eventually
from tests.integration.gateway_binance import (
    EXC,
    SOL,
    STRATEGY,
    GatewayWorld,
    cloid,
    gateway_world,
)
from tests.integration.gateway_copies import CopiesWorld, copies_world
from tests.integration.heartbeats import living

NEW, CANCELLED, REJECTED = OrderStatus.NEW, OrderStatus.CANCELLED, OrderStatus.REJECTED
HEDGE = HedgeId("h1")
MAKER, OWN, KEPT, UNHEARD = maker_cloid(HEDGE), cloid(1), cloid(2), cloid(9)
AFTER_MS = 3_000  # so long no heartbeat of a test on a busy machine is late
WHY = f"no client of strategy {STRATEGY} was heard for {AFTER_MS} ms"
BELOW = "140"
AWAY_S = 2 * AFTER_MS / 1_000
LONG_S = 30.0


@pytest.fixture
async def world(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[GatewayWorld]:
    async with gateway_world(nats_server.url, tmp_path) as running:
        yield running


@pytest.fixture
async def copies(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[CopiesWorld]:
    silent = {"TANDEM_HEDGER_SILENCE_MS": "0"}
    async with copies_world(nats_server.url, tmp_path, silent, silent) as running:
        yield running


async def rest(
    world: GatewayWorld, eventually: Eventually, name: ClientOrderId, **terms: Any
) -> None:
    """Have an order rest that goes with its strategy."""
    wish = {"disconnect_after_ms": AFTER_MS, "valid_for_ms": 60_000}
    await world.place(name, "0.1", price=BELOW, **(wish | terms))
    await eventually(lambda: NEW in world.statuses(name), LONG_S)


async def resting(world: GatewayWorld) -> set[str]:
    """Return what rests at the venue, by its own books."""
    books = await world.venue.books()
    return {one["client_order_id"] for one in books["orders"] if one["status"] == "NEW"}


async def patience_is_over(world: GatewayWorld, eventually: Eventually) -> None:
    """Return once the order of a strategy that nobody heard, placed now, has ended."""
    order = NewOrder(
        exc=EXC,
        ticker=SOL,
        client_order_id=UNHEARD,
        amount=Decimal("0.1"),
        order_type=OrderType.LIMIT,
        strategy=Strategy("unheard"),
        price=Decimal(BELOW),
        valid_for_ms=60_000,
        disconnect_after_ms=AFTER_MS,
    )
    await world.log(subjects.new_order(EXC, order.strategy, UNHEARD), order)
    await eventually(lambda: {CANCELLED, REJECTED} & world.statuses(UNHEARD), LONG_S)


def reasons(world: GatewayWorld) -> dict[ClientOrderId, str]:
    return {one.client_order_id: one.text for one in world.facts(OrderCleared)}


async def test_dead_strategys_makers_and_orders_are_cancelled_and_say_why(
    world: GatewayWorld, eventually: Eventually
) -> None:
    async with living(world.bus, STRATEGY):
        await rest(world, eventually, MAKER, hedge_id=HEDGE)
        await rest(world, eventually, OWN)
        await rest(world, eventually, KEPT, disconnect_after_ms=None)
        assert await resting(world) == {MAKER, OWN, KEPT}

    await eventually(lambda: CANCELLED in world.statuses(MAKER))
    await eventually(lambda: CANCELLED in world.statuses(OWN))
    assert await resting(world) == {KEPT}
    assert reasons(world) == {MAKER: WHY, OWN: WHY}
    assert CANCELLED not in world.statuses(KEPT)


async def test_one_of_two_clients_of_a_name_keeps_the_orders_of_both(
    world: GatewayWorld, eventually: Eventually
) -> None:
    async with living(world.bus, STRATEGY, "one"):
        async with living(world.bus, STRATEGY, "two"):
            await rest(world, eventually, OWN)
        await patience_is_over(world, eventually)
        assert await resting(world) == {OWN}
    await eventually(lambda: CANCELLED in world.statuses(OWN))


async def test_order_of_a_strategy_that_is_gone_is_not_let_out(
    world: GatewayWorld, eventually: Eventually
) -> None:
    async with living(world.bus, STRATEGY):
        await rest(world, eventually, OWN)
        await rest(world, eventually, KEPT, disconnect_after_ms=60_000)
    await eventually(lambda: CANCELLED in world.statuses(OWN))

    await world.place(cloid(3), "0.1", price=BELOW, disconnect_after_ms=AFTER_MS)

    await eventually(lambda: REJECTED in world.statuses(cloid(3)))
    [refused] = [one for one in world.reports(cloid(3)) if one.order_status is REJECTED]
    assert (refused.reason, refused.text) == (RejectReason.HALTED, WHY)
    assert await resting(world) == {KEPT}


async def test_takers_of_a_dead_strategys_hedges_go_out(
    world: GatewayWorld, eventually: Eventually
) -> None:
    async with living(world.bus, STRATEGY):
        await rest(world, eventually, MAKER, hedge_id=HEDGE)
    await eventually(lambda: CANCELLED in world.statuses(MAKER))
    taker = await world.decide("1")
    await eventually(lambda: OrderStatus.FILLED in world.statuses(taker))


async def test_gateway_that_begins_gives_a_strategy_that_lives_time_to_be_heard(
    world: GatewayWorld, eventually: Eventually
) -> None:
    async with living(world.bus, STRATEGY):
        await rest(world, eventually, OWN)
        world.gateway.kill()
        world.gateway.spawn()
        await asyncio.to_thread(world.gateway.wait_ready)
        await patience_is_over(world, eventually)
        assert await resting(world) == {OWN}
        assert OWN not in reasons(world)

    await eventually(lambda: CANCELLED in world.statuses(OWN))


async def test_gateway_that_begins_after_the_strategy_died_cancels_what_rests(
    world: GatewayWorld, eventually: Eventually
) -> None:
    async with living(world.bus, STRATEGY):
        await rest(world, eventually, MAKER, hedge_id=HEDGE)
        await rest(world, eventually, OWN)
        world.gateway.kill()

    world.gateway.spawn()
    await asyncio.to_thread(world.gateway.wait_ready)

    await eventually(lambda: CANCELLED in world.statuses(MAKER))
    await eventually(lambda: CANCELLED in world.statuses(OWN))
    assert await resting(world) == set()


async def test_copy_that_takes_over_cancels_what_a_dead_strategy_left(
    copies: CopiesWorld, eventually: Eventually
) -> None:
    await eventually(lambda: len(copies.senders) == 1, LONG_S)
    sender = copies.senders[0]
    async with living(copies.bus, STRATEGY):
        await rest(copies, eventually, MAKER, hedge_id=HEDGE)
        await rest(copies, eventually, OWN)
        sender.child.kill()

    await eventually(lambda: CANCELLED in copies.statuses(MAKER), LONG_S)
    await eventually(lambda: CANCELLED in copies.statuses(OWN), LONG_S)
    assert await resting(copies) == set()
    assert reasons(copies) == {MAKER: WHY, OWN: WHY}


async def test_bus_that_is_away_is_not_the_strategys_death(
    world: GatewayWorld, nats_server: LocalServer, eventually: Eventually
) -> None:
    async with living(world.bus, STRATEGY):
        await rest(world, eventually, OWN)
        nats_server.kill()
        await SystemClock().sleep(AWAY_S)
        nats_server.start()
        await patience_is_over(world, eventually)
        assert await resting(world) == {OWN}

    await eventually(lambda: CANCELLED in world.statuses(OWN), LONG_S)


async def test_gateway_that_was_frozen_has_heard_nobody_die(
    copies: CopiesWorld, eventually: Eventually
) -> None:
    await eventually(lambda: len(copies.senders) == 1, LONG_S)
    async with living(copies.bus, STRATEGY):
        await rest(copies, eventually, OWN)
        for copy in copies.copies:
            copy.freeze()
        await SystemClock().sleep(AWAY_S)
        for copy in copies.copies:
            copy.thaw()
        await patience_is_over(copies, eventually)
        assert await resting(copies) == {OWN}
        assert OWN not in reasons(copies)
