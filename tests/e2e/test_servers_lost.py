"""NATS and Redis are killed, emptied or absent under a whole desk that goes on hedging."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
import redis.asyncio

from examples.walkthrough.checks import eventually
from examples.walkthrough.venue_books import VenueBooks
from tandem import OMS
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.cli.stack import SERVICES, LocalStack, StackPlan, checkout
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock
from tandem.runtime.fold.redis_pages import page_key
from tests.e2e.hedging import PIECES, PRICE, Hedging, books_of, client_of, scripted_book

FOLDS = ("order-state", "position-state", "hedger")
SETTLE_S = 60.0
RETENTION = "30s"

StartStack = Callable[[dict[str, str]], LocalStack]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartStack]:
    """Start a desk whose services all have these variables; it ends with the test."""
    started: list[LocalStack] = []

    def begin(variables: dict[str, str]) -> LocalStack:
        plan = StackPlan(
            checkout(),
            tmp_path,
            copies=dict.fromkeys(FOLDS, 2),
            environment=dict.fromkeys(SERVICES, variables),
        )
        stack = LocalStack(plan)
        started.append(stack)
        stack.start()
        return stack

    yield begin
    for stack in started:
        stack.stop()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


async def books(stack: LocalStack, session: aiohttp.ClientSession) -> tuple[VenueBooks, VenueBooks]:
    binance, hyperliquid = books_of(stack, session)
    await scripted_book(binance)
    return binance, hyperliquid


async def hedge(hedging: Hedging) -> None:
    link = await hedging.quote()
    await hedging.fill()
    await link.done(timeout_s=SETTLE_S)


async def balanced(hedging: Hedging) -> None:
    await eventually(hedging.settled, "the pages equal the venues' books", timeout_s=SETTLE_S)
    await hedging.balance()


def restart_folds(stack: LocalStack) -> None:
    """Restart one copy after the other: without any hedger, makers are cancelled."""
    for name in FOLDS:
        for copy in (name, f"{name}-2"):
            stack.children[copy].stop()
            stack.restart(copy)


async def _positions_in_redis(stack: LocalStack) -> int:
    client = redis.asyncio.Redis.from_url(stack.redis.url)
    try:
        return int(await client.hlen(page_key("hedges")))
    finally:
        await client.aclose()


async def _empty_redis(stack: LocalStack) -> None:
    client = redis.asyncio.Redis.from_url(stack.redis.url)
    await client.flushall()
    await client.aclose()


@pytest.mark.timeout(240)
async def test_nats_killed_between_the_pieces_of_a_maker_loses_and_doubles_nothing(
    start: StartStack, session: aiohttp.ClientSession
) -> None:
    stack = start({})
    binance, hyperliquid = await books(stack, session)
    async with client_of(stack, "nats") as oms:
        hedging = Hedging(oms, binance, hyperliquid)
        link = await hedging.quote()
        for number, piece in enumerate(PIECES):
            await binance.trade("SOLUSDT", "buy", PRICE, piece)
            if number % 2:
                stack.nats.kill()
                await asyncio.to_thread(stack.nats.start)
        await link.done(timeout_s=SETTLE_S)
        await balanced(hedging)


@pytest.mark.timeout(240)
async def test_hedges_go_on_while_redis_is_gone_and_its_pages_return_with_it(
    start: StartStack, session: aiohttp.ClientSession
) -> None:
    stack = start({})
    binance, hyperliquid = await books(stack, session)
    async with client_of(stack, "redis") as oms:
        hedging = Hedging(oms, binance, hyperliquid)
        await hedge(hedging)
        stack.redis.kill()
        await hedge(hedging)
        await asyncio.to_thread(restart_folds, stack)
        await hedge(hedging)
        await asyncio.to_thread(stack.redis.start)
        await eventually(lambda: _has_hedges(stack, 3), "the page is filled", timeout_s=SETTLE_S)

        await _empty_redis(stack)
        await hedge(hedging)

        await eventually(lambda: _has_hedges(stack, 4), "it is filled again", timeout_s=SETTLE_S)
        await balanced(hedging)


async def _has_hedges(stack: LocalStack, count: int) -> bool:
    return await _positions_in_redis(stack) == count


async def _has_expired(stack: LocalStack, subject: str) -> bool:
    bus = await NatsBus.connect(NatsOptions(stack.nats.url), SystemClock())
    try:
        await SystemClock().sleep(1.0)
        return await bus.log.find(subject) is None
    finally:
        await bus.close()


async def _maker_rests(oms: OMS, cloid: str) -> bool:
    order = oms.orders_peek("binance").known(cloid)
    return order is not None and not order.order_status.is_terminal


@pytest.mark.timeout(300)
async def test_a_maker_older_than_the_log_outlives_every_restart_and_is_hedged(
    start: StartStack, session: aiohttp.ClientSession
) -> None:
    stack = start({"TANDEM_RETENTION": RETENTION, "TANDEM_BACKFILL_SECONDS": "5"})
    binance, hyperliquid = await books(stack, session)
    async with client_of(stack, "old") as oms:
        hedging = Hedging(oms, binance, hyperliquid)
        link = await hedging.quote()
        assert link.link is not None
        cloid = link.link.maker_cloid
        asked = subjects.hedge_intent(oms.strategy, link.hedge_id)
        await eventually(lambda: _has_expired(stack, asked), "the log forgets", timeout_s=90)

        await asyncio.to_thread(restart_folds, stack)
        stack.children["gateway-binance"].kill()
        await asyncio.to_thread(stack.restart, "gateway-binance")

        await eventually(lambda: _maker_rests(oms, cloid), "it still rests", timeout_s=SETTLE_S)
        await hedging.fill()
        await link.done(timeout_s=SETTLE_S)
        await balanced(hedging)
