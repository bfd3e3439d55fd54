"""When resting makers are cancelled without anybody asking for each: while a restraint says so.

It is looked at again as long as one rests: a maker that was on its way, or whose cancel expired,
is cancelled like the rest.
"""

from tandem.domain.ids import Token
from tandem.gateway.core import NS_PER_MS, Core
from tandem.gateway.dispatch import Dispatcher
from tandem.messages import subjects
from tandem.messages.intents import CancelOrder, Halt

AGAIN_MS = 1_000
VALID_MS = 5_000


class Clearing:
    """Cancels the makers that must go."""

    def __init__(self, core: Core, dispatcher: Dispatcher) -> None:
        self._core = core
        self._dispatcher = dispatcher
        self._next_ns = 0

    def tick(self) -> None:
        """Look whether a maker rests that must go; by and by, for a cancel takes its time."""
        now = self._core.now()
        halt = self._core.restraint.halt
        if halt is not None and self._dispatcher.is_open and now.mono_ns >= self._next_ns:
            self._next_ns = now.mono_ns + AGAIN_MS * NS_PER_MS
            self._clear(halt, now.log_ns)

    def _clear(self, halt: Halt, log_ns: int) -> None:
        core = self._core
        makers = [one for one in core.known.live_orders() if core.restraint.must_go(one)]
        cancel = CancelOrder(
            exc=core.exc,
            token=Token(f"halt-{halt.token}"),
            strategy=halt.strategy,
            valid_for_ms=VALID_MS,
        )
        subject = subjects.halt(halt.token)
        self._dispatcher.carry_out_cancels(
            core.cancels.sweep(cancel, subject, log_ns, iter(makers))
        )
        self._dispatcher.pump()
