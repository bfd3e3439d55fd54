"""Listens to the senders of all accounts, and lets the fold propose when one comes back."""

from functools import partial

from services.hedger.fold.senders import Senders
from services.hedger.fold.state import State
from tandem.domain.ids import Exc
from tandem.messages import subjects
from tandem.messages.hedges import Decision
from tandem.runtime.context import ServiceContext
from tandem.runtime.fold.port import Proposal
from tandem.runtime.fold.runner import FoldRunner

LOOK_S = 0.05


class Hearing:
    """Holds the proposals of one fold's copy for accounts for which nobody sends."""

    def __init__(self, context: ServiceContext, runner: FoldRunner[State]) -> None:
        self._context = context
        self._runner = runner
        self._senders = Senders()
        held = context.metrics.counter("hedger_held", "looks at a need while nobody sends")
        self._held = held
        runner.allows = self._allows

    async def run(self) -> None:
        """Listen to each account whose instruments the log has told, until cancelled."""
        while True:
            for exc in tuple(self._runner.state.instruments):
                if not self._senders.listens(exc):
                    await self._context.bus.listen(subjects.sending(exc), partial(self._hear, exc))
                    self._senders.listen(exc, self._context.clock.monotonic_ns())
            await self._context.clock.sleep(LOOK_S)

    def _hear(self, exc: Exc, _run: bytes) -> None:
        if self._senders.hear(exc, self._context.clock.monotonic_ns()):
            self._runner.propose_now()

    def _allows(self, proposal: Proposal) -> bool:
        fact = proposal.fact
        if not isinstance(fact, Decision):
            return True
        is_held = self._senders.holds(fact.exc, self._context.clock.monotonic_ns())
        if is_held:
            self._held.inc()
        return not is_held
