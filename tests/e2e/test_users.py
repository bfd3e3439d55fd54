"""A hedge on a desk where every process and the strategy have a user of their own, and no more."""

from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
import redis.asyncio
import redis.exceptions

from examples.walkthrough.checks import eventually
from tandem import OMS
from tandem.cli import keys
from tandem.cli.keys import Desk
from tandem.cli.stack import LocalStack, StackPlan, checkout
from tandem.client.oms import ClientOptions
from tandem.messages.queries import ExposureCause
from tests.e2e.hedging import Hedging, books_of, scripted_book

STRATEGY = "alpha"
PAGES = ("orders:binance", "positions:binance", "positions:hyperliquid", "hedges", "buckets")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    directory = tmp_path_factory.mktemp("stack")
    keys.make(directory / "keys", Desk(strategies=(STRATEGY,)))
    with LocalStack(StackPlan(checkout(), directory, keys=directory / "keys")) as running:
        yield running


def _keys(stack: LocalStack) -> Path:
    return stack.plan.directory / "keys"


@pytest.mark.timeout(120)
async def test_everybody_s_permissions_are_enough_for_a_hedge(stack: LocalStack) -> None:
    seed = _keys(stack) / f"strategy-{STRATEGY}" / keys.SEED_FILE
    options = ClientOptions(nkey_seed_file=seed, ready_timeout_s=30.0)
    accounts = ("binance", "hyperliquid")
    async with (
        aiohttp.ClientSession() as session,
        OMS(stack.nats.url, strategy=STRATEGY, exchanges=accounts, options=options) as oms,
    ):
        binance, hyperliquid = books_of(stack, session)
        await scripted_book(binance)
        hedging = Hedging(oms, binance, hyperliquid)
        link = await hedging.quote()
        await hedging.fill()
        await link.done(timeout_s=45.0)
        await eventually(hedging.settled, "the pages equal the venues' books", 45.0)
        await hedging.balance()
        exposure = await oms.exposure()
        assert (exposure.hedger_at_head, exposure.partial) == (True, "")
        settled = {ExposureCause.NONE, ExposureCause.DUST}
        assert [(row.pool, row.cause in settled) for row in exposure.buckets] == [(STRATEGY, True)]


async def test_pages_are_read_with_the_reader_s_password_and_written_with_no_other(
    stack: LocalStack,
) -> None:
    password = (_keys(stack) / keys.READER / keys.PASSWORD_FILE).read_text()
    reader = redis.asyncio.Redis.from_url(
        stack.redis.url, username=keys.READER, password=password, decode_responses=True
    )
    stranger = redis.asyncio.Redis.from_url(stack.redis.url)
    key = "tandem:page:{hedges}"
    try:
        for page in PAGES:
            assert await reader.exists(f"tandem:page:{{{page}}}:cursor"), page
        with pytest.raises(redis.exceptions.NoPermissionError):
            await reader.hset(key, "h", "forged")
        with pytest.raises(redis.exceptions.NoPermissionError):
            await stranger.hgetall(key)
    finally:
        await reader.aclose()
        await stranger.aclose()
