"""Tells how large the log is, as numbers all the time and as an alarm before it hurts.

Each copy looks; an alarm has one identity a day and level, so the log keeps one. A log that is
asked for while its server is away is looked at the next time.
"""

from functools import partial

from tandem.bus.port import Log, LogState
from tandem.domain.errors import UnavailableError
from tandem.messages import facts, subjects
from tandem.messages.codec import encode
from tandem.messages.hedges import Alarm
from tandem.runtime.config import Environment, Variable
from tandem.runtime.context import ServiceContext
from tandem.runtime.watch.log_budget import LogBudget, excess

PERIOD_S = 30.0
MIB = 1_048_576
FACTS = Variable("TANDEM_LOG_BUDGET", "facts in the log; alarmed at 80 % and at 100 %", "5000000")
DELTAS = Variable("TANDEM_DELTAS_BUDGET", "deltas in their stream; the same", "2000000")
STORE = Variable("TANDEM_STORE_BUDGET_MB", "MB of each of the two on disk; the same", "20000")
LOG_VARIABLES = (FACTS, DELTAS, STORE)


class LogWatch:
    """Looks at the log and at the deltas every half minute."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._budgets = log_budgets(context.env)
        self._states: dict[str, LogState] = {}
        self._told: dict[str, str] = {}
        gauge, oms, deltas = context.metrics.gauge, subjects.OMS_STREAM, subjects.DELTAS_STREAM
        facts_held = gauge("oms_messages", "facts in the log")
        facts_held.set_function(partial(self._read, oms, "messages"))
        facts_stored = gauge("oms_stored_bytes", "what the log takes in the store")
        facts_stored.set_function(partial(self._read, oms, "bytes"))
        deltas_held = gauge("deltas_messages", "deltas that are kept")
        deltas_held.set_function(partial(self._read, deltas, "messages"))
        deltas_stored = gauge("deltas_stored_bytes", "what the deltas take in the store")
        deltas_stored.set_function(partial(self._read, deltas, "bytes"))

    def _read(self, stream: str, field: str) -> float:
        return float(getattr(self._states.get(stream), field, 0))

    def start(self) -> None:
        self._context.tasks.spawn(self._run(), "log-watch")

    async def _run(self) -> None:
        bus = self._context.bus
        while True:
            await self._look(subjects.OMS_STREAM, bus.log)
            await self._look(subjects.DELTAS_STREAM, bus.deltas)
            await self._context.clock.sleep(PERIOD_S)

    async def _look(self, stream: str, log: Log) -> None:
        context = self._context
        try:
            state = self._states[stream] = await log.state()
        except UnavailableError as error:
            context.log.warning("size of the log not known", stream=stream, error=str(error))
            return
        for one in excess(self._budgets[stream], state, context.clock.wall_ns()):
            if self._told.get(one.what) != one.key:
                self._told[one.what] = one.key
                alarm = Alarm(source=context.name, key=one.key, text=one.text)
                await context.bus.log.append(facts.subject_of(alarm), encode(alarm))


def log_budgets(env: Environment) -> dict[str, LogBudget]:
    """Read how large each stream may be; raises ConfigurationError naming a bad variable."""
    stored = env.integer(STORE.name, int(STORE.default), least=1) * MIB
    found = {}
    for stream, variable in ((subjects.OMS_STREAM, FACTS), (subjects.DELTAS_STREAM, DELTAS)):
        most = env.integer(variable.name, int(variable.default), least=1)
        found[stream] = LogBudget(stream, most, stored)
    return found
