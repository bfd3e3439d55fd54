"""NATS's store is deleted after the offers' reach while every process lives; hedging resumes.

    python -m tests.e2e.wiped              # for real: the reach that is deployed; 12 minutes
    python -m tests.e2e.wiped --reach 5    # as the test runs it; a minute

A maker rests half filled, and what it filled is hedged. Then the desk is left alone for longer
than anybody keeps what was logged to offer it again, so that nobody can tell a new log what the old
fills were covered by, except who knows it. The store is deleted; somebody fills the rest. Then it
is deleted twice more, the second time before the desk is whole again. The oracle is the exchanges'
own books: nothing lost, nothing doubled.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import aiohttp

from examples.walkthrough.checks import eventually
from tandem.cli.stack import SERVICES, LocalStack, StackPlan, checkout
from tandem.client.oms import OMS, ClientOptions
from tandem.runtime.clock import SystemClock
from tandem.runtime.resend_buffer import KEPT_S
from tests.e2e.hedging import PRICE, Hedging, books_of, scripted_book

SETTLE_S = 60.0
MARGIN_S = 65  # gateways look back that much further
STRATEGY = "wiped"


def plan(directory: Path, reach_s: int) -> StackPlan:
    reach = {"TANDEM_OFFERS_KEPT": f"{reach_s}s"}
    return StackPlan(checkout(), directory, environment=dict.fromkeys(SERVICES, reach))


@contextmanager
def _down(stack: LocalStack) -> Iterator[None]:
    stack.nats.kill()
    yield
    stack.nats.start()


def delete_store(stack: LocalStack) -> None:
    """Kill nats-server, delete all it has, and start it again; nobody else is touched."""
    with _down(stack):
        shutil.rmtree(stack.nats.settings.directory)


async def _balanced(hedging: Hedging) -> None:
    await eventually(hedging.settled, "the pages equal the venues' books", timeout_s=SETTLE_S)
    await hedging.balance()


async def _fill(hedging: Hedging, part: slice) -> None:
    for qty in hedging.pieces[part]:
        await hedging.binance.trade("SOLUSDT", "buy", PRICE, qty)


async def outlive(stack: LocalStack, session: aiohttp.ClientSession, reach_s: int) -> None:
    """Go through it on a running stack; fails where a fill is not hedged, or is hedged twice."""
    clock = SystemClock()
    binance, hyperliquid = books_of(stack, session)
    await scripted_book(binance)
    options = ClientOptions(ready_timeout_s=SETTLE_S, offers_kept_s=reach_s)
    async with OMS(stack.nats.url, strategy=STRATEGY, options=options) as oms:
        hedging = Hedging(oms, binance, hyperliquid)
        link = await hedging.quote()
        await _fill(hedging, slice(0, 3))
        await _balanced(hedging)
        await clock.sleep(reach_s + min(reach_s, MARGIN_S) + 2)

        delete_store(stack)
        await _fill(hedging, slice(3, None))
        await link.done(timeout_s=SETTLE_S)
        await _balanced(hedging)

        link = await hedging.quote()
        await _fill(hedging, slice(0, 3))
        delete_store(stack)
        await clock.sleep(1)
        delete_store(stack)
        await _fill(hedging, slice(3, None))
        await link.done(timeout_s=SETTLE_S)
        await _balanced(hedging)


async def _main(directory: Path, reach_s: int) -> None:
    with LocalStack(plan(directory, reach_s)) as stack:
        async with aiohttp.ClientSession() as session:
            await outlive(stack, session, reach_s)


def main() -> int:
    parser = argparse.ArgumentParser(prog="wiped", description=__doc__)
    parser.add_argument("--reach", type=int, default=KEPT_S, help="seconds that offers reach back")
    reach_s = parser.parse_args().reach
    began = perf_counter()
    with tempfile.TemporaryDirectory(prefix="tandem-wiped-") as directory:
        asyncio.run(_main(Path(directory), reach_s))
    sys.stdout.write(f"hedging went on three times; {perf_counter() - began:.0f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
