"""What each message of the log means to a gateway: its own fold, and what goes to the machines.

1. What the log holds a report of is never taken for sending.
2. In the first minute of an epoch, what is asked for may have been asked for, and sent, before the
   log was cut: it is looked up first.
3. A message that cannot be read, or whose fields contradict its subject, is refused exactly once.
4. Names that this system makes are nobody's to ask for: an intent under a hedge's client id that is
   not that hedge's is refused by its subject. A report under the client id would be the hedge's.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tandem.bus.port import Entry
from tandem.domain.errors import InvalidInputError, MalformedMessageError
from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Ticker, is_reserved
from tandem.domain.order import OrderStatus, RejectReason
from tandem.gateway.core import pending_order as tickets
from tandem.gateway.core.cancels import refusal
from tandem.gateway.core.pending_order import Ticket
from tandem.gateway.shell.dispatcher import Dispatcher
from tandem.gateway.shell.state import Core
from tandem.gateway.shell.venue.instruments import Specs
from tandem.messages import subjects
from tandem.messages.codec import Fact
from tandem.messages.facts import read_fact
from tandem.messages.hedges import Decision, Epoch
from tandem.messages.intents import CancelOrder, Halt, HedgeOrder, NewOrder, Resume
from tandem.messages.reports import (
    FillReport,
    IntentRefused,
    LinkReport,
    OrderCleared,
    OrderReport,
    PositionReport,
    SenderReport,
    SpecsReport,
)
from tandem.messages.rules import borrowed_name, check_cancel, foreign_taker, is_plain

INTENT_TOKENS = 6
CLOID = 4
OFFERED_AGAIN_NS = 60_000_000_000
SessionFact = LinkReport | SenderReport | Epoch


@dataclass(frozen=True, slots=True)
class Reactions:
    """What the service does about facts that concern the session as a whole."""

    on_session_fact: Callable[[SessionFact, Entry], None]
    on_sweep: Callable[[CancelOrder, Entry], None]
    watch: Callable[[Ticker], None]


class Reader:
    """Takes the entries of this account's part of the log, in order."""

    def __init__(
        self, core: Core, dispatcher: Dispatcher, specs: Specs, reactions: Reactions
    ) -> None:
        self._core = core
        self._dispatcher = dispatcher
        self._specs = specs
        self._reactions = reactions
        self._malformed = core.context.metrics.counter(
            "gateway_malformed", "messages of the log that could not be read"
        )

    def on_entry(self, entry: Entry) -> None:
        """Take one message; an order that may be sent is on the socket when this returns."""
        clock = self._core.context.clock
        read_ns = clock.monotonic_ns()
        self._core.log_clock.observe(entry.ts_ns, read_ns)
        self._core.known.read_at(entry.ts_ns)
        try:
            self._take(read_fact(entry.subject, entry.payload), entry, read_ns)
        except MalformedMessageError as error:
            self._refuse_malformed(entry, error)

    def _take(self, fact: Fact, entry: Entry, read_ns: int) -> None:
        if isinstance(fact, HedgeOrder):
            self._take_hedge(fact)
            return
        if isinstance(fact, Decision | NewOrder | CancelOrder) and not self._dispatcher.is_open:
            self._core.presumed.take(fact, entry.ts_ns)
        match fact:
            case Decision():
                self._take_decision(fact, entry)
            case NewOrder():
                self._take_new_order(fact, entry)
            case CancelOrder():
                self._take_cancel(fact, entry)
            case _:
                self._learn(fact, entry)
                return
        self._dispatcher.pump(read_ns)
        if isinstance(fact, Decision):
            self._core.fill_mids.take(fact, self._core.now())
        self._core.context.seam("gateway.after_intent")

    def _take_hedge(self, hedge: HedgeOrder) -> None:
        """Follow the market of its legs from now on: by their marks hedges are judged (pairing)."""
        self._core.known.hedge_names.take(hedge, self._core.exc)
        for leg in hedge.legs:
            if leg.exc == self._core.exc:
                self._reactions.watch(leg.ticker)

    def _take_decision(self, decision: Decision, entry: Entry) -> None:
        for index, taker in enumerate(decision.takers):
            numbers = (taker.amount, taker.band_bp, taker.hard_cap_bp)
            if not all(is_plain(number) for number in numbers):
                raise MalformedMessageError(f"takers[{index}]", "finite decimals")
        stranger = foreign_taker(decision)
        if stranger is not None:
            raise MalformedMessageError("takers", f"{stranger} is no client id of this decision")
        for taker in decision.takers:
            terms = self._core.door.terms
            terms.asked(taker.client_order_id, decision.ticker, taker.amount)
        for ticket in tickets.from_decision(decision, entry.ts_ns, entry.seq):
            self._take_ticket(ticket)
        self._reactions.watch(decision.ticker)

    def _take_new_order(self, order: NewOrder, entry: Entry) -> None:
        borrowed = borrowed_name(order) or self._core.known.hedge_names.contradiction(order)
        if borrowed:
            self._refuse(entry, "cloid", borrowed)
            return
        if not self._core.known.take_owner(order.client_order_id, order.strategy):
            self._refuse(entry, "cloid", f"{order.client_order_id} is another strategy's")
            return
        self._core.door.terms.asked(order.client_order_id, order.ticker, order.amount)
        self._core.emulation.asked(order)
        if not self._core.known.has_ended(order.client_order_id):
            self._core.tethers.take(order)
        self._reactions.watch(order.ticker)
        self._take_ticket(tickets.from_new_order(order, entry.ts_ns, entry.seq))

    def _take_ticket(self, ticket: Ticket) -> None:
        self._core.known.take_ask(ticket.cloid, ticket.seq, ticket.ts_ns)
        if ticket.cloid in self._core.known:
            return
        sender = self._core.sender
        ticket.is_seen |= ticket.cloid in self._core.known.traded
        may_be_there = self._may_be_there(ticket)
        self._dispatcher.carry_out(sender.take(ticket, may_be_there=may_be_there))
        if may_be_there:
            sender.suspect(ticket.cloid, self._core.now())

    def _may_be_there(self, ticket: Ticket) -> bool:
        """Tell whether the venue may have an order of which the log holds no report."""
        has_shown = ticket.is_seen or self._core.sender.has_lost_end(ticket.cloid)
        return has_shown or self._may_be_offered_again(ticket)

    def _may_be_offered_again(self, ticket: Ticket) -> bool:
        epoch_ns = self._core.known.epoch_ns
        is_early = epoch_ns > 0 and ticket.ts_ns < epoch_ns + OFFERED_AGAIN_NS
        return is_early and isinstance(ticket.ask, NewOrder)

    def _take_cancel(self, cancel: CancelOrder, entry: Entry) -> None:
        try:
            check_cancel(cancel)
        except InvalidInputError as error:
            raise MalformedMessageError(error.field, error.rule) from error
        if cancel.client_order_id is None and cancel.venue_order_id is None:
            self._reactions.on_sweep(cancel, entry)
            return
        owner = self._core.known.owner_of(cancel)
        if not self._core.settings.may_cancel(cancel.strategy, owner):
            self._refuse(entry, "strategy", f"{cancel.strategy}: the order is another strategy's")
            return
        effects = self._core.cancels.take(cancel, entry.subject, entry.ts_ns)
        self._dispatcher.carry_out_cancels(effects)

    def _learn(self, fact: Fact, entry: Entry) -> None:
        core = self._core
        core.journal.read(entry.subject, entry.seq)
        match fact:
            case OrderReport() | FillReport() | OrderCleared():
                self._learn_of_order(fact)
            case PositionReport():
                core.known.take_position(fact)
            case SpecsReport():
                self._specs.read(entry, fact)
            case IntentRefused():
                core.cancels.settled(fact.subject)
            case LinkReport() | SenderReport() | Epoch():
                self._reactions.on_session_fact(fact, entry)
            case Halt() | Resume():
                core.restraint.take(fact)
            case _:
                return

    def _learn_of_order(self, fact: OrderReport | FillReport | OrderCleared) -> None:
        core = self._core
        match fact:
            case OrderReport():
                core.known.take_order(fact)
                core.sender.take_fact(fact)
                self._take_doubt(fact)
                self._untie(fact)
            case FillReport():
                core.known.take_fill(fact)
                core.sender.take_fact(fact)
            case OrderCleared():
                if not core.known.has_ended(fact.client_order_id):
                    core.tethers.told_to_go(fact.client_order_id, fact.text)

    def _untie(self, report: OrderReport) -> None:
        """Forget what an order that has ended was tied to."""
        names = (report.client_order_id, report.venue_order_id)
        order = self._core.known.find(report.ticker, *names)
        if order is not None and order.cloid is not None and not order.is_live:
            self._core.tethers.ended(order.cloid)

    def _take_doubt(self, report: OrderReport) -> None:
        """Take over a former sender's doubt, whatever the log still holds of its cause."""
        cloid = report.client_order_id
        if not report.in_doubt or cloid is None or cloid in self._core.known:
            return
        sender = self._core.sender
        if cloid not in sender:
            doubt = tickets.from_doubt(report, cloid)
            self._dispatcher.carry_out(sender.take(doubt, may_be_there=True))
            sender.suspect(cloid, self._core.now())

    def _refuse_malformed(self, entry: Entry, error: MalformedMessageError) -> None:
        self._malformed.inc()
        core, tokens = self._core, entry.subject.split(".")
        core.context.log.warning("malformed", subject=entry.subject, error=str(error))
        if tokens[:2] != ["oms", "intent"]:
            return
        if tokens[2] == "hedge":
            return
        cloid = ClientOrderId(subjects.untoken(tokens[CLOID])) if len(tokens) > CLOID else ""
        if len(tokens) == INTENT_TOKENS and tokens[-1] == "new" and not is_reserved(cloid.lower()):
            self._reject_raw(ClientOrderId(cloid), entry, error)
            return
        self._refuse(entry, error.field, error.rule)

    def _refuse(self, entry: Entry, field: str, rule: str) -> None:
        self._core.journal.log(refusal(self._core.exc, entry.subject, field, rule))

    def _reject_raw(self, cloid: ClientOrderId, entry: Entry, error: MalformedMessageError) -> None:
        if cloid in self._core.known or cloid in self._core.known.asked:
            return
        self._core.journal.log(
            OrderReport(
                exc=self._core.exc,
                ticker=Ticker(""),
                order_status=OrderStatus.REJECTED,
                source=ReportSource.LOCAL,
                ts_event_ns=entry.ts_ns,
                client_order_id=cloid,
                reason=RejectReason.INVALID,
                text=str(error),
            )
        )
