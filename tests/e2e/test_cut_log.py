"""nats-server comes back without its last writes, under a whole running desk that goes on hedging.

The oracle is the exchanges' own books: what the log has lost, they have not.
"""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from examples.walkthrough.checks import eventually
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.cli.stack import SERVICES, LocalStack, StackPlan, checkout
from tandem.domain.errors import UnavailableError
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock
from tests.e2e.hedging import Hedging, books_of, client_of, scripted_book

FEW = {"TANDEM_SNAPSHOT_EVERY": "25"}
SETTLE_S = 60.0


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[LocalStack]:
    plan = StackPlan(checkout(), tmp_path, environment=dict.fromkeys(SERVICES, FEW))
    with LocalStack(plan) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


@contextmanager
def down(stack: LocalStack) -> Iterator[None]:
    """Kill nats-server, and start it again afterwards."""
    stack.nats.kill()
    yield
    stack.nats.start()


def remember(stack: LocalStack) -> None:
    with down(stack):
        shutil.copytree(_store(stack), _copy(stack))


def restore(stack: LocalStack) -> None:
    """Put the remembered copy in place of the store."""
    shutil.rmtree(_store(stack))
    shutil.copytree(_copy(stack), _store(stack))


def _store(stack: LocalStack) -> Path:
    return stack.nats.settings.directory


def _copy(stack: LocalStack) -> Path:
    return stack.plan.directory / "older"


@contextmanager
def frozen(stack: LocalStack) -> Iterator[None]:
    """Let no service do anything."""
    pids = [stack.children[name].pid for name in SERVICES]
    _signal(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(pids, signal.SIGCONT)


def _signal(pids: list[int | None], number: signal.Signals) -> None:
    for pid in pids:
        if pid is not None:
            os.kill(pid, number)


async def hedge(hedging: Hedging) -> None:
    link = await hedging.quote()
    await hedging.fill()
    await link.done(timeout_s=SETTLE_S)


async def balanced(hedging: Hedging) -> None:
    await eventually(hedging.settled, "the pages equal the venues' books", timeout_s=SETTLE_S)
    await hedging.balance()


async def _last_seq(stack: LocalStack) -> int:
    bus = await NatsBus.connect(NatsOptions(stack.nats.url), SystemClock())
    try:
        return (await bus.log.state()).last_seq
    finally:
        await bus.close()


async def _regrow(stack: LocalStack, past_seq: int) -> None:
    """Log other facts until every sequence that was read exists again."""
    bus = await NatsBus.connect(NatsOptions(stack.nats.url), SystemClock())
    try:
        missing = past_seq - (await bus.log.state()).last_seq + 10
        appends = [
            bus.log.append_soon(subjects.alarm("test", str(n)), b"{}") for n in range(missing)
        ]
        await asyncio.gather(*appends)
    finally:
        await bus.close()


async def _has_begun_an_epoch(stack: LocalStack) -> bool:
    """Tell whether the log begins epoch 1, once it answers."""
    bus = await NatsBus.connect(NatsOptions(stack.nats.url), SystemClock())
    try:
        return await bus.log.find(subjects.epoch(1)) is not None
    except UnavailableError:
        return False
    finally:
        await bus.close()


@pytest.mark.timeout(240)
async def test_hedging_goes_on_after_the_newest_facts_were_lost(
    stack: LocalStack, session: aiohttp.ClientSession
) -> None:
    binance, hyperliquid = books_of(stack, session)
    await scripted_book(binance)
    async with client_of(stack, "cut") as oms:
        hedging = Hedging(oms, binance, hyperliquid)
        await hedge(hedging)
        remember(stack)
        await hedge(hedging)

        with down(stack):
            restore(stack)

        await hedge(hedging)
        assert await _has_begun_an_epoch(stack)
        await balanced(hedging)


@pytest.mark.timeout(240)
async def test_a_log_that_regrew_past_every_reader_is_seen_to_be_cut(
    stack: LocalStack, session: aiohttp.ClientSession
) -> None:
    binance, hyperliquid = books_of(stack, session)
    await scripted_book(binance)
    async with client_of(stack, "regrown") as oms:
        hedging = Hedging(oms, binance, hyperliquid)
        await hedge(hedging)
        remember(stack)
        await hedge(hedging)
        read_seq = await _last_seq(stack)

        with frozen(stack):
            with down(stack):
                restore(stack)
            await _regrow(stack, read_seq)

        await eventually(lambda: _has_begun_an_epoch(stack), "an epoch begins", timeout_s=SETTLE_S)
        await hedge(hedging)
        await balanced(hedging)


@pytest.mark.timeout(240)
async def test_hedging_goes_on_with_a_new_log_under_the_same_name(
    stack: LocalStack, session: aiohttp.ClientSession
) -> None:
    binance, hyperliquid = books_of(stack, session)
    await scripted_book(binance)
    async with client_of(stack, "anew") as oms:
        hedging = Hedging(oms, binance, hyperliquid)
        await hedge(hedging)

        with down(stack):
            shutil.rmtree(_store(stack))

        await eventually(lambda: _has_begun_an_epoch(stack), "an epoch begins", timeout_s=SETTLE_S)
        await hedge(hedging)
        await balanced(hedging)


@pytest.mark.timeout(240)
async def test_hedges_of_a_strategy_that_is_gone_are_known_again(
    stack: LocalStack, session: aiohttp.ClientSession
) -> None:
    binance, hyperliquid = books_of(stack, session)
    await scripted_book(binance)
    remember(stack)
    async with client_of(stack, "gone") as oms:
        await hedge(Hedging(oms, binance, hyperliquid))

    with down(stack):
        restore(stack)

    async with client_of(stack, "gone") as oms:
        hedging = Hedging(oms, binance, hyperliquid)
        await hedge(hedging)
        await balanced(hedging)


@pytest.mark.timeout(240)
async def test_a_cut_in_the_middle_of_a_hedge_loses_and_doubles_nothing(
    stack: LocalStack, session: aiohttp.ClientSession
) -> None:
    binance, hyperliquid = books_of(stack, session)
    await scripted_book(binance)
    async with client_of(stack, "middle") as oms:
        hedging = Hedging(oms, binance, hyperliquid)
        link = await hedging.quote()
        remember(stack)
        await eventually(hedging.settled, "the pages are back", timeout_s=SETTLE_S)
        await hedging.fill()

        with down(stack):
            restore(stack)

        await link.done(timeout_s=SETTLE_S)
        await balanced(hedging)


@pytest.mark.timeout(240)
async def test_a_desk_that_starts_on_an_older_log_goes_on_hedging(
    stack: LocalStack, session: aiohttp.ClientSession
) -> None:
    binance, hyperliquid = books_of(stack, session)
    await scripted_book(binance)
    async with client_of(stack, "cold") as oms:
        hedging = Hedging(oms, binance, hyperliquid)
        await hedge(hedging)
        remember(stack)
        await hedge(hedging)

        for name in SERVICES:
            stack.children[name].stop()
        with down(stack):
            restore(stack)
        await asyncio.to_thread(stack.start_services, SERVICES)

        await hedge(hedging)
        await balanced(hedging)
