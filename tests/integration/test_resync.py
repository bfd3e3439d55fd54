"""After each way to lose touch with a venue the pages equal its books again, with no restart."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from tandem.cli.servers import LocalServer
from tandem.domain.execution import ReportSource
from tandem.messages.reports import LinkState
from tandem.runtime.clock import SystemClock
from tests.conftest import Eventually
from tests.integration.resync_venues import VENUES
from tests.integration.resync_world import ResyncWorld, cloid, resync_world

# One backfill interval (1 s here), the stream's grace (3 s) where it must first be found mute,
# and the second that position-state gives missing fills, on a busy machine.
SOON_S = 10.0
DOWN_S = 5.0
# Fills that come hundreds at a time, more than one page of either venue's list (1,000 and 2,000).
THIN_QTY = Decimal("0.01")
THIN_ASKS = [[f"{Decimal(151) + THIN_QTY * step}", str(THIN_QTY)] for step in range(600)]
SWEEPS = {"binance": 2, "hyperliquid": 4}


@pytest.fixture(params=sorted(VENUES))
async def world(
    request: pytest.FixtureRequest, nats_server: LocalServer, tmp_path: Path
) -> AsyncIterator[ResyncWorld]:
    async with resync_world(request.param, nats_server.url, tmp_path) as running:
        yield running


async def rest(world: ResyncWorld, eventually: Eventually, number: int, amount: str) -> str:
    """Place a sell order at 150.00, inside the spread; return the venue's id."""
    await world.place(cloid(number), amount, "150")
    await eventually(lambda: any(r.client_order_id == cloid(number) for r in world.orders()))
    row = next(row for row in world.orders() if row.client_order_id == cloid(number))
    await eventually(lambda: bool(world.reports(str(oid_of(world, number)))))
    return str(row.venue_order_id or oid_of(world, number))


def oid_of(world: ResyncWorld, number: int) -> str | None:
    rows = [row for row in world.orders() if row.client_order_id == cloid(number)]
    return rows[0].venue_order_id if rows else None


async def test_cut_socket(world: ResyncWorld, eventually: Eventually) -> None:
    await rest(world, eventually, 1, "-3")
    world.relay.cut()
    await eventually(lambda: world.states()[-1] is LinkState.DOWN)
    await world.trade("buy", "150", "1")
    await world.trade("buy", "150", "0.5")

    world.relay.mend()
    await world.agrees(SOON_S)

    assert world.amount() == Decimal("-1.5")
    assert len(world.fills()) == 2
    await eventually(world.is_resynced)


async def test_mute_stream_whose_socket_stays_open_is_found_and_opened_anew(
    world: ResyncWorld, eventually: Eventually
) -> None:
    await rest(world, eventually, 1, "-3")
    await eventually(world.is_resynced)
    known = len(world.states())
    await world.venue.mute()
    await world.trade("buy", "150", "1")

    await world.agrees(SOON_S)
    await eventually(lambda: world.broke_since(known))
    await world.venue.unmute()
    await eventually(world.is_resynced)
    await world.trade("buy", "150", "1")
    await eventually(lambda: world.fills()[-1].source is ReportSource.EVENT)
    await world.agrees(SOON_S)


async def test_cancel_by_hand_that_no_stream_told(
    world: ResyncWorld, eventually: Eventually
) -> None:
    oid = await rest(world, eventually, 1, "-3")
    await world.trade("buy", "150", "1")
    await eventually(lambda: len(world.fills()) == 1)
    await world.venue.mute()
    await world.venue.cancel(oid)

    await world.agrees(SOON_S)

    assert world.orders() == ()
    assert world.amount() == Decimal(-1)


async def test_last_fill_that_no_stream_told(world: ResyncWorld, eventually: Eventually) -> None:
    await rest(world, eventually, 1, "-3")
    await world.trade("buy", "150", "1")
    await eventually(lambda: len(world.fills()) == 1)
    await world.venue.mute()
    await world.trade("buy", "150", "2")

    await world.agrees(SOON_S)

    assert world.orders() == ()
    assert world.amount() == Decimal(-3)


