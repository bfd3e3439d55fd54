"""For how long a hedger was not heard, as a gateway hears it over a bus that comes and goes."""

from types import SimpleNamespace

import structlog

from tandem.bus.memory.bus import MemoryBus
from tandem.domain.ids import Exc
from tandem.domain.units import NS_PER_MS
from tandem.gateway.core.dead_strategies import Tethers
from tandem.gateway.core.halts import Restraint
from tandem.gateway.shell.maker_cancels import HEDGER, Clearing
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock
from tandem.runtime.metrics import Metrics

SILENCE_MS = 1_000
TICK_MS = 50


class Gateway:
    """What listens for hedgers, on a bus and in a time that the test moves on."""

    def __init__(self) -> None:
        self.bus = MemoryBus(SystemClock())
        self.restraint = Restraint(Exc("binance"), SILENCE_MS)
        self._now_ns = 10**12
        context = SimpleNamespace(bus=self.bus, metrics=Metrics(), log=structlog.get_logger())
        core = SimpleNamespace(
            context=context,
            restraint=self.restraint,
            tethers=Tethers(),
            now=lambda: SimpleNamespace(mono_ns=self._now_ns),
            lease=SimpleNamespace(holds=lambda _now: False),
        )
        dispatcher = SimpleNamespace(is_open=False)
        self.clearing = Clearing(core, dispatcher)  # type: ignore[arg-type]  # what it uses

    async def begin(self) -> None:
        await self.clearing.listen()
        self.clearing.tick()

    def goes_on(self, ms: int) -> None:
        for _ in range(0, ms, TICK_MS):
            self._now_ns += TICK_MS * NS_PER_MS
            self.clearing.tick()

    def loses_the_bus(self, ms: int) -> None:
        self.bus.disconnect()
        self.goes_on(ms)
        self.bus.reconnect()
        self.clearing.tick()


async def test_bus_that_flaps_hides_no_dead_hedger() -> None:
    gateway = Gateway()
    await gateway.begin()

    for _ in range(5):
        gateway.goes_on(SILENCE_MS // 4)
        gateway.loses_the_bus(100)

    assert gateway.restraint.silence()


async def test_time_without_the_bus_is_no_hedgers_silence() -> None:
    gateway = Gateway()
    await gateway.begin()

    gateway.goes_on(SILENCE_MS // 2)
    gateway.loses_the_bus(60 * SILENCE_MS)
    gateway.goes_on(SILENCE_MS // 2)

    assert gateway.restraint.silence() == ""


async def test_hedger_that_is_heard_after_an_outage_ends_the_silence() -> None:
    gateway = Gateway()
    await gateway.begin()
    gateway.goes_on(2 * SILENCE_MS)
    gateway.loses_the_bus(100)
    assert gateway.restraint.silence()

    await gateway.bus.client().announce(subjects.presence(HEDGER), b"")

    assert gateway.restraint.silence() == ""
