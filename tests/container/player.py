"""A strategy and a crowd within the compose network: hedges run while tests strike from outside.

Runs in a container of the desk's own image (`player` in compose.player.yaml); takes a line of words
and answers with a line of JSON: `quote` begins, `hedges NUMBER SECONDS` waits until so many more
were done by the exchange's own books, `audit SECONDS` ends the quoting and judges by the oracle of
`examples.chaos` once everything is quiet. A bad word, or a failure of its own, ends it.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import TextIO

import aiohttp

from examples.chaos.crowd import Crowd
from examples.chaos.evidence import Witnesses, gather, read_log
from examples.chaos.figures.report import counts
from examples.chaos.quoting import BINANCE, HYPERLIQUID, Strategy
from examples.chaos.run import UNREACHABLE
from examples.chaos.stage import Market, market_of
from examples.chaos.verdict import Evidence, Fault, Finding, judge
from examples.walkthrough.venue_books import VenueBooks
from services.paper_exchange.prng import Prng
from tandem import OMS
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.permissions import ADMIN, inbox_prefix
from tandem.cli.keys import PASSWORD_FILE, READER, SEED_FILE
from tandem.client.oms import ClientOptions
from tandem.domain.ids import is_taker_cloid
from tandem.domain.units import NS_PER_S
from tandem.runtime.clock import SystemClock, TaskOwner

KEYS = Path("/keys")
NAME = "player"
SEED = 20
FILLS_PER_S = 4
READY_TIMEOUT_S = 60.0
LEAST_MARGIN = Decimal("1.05")
LOOK_EVERY_S = 0.5
COUNT_EVERY_S = 0.2
MOST_FINDINGS = 10
NOBODY_ANSWERED = Finding(Fault.NOTHING_HAPPENED, "nobody answered the oracle")


@dataclass(slots=True)
class Player:
    """What works while it quotes, and whom the oracle asks."""

    strategy: Strategy
    crowd: Crowd
    witnesses: Witnesses
    clock: SystemClock
    tasks: TaskOwner = field(default_factory=TaskOwner)

    async def answer(self, words: Sequence[str]) -> dict[str, object]:
        """Do one thing and return what came of it."""
        if self.tasks.failed.done():
            self.tasks.failed.result()
        match words:
            case ["quote"]:
                return await self._quote()
            case ["hedges", number, seconds]:
                return await self._hedges(int(number), float(seconds))
            case ["audit", seconds]:
                return await self._audit(float(seconds))
            case _:
                raise ValueError(words)

    async def _quote(self) -> dict[str, object]:
        await self._rest()
        self.tasks.spawn(self.strategy.quote(), "strategy")
        # A crowd keeps to its rate over all its fills: a new one begins with none.
        self.tasks.spawn(replace(self.crowd, fills=0).trade(FILLS_PER_S), "crowd")
        return {}

    async def _rest(self) -> None:
        await self.tasks.close()
        self.tasks = TaskOwner()

    async def _hedges(self, number: int, seconds: float) -> dict[str, object]:
        deadline_ns = self._in(seconds)
        before = found = await self._hedged()
        while found < before + number and self.clock.monotonic_ns() < deadline_ns:
            await self.clock.sleep(COUNT_EVERY_S)
            found = await self._hedged()
        return {"hedges": found - before}

    async def _hedged(self) -> int:
        trades = await self.witnesses.venues[HYPERLIQUID].trades()
        return len({one.client_order_id for one in trades if is_taker_cloid(one.client_order_id)})

    def _in(self, seconds: float) -> int:
        return self.clock.monotonic_ns() + int(seconds * NS_PER_S)

    async def _audit(self, seconds: float) -> dict[str, object]:
        """Judge until nothing is found or the time is up; the last look counts."""
        await self._rest()
        deadline_ns = self._in(seconds)
        evidence, findings = Evidence(), [NOBODY_ANSWERED]
        while findings and self.clock.monotonic_ns() < deadline_ns:
            with suppress(*UNREACHABLE):
                await self.strategy.stop()
                facts = await read_log(self.witnesses.bus, self.clock)
                evidence = await gather(self.witnesses, facts)
                findings = judge(evidence)
            await self.clock.sleep(LOOK_EVERY_S)
        said = [f"{one.fault}: {one.text}" for one in findings[:MOST_FINDINGS]]
        return {"findings": said, **counts(evidence)}


async def main(answers: TextIO) -> None:
    """Answer line by line until the input ends."""
    clock, market = SystemClock(), market_of("-")
    async with AsyncExitStack() as opened:
        session = await opened.enter_async_context(aiohttp.ClientSession())
        venues = {
            exc: VenueBooks(session, f"http://paper-{exc}:8081") for exc in (BINANCE, HYPERLIQUID)
        }
        seed_file = KEYS / f"strategy-{NAME}" / SEED_FILE
        options = ClientOptions(nkey_seed_file=seed_file, ready_timeout_s=READY_TIMEOUT_S)
        client = OMS("nats://nats:4222", strategy=NAME, exchanges=tuple(venues), options=options)
        oms = await opened.enter_async_context(client)
        strategy = Strategy(oms, market, clock, Prng(SEED))
        await strategy.hears_a_price(READY_TIMEOUT_S)
        bus = await NatsBus.connect(_oracle(), clock)
        opened.push_async_callback(bus.close)
        witnesses = Witnesses(venues, bus, (oms,), _redis_url(), clock, _least(strategy, market))
        crowd = Crowd(venues[BINANCE], market, strategy.mid, clock, Prng(SEED + 1))
        player = Player(strategy, crowd, witnesses, clock)
        opened.push_async_callback(player.tasks.close)
        await _serve(player, answers)


def _oracle() -> NatsOptions:
    """Only the administrator may read the whole log."""
    return NatsOptions(
        "nats://nats:4222",
        "oracle",
        nkey_seed_file=KEYS / ADMIN / SEED_FILE,
        inbox_prefix=inbox_prefix(ADMIN),
    )


def _redis_url() -> str:
    password = (KEYS / READER / PASSWORD_FILE).read_text().strip()
    return f"redis://{READER}:{password}@redis:6379"


def _least(strategy: Strategy, market: Market) -> Callable[[], Decimal]:
    def least() -> Decimal:
        rules = strategy.oms.tables.instrument(HYPERLIQUID, market.hedge_ticker)
        return rules.min_notional / strategy.mid() * LEAST_MARGIN + market.lot

    return least


async def _serve(player: Player, answers: TextIO) -> None:
    while line := await asyncio.to_thread(sys.stdin.readline):
        answer = await player.answer(line.split())
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    # What the client logs is not an answer.
    given, sys.stdout = sys.stdout, sys.stderr
    asyncio.run(main(given))
