"""What is there tomorrow: the desk stopped and started again, and an exchange restarted alone.

The oracle is the exchanges' own books, which have to be those of the day before.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from examples.walkthrough.checks import eventually
from tandem.cli.stack import LocalStack, StackPlan, checkout
from tests.e2e.hedging import PIECES, PRICE, Hedging, books_of, client_of, scripted_book

DAYS = 3
SETTLE_S = 60.0
STRATEGY = "second-day"
FAR_PX = "140.00"


def plan_in(directory: Path) -> StackPlan:
    """Return a desk whose Binance shows the book of a test, and nothing before it does."""
    return StackPlan(checkout(), directory, paper={"paper-binance": ("--paused",)})


@asynccontextmanager
async def hedging_on(stack: LocalStack) -> AsyncIterator[Hedging]:
    async with aiohttp.ClientSession() as session:
        binance, hyperliquid = books_of(stack, session)
        await scripted_book(binance)
        async with client_of(stack, STRATEGY) as oms:
            yield Hedging(oms, binance, hyperliquid)


async def _fill(hedging: Hedging, pieces: tuple[Decimal, ...]) -> None:
    for qty in pieces:
        await hedging.binance.trade("SOLUSDT", "buy", PRICE, qty)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("exchange", ["paper-binance", "paper-hyperliquid"])
async def test_an_exchange_killed_in_the_middle_of_a_hedge_audits_clean(
    tmp_path: Path, exchange: str
) -> None:
    with LocalStack(plan_in(tmp_path)) as stack:
        async with hedging_on(stack) as hedging:
            link = await hedging.quote()
            await _fill(hedging, PIECES[:3])
            stack.children[exchange].kill()
            await asyncio.to_thread(stack.restart, exchange)
            await scripted_book(hedging.binance)
            await _fill(hedging, PIECES[3:])
            await link.done(timeout_s=SETTLE_S)
            await eventually(hedging.settled, "the pages equal the books", timeout_s=SETTLE_S)
            await hedging.balance()


@pytest.mark.timeout(400)
async def test_the_desk_goes_on_with_the_books_and_the_log_of_the_day_before(
    tmp_path: Path,
) -> None:
    cloids: set[str] = set()
    for day in range(1, DAYS + 1):
        stack = LocalStack(plan_in(tmp_path))
        await asyncio.to_thread(stack.start)
        try:
            async with hedging_on(stack) as hedging:
                await _one_day(hedging, cloids)
                trades = await hedging.binance.trades()
                assert sum((one.amount for one in trades), Decimal(0)) == -day * sum(PIECES)
        finally:
            await asyncio.to_thread(stack.stop)


@pytest.mark.timeout(400)
async def test_f12_the_walkthrough_holds_on_each_of_three_days_and_leaves_nothing_open(
    tmp_path: Path,
) -> None:
    for day in range(1, DAYS + 1):
        with LocalStack(StackPlan(checkout(), tmp_path)) as stack:
            walked = await asyncio.to_thread(walk, stack)
            assert walked.returncode == 0, f"day {day}: {walked.stdout[-2_000:]}{walked.stderr}"
            assert await _left_open(stack) == [], f"day {day}"


@pytest.mark.timeout(240)
async def test_the_walkthrough_holds_beside_what_another_strategy_has_left(tmp_path: Path) -> None:
    """What others owe is theirs: on the day that it is left over, and on the next."""
    for pieces in ((Decimal("0.50"), Decimal("0.05")), ()):
        with LocalStack(plan_in(tmp_path)) as stack:
            if pieces:
                async with hedging_on(stack) as hedging:
                    hedging.pieces = pieces
                    link = await hedging.quote()
                    await _fill(hedging, pieces)
                    await link.done(timeout_s=SETTLE_S)
                    await eventually(hedging.settled, "its dust is owed", timeout_s=SETTLE_S)
            walked = await asyncio.to_thread(walk, stack)
            assert walked.returncode == 0, f"{walked.stdout[-2_000:]}{walked.stderr}"


def walk(stack: LocalStack) -> "subprocess.CompletedProcess[str]":
    """Run the walkthrough on a desk that is up."""
    addresses = {
        "TANDEM_NATS_URL": stack.nats.url,
        "WALKTHROUGH_BINANCE_CONTROL": stack.paper["paper-binance"].control_url,
        "WALKTHROUGH_HYPERLIQUID_CONTROL": stack.paper["paper-hyperliquid"].control_url,
    }
    return subprocess.run(
        (sys.executable, "-m", "examples.walkthrough"),
        env=os.environ | addresses,
        capture_output=True,
        text=True,
        check=False,
    )


async def _left_open(stack: LocalStack) -> list[tuple[str, Decimal]]:
    """Return the orders and the positions that the exchanges' own books have."""
    found: list[tuple[str, Decimal]] = []
    async with aiohttp.ClientSession() as session:
        for venue in books_of(stack, session):
            books = await venue.books()
            found += [(one.client_order_id, one.amount) for one in books.open_orders]
            found += [(one.symbol, one.amount) for one in books.positions if one.amount]
    return found


async def _one_day(hedging: Hedging, resting: set[str]) -> None:
    """Find the orders of the days before resting, rest one more, and hedge."""
    oms = hedging.oms
    await eventually(lambda: _rest_of(hedging) == resting, "they rest", timeout_s=SETTLE_S)
    order = await oms.limit_order("binance", "SOLUSDT", "0.5", price=FAR_PX)
    await order.acknowledged()
    resting.add(order.cloid)
    link = await hedging.quote()
    await hedging.fill()
    await link.done(timeout_s=SETTLE_S)
    await eventually(hedging.settled, "the pages equal the books", timeout_s=SETTLE_S)
    await hedging.balance()
    books = await hedging.binance.books()
    assert {one.client_order_id for one in books.open_orders} == resting


def _rest_of(hedging: Hedging) -> set[str]:
    orders = hedging.oms.orders_peek("binance")
    return {str(one.client_order_id) for one in orders if not one.order_status.is_terminal}
