"""How requests get to the wire: cancels first, then hedges, then quotes; inside the budgets.

1. From `pump` to the socket everything happens in one turn of the loop.
2. A request is entered as in flight before its first byte is written.
3. HTTP is used only where nothing was written on the order channel.
4. One reading of the monotonic clock both finds the lease held and stamps the request. So the
   stamp lies inside the lease, and the request dies one window later, wherever between the two
   and the wire the process may be frozen and for however long: before the horizon of whoever
   takes the lease next, which begins after this lease has ended.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from tandem.domain.execution import OutcomeKind
from tandem.domain.ids import ClientOrderId
from tandem.domain.order import RejectReason
from tandem.domain.units import NS_PER_MS
from tandem.gateway.core import order_builder
from tandem.gateway.core.cancels import (
    AskOrder,
    Cancel,
    CancelEffect,
    DropUnsent,
    LogFact,
    LogRefusal,
)
from tandem.gateway.core.effects import Alarm, Kill, LogReport, LookUp, SenderEffect
from tandem.gateway.core.pending_order import Now, Phase, Taker, Ticket
from tandem.gateway.core.pre_trade_checks import Refusal
from tandem.gateway.core.presumed_sends import priority_of
from tandem.gateway.port.channel import Replied
from tandem.gateway.port.requests import CancelOne, OrderRequest, Outcome, PlaceOrder, Stamp
from tandem.gateway.shell.state import Core
from tandem.gateway.shell.venue.channel_runner import Session
from tandem.gateway.shell.venue.venue_client import VenueQueries
from tandem.transport.exchange import NothingSentError, Transport
from tandem.transport.priority import Priority

# Refusals by the rules that an instrument table holds: price, size, whether it trades at all.
BY_THE_TABLE = frozenset({RejectReason.INVALID, RejectReason.SIZE, RejectReason.MARKET_STATE})
FORGET_AFTER_NS = 60_000 * NS_PER_MS
UNWRITTEN_PAUSE_MS = 100


class Gate(Protocol):
    """Why no order may go out now, or the empty text."""

    def __call__(self) -> str: ...


class Asker(Protocol):
    """Carries out lookups and questions; their answers come back on their own."""

    def look_up(self, effect: LookUp) -> None: ...

    def ask_order(self, effect: AskOrder) -> None: ...

    def kill(self, effect: Kill) -> None: ...


@dataclass(slots=True)
class InFlight:
    """A request that was handed to a socket."""

    request: OrderRequest
    transport: Transport
    sent_ns: int


class Dispatcher:
    """Sends what the sender and the cancels have ready, and routes the answers back to them."""

    def __init__(self, core: Core, queries: VenueQueries, gate: Gate) -> None:
        self.orders: Session | None = None
        self.asker: Asker | None = None
        self.is_open = False
        self.on_misfit: Callable[[], None] | None = None
        self._core = core
        self._queries = queries
        self._gate = gate
        self._in_flight: dict[int, InFlight] = {}
        metrics = core.context.metrics
        sent = metrics.counter("gateway_requests_sent", "order requests", ("kind", "via"))
        self._sent = {
            (kind, via): sent.labels(kind.__name__, via.value)
            for kind in (PlaceOrder, CancelOne)
            for via in Transport
        }
        self._outcomes = metrics.counter("gateway_outcomes", "answers by kind", ("kind", "reason"))
        self._broken = metrics.counter("gateway_broken_proofs", "the impossible happened")
        self._to_wire = metrics.seconds("gateway_intent_to_wire_seconds", "log read to socket")
        self._answer = metrics.seconds("gateway_answer_seconds", "socket to the venue's answer")

    def pump(self, read_ns: int = 0) -> None:
        """Send everything that may be sent now; `read_ns` is when its cause was read.

        Nothing may before the log was read up to the fence (`is_open`), or without the lease.
        """
        core = self._core
        if len(core.cancels) and self._may_send(now := core.now()):
            self.carry_out_cancels(core.cancels.resolve(core.world, now))
        while self._cancel_one() or self._order_one(read_ns):
            pass

    def _may_send(self, now: Now) -> bool:
        """Tell whether a request stamped with this very `now` may be written."""
        return self.is_open and self._core.lease.holds(now.mono_ns)

    def _cancel_one(self) -> bool:
        if not len(self._core.cancels):
            return False
        now = self._core.now()
        if not self._may_send(now) or self._core.venue_clock.doubt(now.mono_ns):
            return False
        cancel = self._core.cancels.ready(now.mono_ns)
        return cancel is not None and self._send_cancel(cancel, now)

    def _send_cancel(self, cancel: Cancel, now: Now) -> bool:
        if cancel.instrument is None:
            return False
        request = CancelOne(
            instrument=cancel.instrument,
            client_order_id=cancel.cloid,
            venue_order_id=cancel.oid,
        )
        if self._has_no_room(request, now, Priority.CANCEL):
            return False
        stamp = self._core.stamps.make(now.venue_ms)
        self._core.cancels.written(cancel, stamp, now)
        self._write(request, stamp, now)
        return True

    def _order_one(self, read_ns: int) -> bool:
        now = self._core.now()
        if not self._may_send(now) or self._gate():
            return False
        for urgent in (True, False):
            ticket = self._core.sender.ready(urgent=urgent, mono_ns=now.mono_ns)
            if ticket is not None and self._send_order(ticket, now, read_ns):
                return True
        return False

    def _send_order(self, ticket: Ticket, now: Now, read_ns: int) -> bool:
        core = self._core
        request = core.sender.stale(ticket, now) or self._request(ticket, now)
        if isinstance(request, Refusal):
            self.carry_out(core.sender.refuse(ticket, request))
            self._doubt_table(request.reason)
            return True
        if self._has_no_room(request, now, priority_of(ticket.ask)):
            return False
        stamp = core.stamps.make(now.venue_ms)
        core.sender.written(ticket, stamp, now)
        self._write(request, stamp, now)
        if read_ns:
            wrote_ns = core.context.clock.monotonic_ns()
            self._to_wire.observe((wrote_ns - read_ns) / 1e9)
        return True

    def _request(self, ticket: Ticket, now: Now) -> PlaceOrder | Refusal:
        if isinstance(ticket.ask, Taker):
            taker = ticket.ask
            return order_builder.from_taker(
                taker.decision, taker.order, self._core.desk, now.mono_ns
            )
        if ticket.ask is None:
            return Refusal(RejectReason.NOT_SENT, "nobody is known to have asked for it")
        held_back = self._core.restraint.refusal(ticket.ask)
        held_back = held_back or self._core.tethers.refusal(ticket.ask)
        return held_back or order_builder.from_intent(ticket.ask, self._core.desk, now.mono_ns)

    def _has_no_room(self, request: OrderRequest, now: Now, priority: Priority) -> bool:
        core, now_ms = self._core, now.mono_ns // NS_PER_MS
        costs = core.venue.costs(request, self._transport())
        if core.budgets.wait_ms(costs, now_ms, priority):
            return True
        core.budgets.take(costs, now_ms, priority)
        return False

    def _transport(self) -> Transport:
        ready = self.orders is not None and self.orders.is_ready
        return Transport.WEBSOCKET if ready else Transport.HTTP

    def _write(self, request: OrderRequest, stamp: Stamp, now: Now) -> None:
        self._core.context.seam("gateway.before_write")
        flight = InFlight(request, Transport.WEBSOCKET, now.mono_ns)
        self._in_flight[stamp.call] = flight
        session = self.orders
        if session is None or not session.is_ready or not self._write_frame(session, flight, stamp):
            flight.transport = Transport.HTTP
            self._core.context.tasks.spawn(self._over_http(request, stamp), f"order-{stamp.call}")
        self._sent[type(request), flight.transport].inc()

    def _write_frame(self, session: Session, flight: InFlight, stamp: Stamp) -> bool:
        return session.write(self._core.venue.encode_frame(flight.request, stamp))

    async def _over_http(self, request: OrderRequest, stamp: Stamp) -> None:
        try:
            outcome = await self._queries.order_request(request, stamp)
        except NothingSentError as error:
            self._in_flight.pop(stamp.call, None)
            self._unwritten(request, stamp.call)
            self._core.context.log.warning("request not written", error=str(error))
            self._core.budgets.pause(self._core.now().mono_ns // NS_PER_MS + UNWRITTEN_PAUSE_MS)
            return
        self._settle(stamp.call, outcome)

    def _unwritten(self, request: OrderRequest, call: int) -> None:
        if isinstance(request, PlaceOrder):
            self._core.sender.unwritten(call)
        else:
            self._core.cancels.unwritten(call)

    def on_reply(self, replied: Replied) -> None:
        """Take an answer from the order channel."""
        flight = self._in_flight.get(replied.call)
        if flight is None:
            return
        now_ms = self._core.now().mono_ns // NS_PER_MS
        self._core.budgets.observe(self._core.venue.usage(replied.answer), now_ms)
        outcome = self._core.venue.decode_outcome(flight.request, replied.answer)
        self._settle(replied.call, self._core.door.outcome(outcome))

    def _settle(self, call: int, outcome: Outcome) -> None:
        flight = self._in_flight.pop(call, None)
        if flight is None:
            return
        now = self._core.now()
        self._answer.observe((now.mono_ns - flight.sent_ns) / 1e9)
        self._outcomes.labels(outcome.kind.value, outcome.reason or "").inc()
        self._heed(outcome, now)
        if isinstance(flight.request, PlaceOrder):
            self.carry_out(self._core.sender.answered(call, outcome, now))
            if outcome.kind is OutcomeKind.REJECTED:
                self._doubt_table(outcome.reason)
        else:
            self.carry_out_cancels(self._core.cancels.answered(call, outcome, now))
        self.pump()

    def _doubt_table(self, reason: RejectReason | None) -> None:
        """Tell of an order that is refused by rules: those of the table here may be old.

        By the venue, which has others by now; or here, by one that the venue no longer has.
        """
        if reason in BY_THE_TABLE and self.on_misfit is not None:
            self.on_misfit()

    def _heed(self, outcome: Outcome, now: Now) -> None:
        """Obey what an answer says about limits and about our clock."""
        if outcome.kind is not OutcomeKind.NOT_EXECUTED:
            return
        if outcome.reason is RejectReason.CLOCK:
            self._core.venue_clock.forget()
        if outcome.retry_after_ms:
            until_ms = now.mono_ns // NS_PER_MS + outcome.retry_after_ms
            self._core.budgets.pause(until_ms, orders_only=outcome.orders_only)

    def on_orders_down(self) -> None:
        """The order channel ended: what was written on it and not answered is unknown."""
        now = self._core.now()
        for call, flight in tuple(self._in_flight.items()):
            if flight.transport is not Transport.WEBSOCKET:
                continue
            del self._in_flight[call]
            if isinstance(flight.request, PlaceOrder):
                self.carry_out(self._core.sender.lost(call, now))
            else:
                self._core.cancels.lost(call, now)

    def tick(self) -> None:
        """Let time pass for every order and cancel."""
        core, now = self._core, self._core.now()
        self.carry_out(core.sender.tick(now))
        self.carry_out_cancels(core.cancels.tick(core.world, now))
        for call, flight in tuple(self._in_flight.items()):
            if now.mono_ns - flight.sent_ns > FORGET_AFTER_NS:
                del self._in_flight[call]
        self.pump()

    def in_doubt(self) -> int:
        return self._core.sender.count(Phase.DOUBT)

    def carry_out(self, effects: Iterable[SenderEffect]) -> None:
        for effect in effects:
            match effect:
                case LogReport():
                    self._core.journal.log(effect.fact)
                case LookUp():
                    if self.asker is not None:
                        self.asker.look_up(effect)
                case Kill():
                    if self.asker is not None:
                        self.asker.kill(effect)
                case Alarm():
                    self._broken.inc()
                    self._core.context.log.error(effect.text, cloid=effect.cloid)

    def carry_out_cancels(self, effects: Iterable[CancelEffect]) -> None:
        for effect in effects:
            match effect:
                case LogFact():
                    self._core.journal.log(effect.fact)
                case LogRefusal():
                    self._core.journal.log(effect.refused)
                case DropUnsent():
                    self._drop(effect.cloid)
                case AskOrder():
                    if self.asker is not None:
                        self.asker.ask_order(effect)

    def _drop(self, cloid: ClientOrderId) -> None:
        self.carry_out(self._core.sender.cancel_unsent(cloid))
