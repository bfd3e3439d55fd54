"""What a chaos strategy keeps hold of while the bus does not answer."""

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from examples.chaos.quoting import BINANCE, HYPERLIQUID, MAKERS, Strategy
from examples.chaos.stage import Market
from services.paper_exchange.prng import Prng
from tandem import OMS
from tandem.cli.servers import LocalServer
from tandem.client.oms import ClientOptions
from tandem.domain.errors import UnavailableError
from tandem.domain.ids import Exc, HedgeId
from tandem.messages import codec
from tandem.messages.facts import subject_of
from tandem.messages.intents import HedgeOrder, StopHedge
from tandem.messages.reports import MarkReport, SpecsReport
from tandem.runtime.clock import SystemClock
from tests.integration.state_services import SOL, TICKER, World, start_world

MARKET = Market(TICKER, TICKER, SOL.lot, None)


@dataclass(slots=True)
class Stage:
    """A server that can be frozen, the state services, one strategy."""

    world: World
    server: LocalServer
    strategy: Strategy

    def freeze(self) -> None:
        """Stop the server; it answers nothing from then on."""
        assert self.server.pid is not None
        os.kill(self.server.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.server.pid, os.WSTOPPED | os.WNOWAIT)

    def thaw(self) -> None:
        assert self.server.pid is not None
        os.kill(self.server.pid, signal.SIGCONT)

    async def asked(self) -> set[HedgeId]:
        return {fact.hedge_id for fact in await self._facts() if isinstance(fact, HedgeOrder)}

    async def stopped(self) -> set[HedgeId]:
        return {fact.hedge_id for fact in await self._facts() if isinstance(fact, StopHedge)}

    async def _facts(self) -> list[codec.Fact]:
        log = self.world.bus.log
        entries = [await log.get(seq) for seq in range(1, (await log.state()).last_seq + 1)]
        return [codec.decode_fact(entry.payload) for entry in entries if entry is not None]


@pytest.fixture
async def stage(nats_server: LocalServer) -> AsyncIterator[Stage]:
    options = ClientOptions(append_timeout_s=0.2)
    oms = OMS(nats_server.url, strategy="s", exchanges=(BINANCE, HYPERLIQUID), options=options)
    async with AsyncExitStack() as opened:
        world = await start_world(nats_server.url)
        opened.push_async_callback(world.close)
        for exc in (Exc(BINANCE), Exc(HYPERLIQUID)):
            specs = SpecsReport(exc=exc, instruments=(replace(SOL, exc=exc),))
            await world.log(subject_of(specs), specs)
        await opened.enter_async_context(oms)
        mark = MarkReport(exc=Exc(BINANCE), ticker=TICKER, mid=Decimal(150), ts_event_ns=1)
        oms.tables.marks[mark.exc, TICKER] = mark
        yield Stage(world, nats_server, Strategy(oms, MARKET, SystemClock(), Prng(1)))


async def patiently(call: Callable[[], Awaitable[object]]) -> None:
    """Call until the bus answers in time, as the run does."""
    while True:
        with suppress(UnavailableError):
            await call()
            return


async def test_a_maker_that_nobody_confirmed_is_stopped_like_the_rest(stage: Stage) -> None:
    stage.freeze()
    with pytest.raises(UnavailableError):
        await stage.strategy.step()
    stage.thaw()

    await patiently(stage.strategy.stop)

    asked = await stage.asked()
    assert len(asked) == 1
    assert await stage.stopped() == asked


async def test_a_maker_that_nobody_confirmed_is_not_quoted_twice(stage: Stage) -> None:
    stage.freeze()
    with pytest.raises(UnavailableError):
        await stage.strategy.step()
    stage.thaw()

    await patiently(stage.strategy.step)

    assert len(await stage.asked()) == stage.strategy.quoted == MAKERS
