"""Looks at what a process waits for, and logs an alarm for each wait that lasts."""

from collections.abc import Callable, Iterable

from tandem.messages import facts
from tandem.messages.hedges import Alarm
from tandem.runtime.context import ServiceContext
from tandem.runtime.watch.waits import Wait, Waits

LOOK_S = 1.0


class WaitWatch:
    """Looks once a second; `source` is the name under which this process may log alarms."""

    def __init__(
        self, context: ServiceContext, source: str, current: Callable[[], Iterable[Wait]]
    ) -> None:
        self._context, self._source, self._current = context, source, current
        self._waits, self._n = Waits(), 0
        metrics, clock = context.metrics, context.clock
        longest = metrics.gauge("longest_wait_s", "of what is waited for now; 0: nothing")
        longest.set_function(lambda: self._waits.longest_s(clock.monotonic_ns()))
        self._told = metrics.counter("waits_told", "waits that lasted, each told by an alarm")

    async def run(self) -> None:
        """Look until cancelled; while the bus is away nothing can be told."""
        while True:
            await self._context.clock.sleep(LOOK_S)
            if self._context.bus.connected:
                self._look()

    def _look(self) -> None:
        context = self._context
        for wait in self._waits.look(context.clock.monotonic_ns(), self._current()):
            self._told.inc()
            text = f"waits for {wait.text}, for {wait.after_s:g} s"
            context.log.error("a wait lasts", wait=wait.name, text=text)
            self._n += 1
            key = f"wait-{context.run}-{self._n}"
            alarm = Alarm(source=self._source, key=key, text=f"{context.name} {text}")
            context.bus.log.append_soon(*facts.written(alarm))
