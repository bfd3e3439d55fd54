"""When resting makers are cancelled without anybody asking for each: while a restraint says so.

It is looked at again as long as one rests: a maker that was on its way, or whose cancel expired,
is cancelled like the rest.
"""

from tandem.domain.ids import Strategy, Token
from tandem.gateway.core import NS_PER_MS, Core
from tandem.gateway.dispatch import Dispatcher
from tandem.gateway.restraint import is_maker
from tandem.messages import subjects
from tandem.messages.facts import cancel_subject
from tandem.messages.intents import CancelOrder

AGAIN_MS = 1_000
VALID_MS = 5_000
HEDGER = "hedger"
GATEWAY = Strategy("gateway")


class Clearing:
    """Listens for hedgers, and cancels the makers that must go."""

    def __init__(self, core: Core, dispatcher: Dispatcher) -> None:
        self._core = core
        self._dispatcher = dispatcher
        self._next_ns = 0
        self._is_clearing = False

    async def listen(self) -> None:
        """Listen for hedgers at the head; silence counts from now."""
        self.listening()
        bus = self._core.context.bus
        bus.on_reconnect(self.listening)
        await bus.listen(subjects.presence(HEDGER), lambda _: self.listening())

    def listening(self) -> None:
        self._core.restraint.hear(self._core.context.clock.monotonic_ns())

    def tick(self) -> None:
        """Look whether a maker rests that must go; by and by, for a cancel takes its time."""
        core = self._core
        now = core.now()
        why = core.restraint.clears(now.mono_ns) if core.context.bus.connected else ""
        if bool(why) != self._is_clearing:
            self._is_clearing = bool(why)
            core.context.log.warning("makers", cleared=why or "no more")
        if why and self._dispatcher.is_open and now.mono_ns >= self._next_ns:
            self._next_ns = now.mono_ns + AGAIN_MS * NS_PER_MS
            self._clear(now.log_ns)

    def _clear(self, log_ns: int) -> None:
        core = self._core
        makers = [one for one in core.known.live_orders() if is_maker(one.cloid)]
        cancel = CancelOrder(
            exc=core.exc,
            token=Token(f"clear-{core.context.run}-{log_ns}"),
            strategy=GATEWAY,
            valid_for_ms=VALID_MS,
        )
        effects = core.cancels.sweep(cancel, cancel_subject(cancel), log_ns, iter(makers))
        self._dispatcher.carry_out_cancels(effects)
        self._dispatcher.pump()
