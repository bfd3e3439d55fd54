"""When resting orders are cancelled without anybody asking for each, and who is told why.

1. Makers go while a restraint says so, tethered orders once their strategy is gone.
2. Before its first cancel the log is told that an order goes, and why (OrderCleared). From then on
   it goes whatever becomes of the cause: whoever sends reads that and cancels it until it has
   ended; a cancel may expire, or find the order still on its way.
"""

from contextlib import suppress

from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import ClientOrderId, Strategy, Token
from tandem.domain.units import NS_PER_MS
from tandem.gateway.account.known_order import KnownOrder
from tandem.gateway.core.halts import is_maker
from tandem.gateway.core.pending_order import Now
from tandem.gateway.shell.dispatcher import Dispatcher
from tandem.gateway.shell.state import Core
from tandem.messages import codec, subjects
from tandem.messages.facts import cancel_subject
from tandem.messages.intents import CancelOrder
from tandem.messages.reports import OrderCleared

AGAIN_MS = 1_000
VALID_MS = 5_000
HEDGER = "hedger"
GATEWAY = Strategy("gateway")


class Clearing:
    """Listens for hedgers and strategies, and cancels the orders that must go."""

    def __init__(self, core: Core, dispatcher: Dispatcher) -> None:
        self._core = core
        self._dispatcher = dispatcher
        self._asked_ns: dict[ClientOrderId, int] = {}
        self._is_clearing = False
        self._cleared = core.context.metrics.counter(
            "gateway_orders_cleared", "cancelled without being asked to"
        )

    async def listen(self) -> None:
        """Listen for hedgers at the head; silence counts from now. And for strategies."""
        bus, restraint = self._core.context.bus, self._core.restraint
        restraint.hear()
        await bus.listen(subjects.presence(HEDGER), lambda _: restraint.hear())
        await bus.listen(subjects.ALIVE, self._heard)

    def _heard(self, payload: bytes) -> None:
        with suppress(MalformedMessageError):
            self._core.tethers.hear(codec.decode_word(payload).strategy)

    def tick(self) -> None:
        """Look whether an order rests that must go; by and by, for a cancel takes its time."""
        core = self._core
        now, is_connected = core.now(), core.context.bus.connected
        for listener in (core.tethers, core.restraint):
            listener.listen(now.mono_ns, is_hearing=is_connected)
        why = core.restraint.clears() if is_connected else ""
        if bool(why) != self._is_clearing:
            self._is_clearing = bool(why)
            core.context.log.warning("makers", cleared=why or "no more")
        may_cancel = self._dispatcher.is_open and core.lease.holds(now.mono_ns)
        if not may_cancel or (not why and core.tethers.is_quiet):
            return
        going = [order for order in core.known.live_orders() if self._goes(order, why)]
        self._asked_ns = {
            cloid: ns for cloid, ns in self._asked_ns.items() if cloid in core.tethers.going
        }
        due = [order for order in going if self._is_due(order, now.mono_ns)]
        if due:
            self._cancel(due, now)

    def _goes(self, order: KnownOrder, why: str) -> bool:
        """Tell whether an order must go; the log is told when it is so for the first time."""
        core, cloid = self._core, order.cloid
        if cloid is None:
            return False
        if cloid in core.tethers.going:
            return True
        reason = (why if is_maker(cloid) else "") or core.tethers.why(cloid)
        if reason:
            self._tell(order, cloid, reason)
        return bool(reason)

    def _tell(self, order: KnownOrder, cloid: ClientOrderId, reason: str) -> None:
        core = self._core
        core.tethers.told_to_go(cloid, reason)
        self._cleared.inc()
        core.context.log.warning("cleared", cloid=cloid, ticker=order.ticker, why=reason)
        core.journal.append(
            OrderCleared(
                exc=core.exc,
                ticker=order.ticker,
                client_order_id=cloid,
                text=reason,
                ts_recv_ns=core.context.clock.wall_ns(),
            )
        )

    def _is_due(self, order: KnownOrder, mono_ns: int) -> bool:
        asked_ns = self._asked_ns.get(order.cloid) if order.cloid is not None else None
        return asked_ns is None or mono_ns - asked_ns >= AGAIN_MS * NS_PER_MS

    def _cancel(self, orders: list[KnownOrder], now: Now) -> None:
        core = self._core
        for order in orders:
            if order.cloid is not None:
                self._asked_ns[order.cloid] = now.mono_ns
        cancel = CancelOrder(
            exc=core.exc,
            token=Token(f"clear-{core.context.run}-{now.mono_ns}"),
            strategy=GATEWAY,
            valid_for_ms=VALID_MS,
        )
        effects = core.cancels.sweep(cancel, cancel_subject(cancel), now.log_ns, iter(orders))
        self._dispatcher.carry_out_cancels(effects)
        self._dispatcher.pump()
