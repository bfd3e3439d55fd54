"""Says several times a second that this copy stands at the head of the log and may decide.

Gateways let makers of hedges out, and rest, only while some hedger says so. A copy that catches
up, that waits for gateways to resync, or whose rules are not in force would hedge nothing: it is
silent.
"""

from services.hedger.fold.state import State
from tandem.messages import subjects
from tandem.runtime.context import ServiceContext
from tandem.runtime.fold.runner import FoldRunner

LOOK_S = 0.05
SAY_EVERY = 4


class Presence:
    """Looks at one fold's copy, and says what it sees."""

    def __init__(self, context: ServiceContext, runner: FoldRunner[State], rules: str) -> None:
        self._context = context
        self._runner = runner
        self._rules = rules

    async def run(self) -> None:
        """Say it at once when the copy gets there, and again every 200 ms, until cancelled."""
        since = SAY_EVERY
        while True:
            await self._context.clock.sleep(LOOK_S)
            since += 1
            if since >= SAY_EVERY and self._may_decide():
                since = 0
                run = self._context.run.encode()
                await self._context.bus.announce(subjects.presence("hedger"), run)

    def _may_decide(self) -> bool:
        runner = self._runner
        return runner.is_at_head and not runner.awaited and runner.state.active == self._rules
