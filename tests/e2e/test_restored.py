"""The log's disk is lost on a desk with users, and an older copy of the log takes its place.

The strategy lives on and offers again what it asked for. The oracle is the exchanges' own books.
"""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from examples.walkthrough.checks import eventually
from tandem import OMS
from tandem.bus.nats.options import NatsOptions
from tandem.bus.permissions import ADMIN, inbox_prefix
from tandem.cli import backup, keys
from tandem.cli.keys import Desk
from tandem.cli.stack import LocalStack, StackPlan, checkout
from tandem.client.oms import ClientOptions
from tests.e2e.hedging import Hedging, books_of, scripted_book

STRATEGY = "alpha"
SETTLE_S = 60.0


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[LocalStack]:
    keys.make(tmp_path / "keys", Desk(strategies=(STRATEGY,)))
    with LocalStack(StackPlan(checkout(), tmp_path, keys=tmp_path / "keys")) as running:
        yield running


def _seed(stack: LocalStack, user: str) -> Path:
    return stack.plan.directory / "keys" / user / keys.SEED_FILE


def _administrator(stack: LocalStack) -> NatsOptions:
    seed = _seed(stack, ADMIN)
    return NatsOptions(stack.nats.url, nkey_seed_file=seed, inbox_prefix=inbox_prefix(ADMIN))


def _lose_and_restore(stack: LocalStack, file: str) -> None:
    for name in stack.services:
        stack.children[name].stop()
    stack.nats.kill()
    shutil.rmtree(stack.nats.settings.directory / "jetstream")
    stack.nats.start()
    backup.restore(_administrator(stack), file, 1)
    stack.start_services(stack.services)


async def _hedge(hedging: Hedging) -> None:
    link = await hedging.quote()
    await hedging.fill()
    await link.done(timeout_s=SETTLE_S)


@pytest.mark.timeout(240)
async def test_a_desk_with_users_hedges_on_from_an_older_copy_and_doubles_nothing(
    stack: LocalStack, tmp_path: Path
) -> None:
    options = ClientOptions(
        nkey_seed_file=_seed(stack, f"strategy-{STRATEGY}"), ready_timeout_s=30.0
    )
    async with (
        aiohttp.ClientSession() as session,
        OMS(stack.nats.url, strategy=STRATEGY, options=options) as oms,
    ):
        binance, hyperliquid = books_of(stack, session)
        await scripted_book(binance)
        hedging = Hedging(oms, binance, hyperliquid)
        await _hedge(hedging)
        resting, file = await hedging.quote(), str(tmp_path / "desk.tar")
        await asyncio.to_thread(backup.backup, _administrator(stack), file)
        await hedging.fill()
        await resting.done(timeout_s=SETTLE_S)
        await _hedge(hedging)

        await asyncio.to_thread(_lose_and_restore, stack, file)

        await _hedge(hedging)
        await eventually(hedging.settled, "the pages equal the venues' books", timeout_s=SETTLE_S)
        await hedging.balance()
