"""One strategy of a chaos run in a process of its own, so that it can be killed and doubled.

It takes over the makers that live under its name, quotes until it is killed, and connects again
for as long as it takes: a bus that is away is no failure of a strategy.
"""

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from examples.chaos.quoting import BINANCE, HYPERLIQUID, Strategy
from examples.chaos.resting import Resting
from examples.chaos.stage import Market
from services.paper_exchange.prng import Prng
from tandem import OMS
from tandem.cli.stack import Child, StackPlan
from tandem.client.oms import ClientOptions
from tandem.domain.errors import UnavailableError
from tandem.runtime.clock import SystemClock

MODULE = "examples.chaos.strategy"
PREFIX = "strategy-"
READY_TIMEOUT_S = 60.0
RETRY_S = 0.2


class Part(msgspec.Struct, frozen=True):
    """Which strategy to be, where; `seed` gives its prices and sizes.

    `limits` is how many limit orders it keeps on each exchange besides its makers.
    """

    nats_url: str
    strategy: str
    market: Market
    seed: int
    limits: int = 0


def child_of(part: Part, plan: StackPlan) -> Child:
    """Return the process of a strategy, not started yet."""
    return Child(f"{PREFIX}{part.strategy}", _command(part), plan)


def mortal_of(part: Part, plan: StackPlan) -> Child:
    """Return the process of a strategy that dies for good, under the first of its names."""
    first = msgspec.structs.replace(part, strategy=f"{part.strategy}-1")
    return Child(f"{PREFIX}{part.strategy}", _command(first), plan)


def rename(child: Child) -> str:
    """Let the next process of a mortal bear a name that nobody has borne; return the former."""
    part = msgspec.json.decode(child.command[-1], type=Part)
    name, _, number = part.strategy.rpartition("-")
    child.command = _command(msgspec.structs.replace(part, strategy=f"{name}-{int(number) + 1}"))
    return part.strategy


def _command(part: Part) -> tuple[str, ...]:
    return (sys.executable, "-m", MODULE, msgspec.json.encode(part).decode())


def strategy_child(name: str, like: Child, plan: StackPlan) -> Child:
    """Return another process of the same strategy."""
    return Child(name, like.command, plan)


async def play(part: Part, ready: Path) -> None:
    """Quote until killed."""
    clock = SystemClock()
    while True:
        try:
            await _quote(part, clock, ready)
        except UnavailableError:
            await clock.sleep(RETRY_S)


async def _quote(part: Part, clock: SystemClock, ready: Path) -> None:
    options = ClientOptions(ready_timeout_s=READY_TIMEOUT_S)
    accounts = (BINANCE, HYPERLIQUID)
    async with OMS(
        part.nats_url,
        strategy=part.strategy,
        exchanges=accounts,
        options=options,
        share_strategy=True,
    ) as oms:
        strategy = Strategy(oms, part.market, clock, Prng(part.seed + os.getpid()))
        await strategy.hears_a_price(READY_TIMEOUT_S)
        await asyncio.to_thread(ready.write_bytes, msgspec.json.encode({"pid": os.getpid()}))
        resting = Resting(oms, part.market, clock, strategy.mid, part.limits)
        async with asyncio.TaskGroup() as working:
            working.create_task(strategy.quote())
            working.create_task(resting.keep())


if __name__ == "__main__":
    asyncio.run(
        play(msgspec.json.decode(sys.argv[1], type=Part), Path(os.environ["TANDEM_RUN_FILE"]))
    )
