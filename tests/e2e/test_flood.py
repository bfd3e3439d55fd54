"""On a desk with users one strategy floods: another's hedges are covered as ever."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from examples.walkthrough.checks import eventually
from tandem import OMS
from tandem.cli import keys
from tandem.cli.keys import Desk
from tandem.cli.stack import LocalStack, StackPlan, checkout
from tandem.client.oms import ClientOptions
from tests.e2e.hedging import Hedging, books_of, scripted_book
from tests.integration.flood import NOWHERE

STRATEGY, HOSTILE = "beta", "alpha"
FLOOD = "tests.integration.flood"
FLOOD_S = 15
SETTLE_S = 45.0


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[LocalStack]:
    accounts = (*keys.DEFAULT_ACCOUNTS, NOWHERE)
    keys.make(tmp_path / "keys", Desk(accounts, (STRATEGY, HOSTILE)))
    plan = StackPlan(checkout(), tmp_path, keys=tmp_path / "keys", copies={"access": 2})
    with LocalStack(plan) as running:
        yield running


def _seed(stack: LocalStack, strategy: str) -> Path:
    return stack.plan.directory / "keys" / f"strategy-{strategy}" / keys.SEED_FILE


async def _flood(stack: LocalStack) -> "asyncio.subprocess.Process":
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        FLOOD,
        stack.nats.url,
        _seed(stack, HOSTILE),
        str(FLOOD_S),
        cwd=checkout(),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"flooding\n"
    return process


@pytest.mark.timeout(240)
async def test_e12_hedges_of_others_go_on_during_a_flood_and_when_access_is_killed(
    stack: LocalStack,
) -> None:
    """The oracle is the exchanges' own books."""
    options = ClientOptions(nkey_seed_file=_seed(stack, STRATEGY), ready_timeout_s=30.0)
    async with (
        aiohttp.ClientSession() as session,
        OMS(stack.nats.url, strategy=STRATEGY, options=options) as oms,
    ):
        binance, hyperliquid = books_of(stack, session)
        await scripted_book(binance)
        hedging = Hedging(oms, binance, hyperliquid)
        process = await _flood(stack)
        while process.returncode is None:
            link = await hedging.quote()
            await hedging.fill()
            await link.done(timeout_s=SETTLE_S)
        await asyncio.to_thread(stack.children["access"].kill)
        link = await hedging.quote()
        await hedging.fill()
        await link.done(timeout_s=SETTLE_S)
        await eventually(hedging.settled, "the pages equal the venues' books", SETTLE_S)
        await hedging.balance()
