"""Decisions wait for whoever can send them: said by the gateway, heard by the hedger (E6)."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
import structlog

from services.hedger.fold.state import State
from services.hedger.sender_monitor import Hearing
from tandem.bus.memory.bus import MemoryBus
from tandem.domain.ids import Exc, Pool, Ticker
from tandem.messages import subjects
from tandem.messages.hedges import Decision
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.config import Environment, settings
from tandem.runtime.context import ServiceContext
from tandem.runtime.failpoints import no_seam
from tandem.runtime.fold.port import Proposal
from tandem.runtime.metrics import Metrics
from tests.conftest import Eventually
from tests.integration.fold_world import World, fold_world

EXC = Exc("venue")
DECISION = Decision(
    exc=EXC, ticker=Ticker("SOL"), pool=Pool("p"), epoch=0, ordinal=1, as_of=1, need=Decimal(1),
    attempt=0, rules="r", takers=(),
)  # fmt: skip


@pytest.fixture(params=["memory", "nats"])
async def world(request: pytest.FixtureRequest, eventually: Eventually) -> AsyncIterator[World]:
    async with fold_world(request, eventually) as made:
        yield made


async def test_e6_what_is_not_allowed_now_is_proposed_once_it_is(
    world: World, eventually: Eventually
) -> None:
    asked: list[Proposal] = []
    is_allowed = False

    def allows(proposal: Proposal) -> bool:
        asked.append(proposal)
        return is_allowed

    copy = await world.copy()
    copy.runner.allows = allows
    await world.mark("A")
    await eventually(lambda: asked)
    assert copy.runner.counters.proposed == 0

    is_allowed = True
    copy.runner.propose_now()

    await eventually(lambda: copy.state.decisions == {"A": 1})


@dataclass(slots=True)
class SettableClock:
    """Monotonic time stands still until the test moves it; waiting lets others go on."""

    mono_ns: int = 1_000_000_000_000

    def wall_ns(self) -> int:
        return self.mono_ns

    def monotonic_ns(self) -> int:
        return self.mono_ns

    async def sleep(self, seconds: float) -> None:
        await SystemClock().sleep(seconds / 10)


@dataclass(slots=True)
class Runner:
    """The part of a fold's runner that hearing uses."""

    state: State = field(default_factory=lambda: State(instruments={EXC: {}}))
    allows: Callable[[Proposal], bool] = lambda _: True
    looks: int = 0

    def propose_now(self) -> None:
        self.looks += 1


@dataclass(slots=True)
class Ear:
    """A hedger's hearing over a bus in memory; the gateway speaks through `gateway`."""

    gateway: MemoryBus
    runner: Runner
    clock: SettableClock

    async def say(self) -> None:
        await self.gateway.announce(subjects.sending(EXC), b"run")

    def allows(self) -> bool:
        return self.runner.allows(Proposal("p", DECISION))


@pytest.fixture
async def ear(eventually: Eventually) -> AsyncIterator[Ear]:
    tasks, clock = TaskOwner(), SettableClock()
    gateway = MemoryBus(SystemClock())
    env = Environment({})
    context = ServiceContext(
        name="hedger", settings=settings(env, "hedger"), env=env, bus=gateway, clock=clock,
        tasks=tasks, log=structlog.get_logger(), metrics=Metrics(), seam=no_seam, run="h",
    )  # fmt: skip
    runner = Runner()
    hearing = Hearing(context, runner)  # type: ignore[arg-type]  # the part that it uses
    tasks.spawn(hearing.run(), "hearing")
    made = Ear(gateway, runner, clock)
    await eventually(lambda: not made.allows())
    yield made
    await tasks.close()
    await gateway.close()


async def test_e6_a_decision_is_held_until_somebody_says_that_he_sends(ear: Ear) -> None:
    assert not ear.allows()
    await ear.say()
    assert ear.allows()
    assert ear.runner.looks == 1


async def test_e6_a_sender_that_falls_silent_holds_decisions_until_its_heir_speaks(
    ear: Ear,
) -> None:
    await ear.say()
    ear.clock.mono_ns += 400_000_000
    assert not ear.allows()
    await ear.say()
    assert ear.allows()
    assert ear.runner.looks == 2
