"""The log's size is told, once a day and level, whoever else tells it too."""

from collections.abc import Awaitable, Callable

import structlog

from tandem.bus.memory.bus import MemoryBus
from tandem.domain.ids import Exc, ExecId, Ticker
from tandem.messages import facts, subjects
from tandem.messages.hedges import Alarm, Epoch
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.config import Environment, settings
from tandem.runtime.context import ServiceContext
from tandem.runtime.failpoints import no_seam
from tandem.runtime.metrics import Metrics
from tandem.runtime.watch.log_watch import LogWatch

Eventually = Callable[..., Awaitable[None]]


class QuickClock:
    """The machine's clock; half a minute passes at once."""

    def __init__(self) -> None:
        self._clock = SystemClock()

    def wall_ns(self) -> int:
        return self._clock.wall_ns()

    def monotonic_ns(self) -> int:
        return self._clock.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds / 10_000)


class Setting:
    """A watch on a log in memory."""

    def __init__(self, bus: MemoryBus, **variables: str) -> None:
        env = Environment(variables)
        self.bus, self.metrics, self.tasks = bus, Metrics(), TaskOwner()
        context = ServiceContext(
            name="order-state",
            settings=settings(env, "order-state"),
            env=env,
            bus=bus,
            clock=QuickClock(),
            tasks=self.tasks,
            log=structlog.get_logger(),
            metrics=self.metrics,
            seam=no_seam,
            run="a",
        )
        LogWatch(context).start()

    def gauge(self, name: str) -> float:
        return self.metrics.registry.get_sample_value(f"tandem_{name}") or 0.0


async def grow(bus: MemoryBus, epochs: range) -> None:
    for number in epochs:
        epoch = Epoch(epoch=number, text="")
        await bus.log.append(*facts.written(epoch))


async def alarmed(bus: MemoryBus) -> str:
    """Return the newest alarm's text, empty when there is none."""
    entry = await bus.log.find(subjects.ALL_ALARMS)
    if entry is None:
        return ""
    alarm = facts.read_fact(entry.subject, entry.payload)
    assert isinstance(alarm, Alarm)
    return alarm.text


async def test_e7_a_log_that_nears_its_budget_is_alarmed_before_it_is_full(
    eventually: Eventually,
) -> None:
    bus = MemoryBus(SystemClock())
    setting = Setting(bus, TANDEM_LOG_BUDGET="100")
    await grow(bus, range(1, 80))
    await eventually(lambda: setting.gauge("oms_messages") == 79)
    assert await alarmed(bus) == ""

    await grow(bus, range(80, 81))

    await eventually(lambda: setting.gauge("oms_messages") == 81)
    assert await alarmed(bus) == "OMS has 80 messages, 80 % of its budget of 100 or more"
    await setting.tasks.close()


async def test_e7_two_copies_tell_the_same_once(eventually: Eventually) -> None:
    bus = MemoryBus(SystemClock())
    await grow(bus, range(1, 21))
    one = Setting(bus.client(), TANDEM_LOG_BUDGET="25")
    other = Setting(bus.client(), TANDEM_LOG_BUDGET="25")

    await eventually(lambda: one.gauge("oms_messages") == other.gauge("oms_messages") == 21)

    assert await alarmed(bus) == "OMS has 20 messages, 80 % of its budget of 25 or more"
    for setting in (one, other):
        await setting.tasks.close()


async def test_e7_a_log_that_does_not_answer_is_looked_at_again(eventually: Eventually) -> None:
    hub = MemoryBus(SystemClock())
    bus = hub.client()
    await grow(hub, range(1, 21))
    bus.disconnect()
    setting = Setting(bus, TANDEM_LOG_BUDGET="25")
    bus.reconnect()

    await eventually(lambda: setting.gauge("oms_messages") == 21)
    await setting.tasks.close()


async def test_e7_deltas_have_a_budget_of_their_own(eventually: Eventually) -> None:
    bus = MemoryBus(SystemClock())
    setting = Setting(bus, TANDEM_DELTAS_BUDGET="2")
    for number in range(2):
        subject = subjects.fill_cost(Exc("e"), Ticker("T"), ExecId(str(number)))
        await bus.deltas.append(subject, b"{}")

    await eventually(lambda: setting.gauge("oms_messages") == 1)

    assert await alarmed(bus) == "DELTAS has 2 messages, 100 % of its budget of 2 or more"
    assert setting.gauge("deltas_messages") == 2
    await setting.tasks.close()
