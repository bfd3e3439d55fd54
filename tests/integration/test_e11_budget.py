"""Questions and doubts leave the backfill its room; the counts are those of the requests made."""

import asyncio
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tandem.cli.servers import LocalServer
from tandem.domain.errors import UnavailableError
from tandem.domain.execution import ReportSource
from tandem.domain.order import OrderStatus
from tandem.messages.codec import Answer
from tandem.messages.queries import AskKind, QueryFailed, SpecsRefreshed, VenueOrders
from tests.conftest import Eventually
from tests.integration.gateway_binance import GatewayWorld, cloid, gateway_world

ASKS = 5_000
ORDERS = 34
LONG_S = 30.0
WEIGHTS = {
    "/fapi/v1/time": 1,
    "/fapi/v1/openOrders": 40,
    "/fapi/v1/openOrders?symbol=": 1,
    "/fapi/v1/order?symbol=": 1,
    "/fapi/v1/allOrders?symbol=": 5,
    "/fapi/v1/userTrades?symbol=": 5,
    "/fapi/v3/positionRisk": 5,
}
OPEN_ORDERS = "/fapi/v1/openOrders"
BACKFILL = 46  # the time, the positions, the open orders of all symbols
POSITIONS = "/fapi/v3/positionRisk"
NEW = OrderStatus.NEW


@pytest.fixture
async def world(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[GatewayWorld]:
    async with gateway_world(
        nats_server.url, tmp_path, TANDEM_BACKFILL_LIVE_SECONDS="3"
    ) as running:
        yield running


async def asked(world: GatewayWorld) -> Answer | None:
    """Return what one question brought; None: it was left unanswered."""
    try:
        return await world.ask(AskKind.ORDERS)
    except UnavailableError:
        return None


async def test_e11_a_flood_of_questions_does_not_delay_the_backfill_of_a_lost_fill(
    world: GatewayWorld, eventually: Eventually
) -> None:
    await world.place(cloid(1), "1", price="140")
    await eventually(lambda: NEW in world.statuses(cloid(1)))
    await world.venue.control("faults", {"events": [{"action": "DROP", "event": "", "count": 20}]})
    flood = asyncio.gather(*(asked(world) for _ in range(ASKS)))
    await eventually(lambda: OPEN_ORDERS in world.relay.asked)
    before = len(world.relay.asked)
    await world.venue.trade("sell", "140.00", "1")
    await eventually(lambda: world.fills_of(cloid(1)), LONG_S)
    since = world.relay.asked[before:]
    answers = await flood
    (fill,) = world.fills_of(cloid(1))
    assert (fill.last_qty, fill.source) == (Decimal(1), ReportSource.QUERY)
    # The run under way may have listed the fills just before; the next one finds it.
    assert since.count(POSITIONS) <= 2
    # Of 5,000 questions each has its answer, or is told at once that there are too many.
    told = [one for one in answers if isinstance(one, QueryFailed)]
    assert all("too many open questions" in one.text and one.retryable for one in told)
    assert sum(isinstance(one, VenueOrders) for one in answers) + len(told) == ASKS
    # One request answers many: the rest of the listings are the backfill's.
    assert since.count(OPEN_ORDERS) - since.count(POSITIONS) <= 20


async def test_e11_dozens_of_orders_in_doubt_share_their_lists(
    world: GatewayWorld, eventually: Eventually
) -> None:
    """The answers to 34 placements are lost and the stream is mute: half of them were executed."""
    answers = [
        {"operation": "place_order", "breakdown": "TIMEOUT", "is_executed": number % 2 == 0}
        for number in range(ORDERS)
    ]
    events = [{"action": "DROP", "event": "", "count": 200}]
    await world.venue.control("faults", {"answers": answers, "events": events})
    before = len(world.relay.asked)
    names = [cloid(100 + number) for number in range(ORDERS)]
    for name in names:
        await world.place(name, "1", price="140", valid_for_ms=1_000)
    await eventually(lambda: all(is_concluded(world, name)() for name in names), LONG_S)
    since = world.relay.asked[before:]
    books = await world.venue.books()
    placed = {order["client_order_id"] for order in books["orders"]}
    assert {name for name in names if NEW in world.statuses(name)} == placed
    assert {name for name in names if OrderStatus.REJECTED in world.statuses(name)} == (
        set(names) - placed
    )
    proofs = sum(WEIGHTS.get(one, 0) for one in since) - BACKFILL * since.count(POSITIONS)
    assert proofs < 200, f"{proofs}: { ({one: since.count(one) for one in set(since)}) }"


async def test_e11_quotes_wait_before_the_venue_refuses_and_hedges_have_their_room(
    world: GatewayWorld, eventually: Eventually
) -> None:
    """Of 50 orders in 10 s the account uses 40, and quotes 32 of these."""
    await world.venue.control("faults", {"limits": {"orders_10s": 50}})
    assert isinstance(await world.ask(AskKind.REFRESH_SPECS), SpecsRefreshed)
    names = [cloid(200 + number) for number in range(60)]
    for name in names:
        await world.place(name, "0.1", price="140", valid_for_ms=120_000)
    await eventually(lambda: sum(NEW in world.statuses(name) for name in names) >= 32, LONG_S)
    taker = await world.decide("0.1")
    await eventually(lambda: world.fills_of(taker), LONG_S)
    await eventually(lambda: all(NEW in world.statuses(name) for name in names), LONG_S)
    requests = await world.venue.control("requests?account=paper")
    assert [one["outcome"] for one in requests] == ["accepted"] * 61
    assert [one["client_order_id"] for one in requests].index(taker) < len(names)


def is_concluded(world: GatewayWorld, name: str) -> Callable[[], bool]:
    ends = {NEW, OrderStatus.REJECTED}
    return lambda: bool(ends & world.statuses(name))  # type: ignore[arg-type]
