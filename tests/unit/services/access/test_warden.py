"""What a person is told of a strategy: once a minute and kind, with how often it was."""

import structlog

from services.access.warden import MINUTE_NS, Warden
from tandem.bus.memory.bus import MemoryBus
from tandem.messages import facts, subjects
from tandem.messages.hedges import Alarm
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.config import Environment, settings
from tandem.runtime.context import ServiceContext
from tandem.runtime.failpoints import no_seam
from tandem.runtime.metrics import Metrics
from tests.unit.services.access.asking import ALPHA, BETA


class Minutes:
    """Wall time that the test sets, in minutes."""

    def __init__(self) -> None:
        self.minute = 7
        self._clock = SystemClock()

    def wall_ns(self) -> int:
        return self.minute * MINUTE_NS

    def monotonic_ns(self) -> int:
        return self._clock.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


class World:
    def __init__(self) -> None:
        self.clock, self.tasks, env = Minutes(), TaskOwner(), Environment({})
        self.bus = MemoryBus(self.clock)
        context = ServiceContext(
            name="access",
            settings=settings(env, "access"),
            env=env,
            bus=self.bus,
            clock=self.clock,
            tasks=self.tasks,
            log=structlog.get_logger(),
            metrics=Metrics(),
            seam=no_seam,
            run="a",
        )
        self.warden = Warden(context)

    async def told(self) -> list[str]:
        self.warden.look_after()
        await self.clock.sleep(0)
        entries = self.bus.server.oms.after(0)
        alarms = [facts.read_fact(one.subject, one.payload) for one in entries]
        assert all(one.subject.startswith(subjects.alarms_of("access")[:-1]) for one in entries)
        return [one.text for one in alarms if isinstance(one, Alarm)]


async def test_one_alarm_a_minute_for_each_strategy_and_kind_tells_how_often() -> None:
    world = World()
    for _ in range(5):
        world.warden.count(ALPHA, "calls refused")
    world.warden.count(ALPHA, "answers asked for elsewhere")
    world.warden.count(BETA, "calls refused", 3)
    world.warden.count(BETA, "answers asked for elsewhere", 0)
    first = await world.told()
    world.warden.count(ALPHA, "calls refused", 100)
    same_minute = await world.told()
    world.clock.minute += 1
    next_minute = await world.told()
    nothing_more = await world.told()

    assert sorted(first) == [
        "strategy alpha: 1 answers asked for elsewhere",
        "strategy alpha: 5 calls refused",
        "strategy beta: 3 calls refused",
    ]
    assert same_minute == first
    assert next_minute == nothing_more == [*first, "strategy alpha: 100 calls refused"]