async def test_order_placed_by_hand_is_adopted_and_marked(
    world: ResyncWorld, eventually: Eventually
) -> None:
    oid = await world.venue.place("-2", "150")
    await eventually(lambda: world.row(oid) is not None)
    await world.trade("buy", "150", "0.5")

    await world.agrees(SOON_S)

    row = world.row(oid)
    assert row is not None
    assert (row.external, row.amount, row.cum_qty) == (True, Decimal(-2), Decimal("0.5"))
    deltas = [one.order for one in await world.folds.deltas() if hasattr(one, "order")]
    assert {view.external for view in deltas if view.venue_order_id == oid} == {True}
    assert world.amount() == Decimal("-0.5")
    assert world.decisions() == []


async def test_order_placed_by_hand_that_no_stream_told(
    world: ResyncWorld, eventually: Eventually
) -> None:
    await world.venue.mute()
    oid = await world.venue.place("-2", "150")
    await world.trade("buy", "150", "0.5")

    await world.agrees(SOON_S)

    row = world.row(oid)
    assert row is not None
    assert row.external


async def test_order_placed_by_hand_is_cancelled_by_its_venue_id(
    world: ResyncWorld, eventually: Eventually
) -> None:
    oid = await world.venue.place("-2", "150")
    await eventually(lambda: world.row(oid) is not None)
    await world.trade("buy", "150", "0.5")

    await world.cancel_oid(oid)
    await eventually(lambda: world.row(oid) is None)

    await world.agrees(SOON_S)
    assert (await world.venue.books()).open_orders == ()


async def test_gateway_away_while_orders_fill_end_and_appear(
    world: ResyncWorld, eventually: Eventually
) -> None:
    filled = await rest(world, eventually, 1, "-1")
    ended = await rest(world, eventually, 2, "-2")
    await world.kill_gateway()
    await world.trade("buy", "150", "1.5")
    await world.venue.cancel(ended)
    by_hand = await world.venue.place("1", "149")

    await world.start_gateway()
    await world.agrees(SOON_S)

    assert world.row(filled) is None
    assert [row.venue_order_id for row in world.orders()] == [by_hand]
    assert world.amount() == Decimal("-1.5")


async def test_order_of_which_only_a_fill_is_left_is_asked_for(
    world: ResyncWorld, eventually: Eventually
) -> None:
    await world.kill_gateway()
    oid = await world.venue.place("2")

    await world.start_gateway()
    await eventually(lambda: bool(world.reports(oid)), within_s=SOON_S)

    await world.agrees(SOON_S)
    assert world.amount() == Decimal(2)


async def test_venue_away_for_long_is_noticed_soon_after_its_return(
    world: ResyncWorld, eventually: Eventually
) -> None:
    await rest(world, eventually, 1, "-3")
    world.relay.cut()
    for _ in range(int(DOWN_S)):
        await world.trade("buy", "150", "0.25")
        await SystemClock().sleep(1)  # how long the venue is away is what is tested

    world.relay.mend()
    await eventually(world.is_resynced, within_s=SOON_S)

    await world.agrees(SOON_S)
    assert world.amount() == Decimal("-1.25")
    assert len(world.fills()) == int(DOWN_S)


async def test_many_fills_during_an_absence_are_listed_page_by_page(
    world: ResyncWorld, eventually: Eventually
) -> None:
    await world.kill_gateway()
    sweeps = SWEEPS[world.venue.exc]
    for _ in range(sweeps):
        await world.venue.show([["149.90", "5"]], THIN_ASKS)
        await world.venue.place(str(len(THIN_ASKS) * THIN_QTY))

    await world.start_gateway()

    count = sweeps * len(THIN_ASKS)
    await eventually(lambda: len({one.exec_id for one in world.fills()}) == count, 3 * SOON_S)
    await world.agrees(SOON_S)


async def test_stream_whose_bytes_no_longer_come_is_found(
    world: ResyncWorld, eventually: Eventually
) -> None:
    await rest(world, eventually, 1, "-3")
    await eventually(world.is_resynced)
    known = len(world.states())
    world.relay.freeze()
    await world.trade("buy", "150", "1")

    await world.agrees(SOON_S)
    await eventually(lambda: world.broke_since(known))
    await eventually(world.is_resynced)
