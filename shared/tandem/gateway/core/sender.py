"""Which orders are sent, looked up and reported: intents, answers, ticks in, effects out (pure).

1. Only a READY order is handed to the wire, and being written takes it out of READY.
2. It is READY again only if no byte was written, the venue proved that the request was not
   executed (by its answer, or by letting another action of ours have the request's nonce while
   nobody else may send), or its absence was proven: the venue showed a time past the horizon, and
   then two rounds found nothing, the second begun a second after the first by our clock and by
   its own.
3. An intent read at or before the fence that has no report in the log is looked up first. Every
   fence starts the doubts anew, and none is settled while there is no right to send: another
   process may have sent meanwhile, so that no refusal of our own request speaks for its.
4. Validity is judged only where no request can be at the venue: READY, or absence proven.
5. Each order ends in the venue's reports or in exactly one REJECTED or CANCELLED of ours. A fill
   ends none: it proves that the order is there, and the lookups go on until its state is told.

The horizon is the last venue time at which a request of the order may be accepted: its own stamp
and window; after a fence, whatever any process may have stamped until then: its time, the send
budget, the window and both error bounds. The venue judges a request by the clock that it shows, so
past the horizon it is dead. The second round shows a time a whole second past it: a clock that
steps by less, either way and between any two of these moments, brings no request back. A venue
that sets its clock back by more could; that cannot be proven from outside.

Crash windows, each with the test that goes through it (tests of the sender: `test_sender*.py`):

- before the write: `test_crash_before_the_write_sends_once_after_proven_absence`
- written, unanswered: `test_crash_after_the_write_finds_the_order`
- answered, not yet in the log: `test_crash_after_the_answer_finds_the_order_again`
- restart, the log's tail already sent: `test_tail_sent_by_an_earlier_process_is_adopted`
- lost answer, executed: `test_lost_answer_of_an_executed_order_is_found`
- lost answer, never arrived: `test_lost_answer_of_an_order_that_never_arrived_is_resent`
- it arrives after the query: `test_order_arriving_after_the_query_is_found_before_the_horizon`
- 5xx, -1006, -1007, a cut socket: `test_unclear_answer_is_looked_up_and_never_rejected`
- 5xx, not executed, no longer valid: `test_proven_absent_past_validity_is_rejected_as_not_sent`
- -4116: `test_duplicate_client_id_adopts_the_order_that_rests`
- -2013, unknownOid during lag: `test_not_found_before_the_horizon_is_never_absence`
- duplicate nonce: `test_duplicate_nonce_is_looked_up_and_proves_nothing`
- outside the window (-1021, -5028, expiresAfter): `test_clock_trouble_is_retried_only_once`
- redelivery, count 1 or not: `test_redelivered_intent_joins_its_order_in_every_phase`
- redelivery before our report is read back: `test_redelivered_intent_of_an_ended_order_is_ignored`
- takeover: `test_takeover_looks_up_whatever_the_former_sender_may_have_sent`
- the right to send lost and regained: `test_order_waiting_when_the_right_is_lost_is_looked_up`
- an answer after a takeover: `test_refusal_after_a_takeover_does_not_end_the_order`
- frozen between check and write: `test_horizon_covers_a_sender_frozen_before_its_write`
- the venue's clock steps: `test_clock_that_steps_between_rounds_proves_nothing_early`
- the venue's time stands still: `test_venue_whose_time_stands_still_leaves_the_order_in_doubt`
- a rate limit longer than the validity: `test_pause_past_the_validity_is_a_rejection_at_once`
- an answer to what was proven absent: `test_acceptance_after_proven_absence_raises_an_alarm`
"""

from collections.abc import Iterator

from tandem.domain.execution import OutcomeKind, ReportSource
from tandem.domain.ids import ClientOrderId, Ticker
from tandem.domain.order import RejectReason
from tandem.domain.units import NS_PER_MS
from tandem.gateway.core import pending_order as tickets
from tandem.gateway.core.effects import Alarm, Kill, LogReport, LookUp, SenderEffect
from tandem.gateway.core.ended_orders import Endings
from tandem.gateway.core.pending_order import ROUND_GAP_MS, Now, Phase, Ticket
from tandem.gateway.core.pre_trade_checks import Refusal
from tandem.gateway.port.requests import Outcome, Report, Stamp
from tandem.messages.reports import FillReport, OrderReport

LOOK_BACK_MS = 60_000
ROUNDS = 2
MAX_CLOCK_TRIES = 2
MAX_TICKETS = 10_000
MAX_BURIED = 1_000


class Sender:
    """The orders of one account whose outcome is not known yet."""

    def __init__(
        self, window_ms: int, answer_timeout_ms: int, *, kills_nonces: bool = False
    ) -> None:
        self.is_open = False
        self._kills_nonces = kills_nonces
        self.backfilled_seq: int | None = None
        self._window_ms = window_ms
        self._answer_timeout_ns = answer_timeout_ms * NS_PER_MS
        self._tickets: dict[ClientOrderId, Ticket] = {}
        self._calls: dict[int, Ticket] = {}
        self._lanes: tuple[dict[ClientOrderId, Ticket], ...] = ({}, {})
        self._endings = Endings()
        self._buried: dict[int, ClientOrderId] = {}

    def __contains__(self, cloid: ClientOrderId) -> bool:
        return cloid in self._tickets

    def get(self, cloid: ClientOrderId) -> Ticket | None:
        return self._tickets.get(cloid)

    def ticker_of(self, cloid: ClientOrderId) -> Ticker | None:
        """Return the ticker of a recently ended order: the log may not have told it back yet."""
        return self._endings.ticker_of(cloid)

    def orders(self) -> tuple[Ticket, ...]:
        return tuple(self._tickets.values())

    def count(self, phase: Phase) -> int:
        return sum(ticket.phase is phase for ticket in self._tickets.values())

    def take(self, ticket: Ticket, *, may_be_there: bool = False) -> tuple[SenderEffect, ...]:
        """Take an order from the log; past the fence it may be sent at once.

        One that may be at the venue already is never refused for being one too many.
        """
        if ticket.cloid in self._tickets or ticket.cloid in self._endings:
            return ()
        if self.has_lost_end(ticket.cloid):
            ticket.until_ns = 0
        if self.is_open and not may_be_there and len(self._tickets) >= MAX_TICKETS:
            text = f"{len(self._tickets)} orders are waiting, at most {MAX_TICKETS}"
            return self._reject(ticket, Refusal(RejectReason.RATE_LIMIT, text))
        self._tickets[ticket.cloid] = ticket
        if self.is_open:
            self._make_ready(ticket)
        return ()

    def hold(self) -> None:
        """The right to send is lost or unsure: until the next fence another may send all this."""
        self.is_open = False
        for lane in self._lanes:
            lane.clear()
        for ticket in self._tickets.values():
            ticket.is_shared, ticket.absences = True, 0
            if ticket.phase is Phase.READY:
                ticket.phase = Phase.HELD

    def forget_unsent(self) -> None:
        """The log was cut: orders that it lost are not sent, those that it kept are read again.

        What may be at the venue is looked up and reported as ever, and never sent again.
        """
        self.backfilled_seq = None
        self._endings.cut()
        for ticket in self.orders():
            if ticket.phase in {Phase.HELD, Phase.READY}:
                self._leave_lane(ticket)
                del self._tickets[ticket.cloid]
            ticket.until_ns = 0

    def doubts(self) -> tuple[OrderReport, ...]:
        """Return what is in doubt now: a log that was cut may not hold it, however long it is."""
        return tuple(
            tickets.in_doubt(ticket)
            for ticket in self._tickets.values()
            if ticket.phase is Phase.DOUBT and ticket.is_told
        )

    def has_lost_end(self, cloid: ClientOrderId) -> bool:
        """Tell whether an order had ended in a log that was cut: it must be suspected."""
        return self._endings.was_before_cut(cloid)

    def suspect(self, cloid: ClientOrderId, now: Now) -> None:
        """Look an order up before it is sent: a log that lost its intent may have got it anew."""
        ticket = self._tickets.get(cloid)
        if ticket is None or ticket.phase not in {Phase.HELD, Phase.READY}:
            return
        if ticket.phase is Phase.READY:
            self._leave_lane(ticket)
            ticket.phase, ticket.is_shared = Phase.DOUBT, True
            ticket.horizon_ms = now.latest_stamp_ms + self._window_ms
        ticket.suspect_repeat()

    def pass_fence(self, now: Now, unsent_past: int | None = None) -> None:
        """All that is here may have been sent by another process: it must be looked up.

        But for what was asked for past `unsent_past`: there the former sender had stopped.
        """
        self.hold()
        self._reopen_untold()
        self.is_open = True
        latest_ms = now.latest_stamp_ms
        for ticket in self._tickets.values():
            ticket.horizon_ms = max(ticket.horizon_ms, latest_ms + self._window_ms)
            is_unsent = unsent_past is not None and ticket.seq > unsent_past and not ticket.tries
            if ticket.phase is Phase.HELD and is_unsent and not ticket.is_seen:
                self._make_ready(ticket)
            elif ticket.phase is Phase.HELD:
                ticket.phase = Phase.DOUBT

    def _reopen_untold(self) -> None:
        """The log did not tell back how we said that these ended: find it, and send none again."""
        for ticket in self._endings.untold():
            if ticket.cloid not in self._tickets:
                self._tickets[ticket.cloid] = ticket
                ticket.phase, ticket.is_shared, ticket.until_ns = Phase.DOUBT, True, 0
                ticket.is_looking, ticket.absences = False, 0

    def _make_ready(self, ticket: Ticket) -> None:
        ticket.phase = Phase.READY
        self._lanes[0 if ticket.is_urgent else 1][ticket.cloid] = ticket

    def _leave_lane(self, ticket: Ticket) -> None:
        for lane in self._lanes:
            lane.pop(ticket.cloid, None)

    def _end(self, ticket: Ticket) -> None:
        self._remove(ticket)
        self._endings.add(ticket)

    def _conclude(self, ticket: Ticket) -> None:
        """End an order by our own word, which counts only once the log has it."""
        self._remove(ticket)
        self._endings.conclude(ticket)

    def _remove(self, ticket: Ticket) -> None:
        self._leave_lane(ticket)
        self._tickets.pop(ticket.cloid, None)
        if ticket.call is not None:
            self._calls.pop(ticket.call, None)

    def _reject(
        self, ticket: Ticket, refusal: Refusal, source: ReportSource = ReportSource.LOCAL
    ) -> tuple[SenderEffect, ...]:
        self._conclude(ticket)
        report = tickets.rejected(ticket, refusal.reason, refusal.text, source)
        return (LogReport(report),)

    def ready(self, *, urgent: bool, mono_ns: int) -> Ticket | None:
        """Return the next order of the lane; no hedge before the account was backfilled."""
        if urgent and self.backfilled_seq is None:
            return None
        lane = self._lanes[0 if urgent else 1]
        return next((one for one in lane.values() if one.not_before_ns <= mono_ns), None)

    def refuse(self, ticket: Ticket, refusal: Refusal) -> tuple[SenderEffect, ...]:
        """End an order that a check did not let out."""
        return self._reject(ticket, refusal)

    def stale(self, ticket: Ticket, now: Now) -> Refusal | None:
        """Return why a READY order is too late to send, or None."""
        text = tickets.staleness(ticket, now, self.backfilled_seq or 0)
        return Refusal(RejectReason.STALE, text) if text else None

    def written(self, ticket: Ticket, stamp: Stamp, now: Now) -> None:
        """The request was handed to a socket: from here on its outcome is the venue's."""
        self._leave_lane(ticket)
        ticket.phase = Phase.SENT
        ticket.tries += 1
        ticket.absences = ticket.lookups = 0
        ticket.is_shared = False
        if ticket.call is not None:
            self._calls.pop(ticket.call, None)
        ticket.call, ticket.stamp = stamp.call, stamp
        ticket.deadline_ns = now.mono_ns + self._answer_timeout_ns
        ticket.horizon_ms = stamp.venue_ms + stamp.window_ms + 2 * now.error_ms
        self._calls[stamp.call] = ticket

    def unwritten(self, call: int) -> None:
        """No byte of that request left this machine: unless another sent it, it goes again."""
        ticket = self._calls.pop(call, None)
        if ticket is None or ticket.phase not in {Phase.SENT, Phase.DOUBT}:
            return
        if ticket.is_ours:
            self._make_ready(ticket)
        else:
            ticket.phase = Phase.DOUBT

    def answered(self, call: int, outcome: Outcome, now: Now) -> tuple[SenderEffect, ...]:
        """Take what the venue answered to a request; late answers count as well."""
        ticket = self._calls.pop(call, None)
        facts = tuple(LogReport(fact) for fact in outcome.facts)
        if ticket is None:
            return (*facts, *self._exhumed(call, outcome))
        if outcome.kind is OutcomeKind.ACCEPTED and facts:
            self._end(ticket)
            return facts
        if outcome.kind is OutcomeKind.REJECTED and ticket.is_ours:
            return self._rejected_by_venue(ticket, outcome)
        if outcome.kind is OutcomeKind.NOT_EXECUTED and ticket.is_ours:
            return (*facts, *self._not_executed(ticket, outcome, now))
        words = outcome.text or f"answered as {outcome.kind.lower()}"
        return (*facts, *self._doubt(ticket, now, words))

    def _exhumed(self, call: int, outcome: Outcome) -> tuple[Alarm, ...]:
        """An order that was proven absent exists: it is not sent again, if that is not too late."""
        cloid = self._buried.get(call)
        if cloid is None or outcome.kind is not OutcomeKind.ACCEPTED:
            return ()
        ticket = self._tickets.get(cloid)
        if ticket is not None and ticket.phase is Phase.READY:
            self._end(ticket)
        return (Alarm(cloid, "accepted after its absence was proven"),)

    def _rejected_by_venue(self, ticket: Ticket, outcome: Outcome) -> tuple[SenderEffect, ...]:
        refusal = Refusal(outcome.reason or RejectReason.OTHER, outcome.text)
        return self._reject(ticket, refusal, ReportSource.ACK)

    def _not_executed(self, ticket: Ticket, outcome: Outcome, now: Now) -> tuple[SenderEffect, ...]:
        """Send it again after the venue's pause, unless it would be stale by then."""
        pause_ns = outcome.retry_after_ms * NS_PER_MS
        clock = outcome.reason is RejectReason.CLOCK and ticket.tries >= MAX_CLOCK_TRIES
        if clock or now.log_ns + pause_ns > ticket.until_ns:
            return self._rejected_by_venue(ticket, outcome)
        ticket.not_before_ns = now.mono_ns + pause_ns
        self._make_ready(ticket)
        return ()

    def lost(
        self, call: int, now: Now, why: str = "the connection ended before an answer came"
    ) -> tuple[SenderEffect, ...]:
        """The connection ended, or the answer cannot come any more: the outcome is unknown."""
        ticket = self._calls.pop(call, None)
        if ticket is None or ticket.phase is not Phase.SENT:
            return ()
        return self._doubt(ticket, now, why)

    def _doubt(self, ticket: Ticket, now: Now, words: str) -> tuple[SenderEffect, ...]:
        ticket.phase, ticket.doubt = Phase.DOUBT, words
        ticket.lookup_ns = now.mono_ns
        told = () if ticket.is_told else (LogReport(tickets.in_doubt(ticket)),)
        ticket.is_told = True
        return (*told, *self._kill(ticket), *self._look_up(ticket, now))

    def _kill(self, ticket: Ticket) -> Iterator[Kill]:
        """Ask once for a request of ours that its nonce be used up."""
        stamp, ticket.stamp = ticket.stamp, None
        if self._kills_nonces and stamp is not None and self.is_open and ticket.is_ours:
            yield Kill(ticket.cloid, stamp)

    def killed(self, cloid: ClientOrderId, call: int, now: Now) -> tuple[SenderEffect, ...]:
        """The nonce of that request was still free, and is used up: it was never executed."""
        ticket = self._tickets.get(cloid)
        if ticket is None or ticket.call != call or ticket.phase is not Phase.DOUBT:
            return ()
        return self._proven_absent(ticket, now) if self.is_open and ticket.is_ours else ()

    def take_fact(self, fact: Report) -> None:
        """Learn what the venue or the log says: a report ends its order, a fill shows it."""
        match fact:
            case OrderReport() if fact.client_order_id is not None and not fact.in_doubt:
                self.reported(fact.client_order_id)
            case FillReport() if fact.client_order_id in self._tickets:
                self._see(self._tickets[fact.client_order_id])
            case _:
                return

    def _see(self, ticket: Ticket) -> None:
        ticket.is_seen = True
        if ticket.phase is Phase.READY:
            self._leave_lane(ticket)
            ticket.phase = Phase.DOUBT

    def reported(self, cloid: ClientOrderId) -> None:
        """The venue showed that it has the order, or the log says how it ended."""
        self._endings.told(cloid)
        ticket = self._tickets.get(cloid)
        if ticket is not None:
            self._end(ticket)

    def cancel_unsent(self, cloid: ClientOrderId) -> tuple[SenderEffect, ...]:
        """End an order that is still READY; nothing of it can be at the venue."""
        ticket = self._tickets.get(cloid)
        if ticket is None or ticket.phase is not Phase.READY:
            return ()
        self._conclude(ticket)
        return (LogReport(tickets.cancelled_unsent(ticket)),)

    def tick(self, now: Now) -> tuple[SenderEffect, ...]:
        """Let time pass: answers overdue, validity over, lookups due."""
        effects: list[SenderEffect] = []
        for ticket in tuple(self._tickets.values()):
            effects += self._tick_one(ticket, now)
        return tuple(effects)

    def _tick_one(self, ticket: Ticket, now: Now) -> tuple[SenderEffect, ...]:
        match ticket.phase:
            case Phase.SENT if now.mono_ns >= ticket.deadline_ns:
                waited_ms = self._answer_timeout_ns // NS_PER_MS
                return self._doubt(ticket, now, f"no answer within {waited_ms} ms")
            case Phase.DOUBT:
                return tuple(self._look_up(ticket, now))
            case Phase.READY:
                refusal = self.stale(ticket, now)
                return self._reject(ticket, refusal) if refusal else ()
            case _:
                return ()

    def _look_up(self, ticket: Ticket, now: Now) -> Iterator[LookUp]:
        if not self.is_open or ticket.is_looking or now.mono_ns < ticket.lookup_ns:
            return
        ticket.is_looking = True
        ticket.lookups += 1
        ticket.looked_ns = now.mono_ns
        past_ms = ticket.horizon_ms
        if ticket.absences:
            past_ms = max(past_ms, ticket.absent_ms + ROUND_GAP_MS - 1)
        since_ms = ticket.born_ms(now) - LOOK_BACK_MS
        is_thorough = now.venue_ms > ticket.horizon_ms
        nth = ticket.lookups
        yield LookUp(ticket.cloid, ticket.ticker, since_ms, past_ms, is_thorough, nth)

    def found(
        self, cloid: ClientOrderId, facts: tuple[Report, ...], now: Now
    ) -> tuple[SenderEffect, ...]:
        """The lookup found the order, or only fills of it: then its state is still asked for."""
        ticket = self._tickets.get(cloid)
        if ticket is not None and any(isinstance(fact, OrderReport) for fact in facts):
            self._end(ticket)
        elif ticket is not None:
            self._see(ticket)
            self._plan_lookup(ticket, now)
        return tuple(LogReport(fact) for fact in facts)

    def lookup_failed(self, cloid: ClientOrderId, now: Now) -> None:
        """The lookup proved nothing; it is tried again."""
        ticket = self._tickets.get(cloid)
        if ticket is not None:
            self._plan_lookup(ticket, now)

    def absent(self, cloid: ClientOrderId, venue_ms: int, now: Now) -> tuple[SenderEffect, ...]:
        """A thorough round found nothing; before it, the venue showed the time `venue_ms`."""
        ticket = self._tickets.get(cloid)
        if ticket is None:
            return ()
        self._plan_lookup(ticket, now)
        if ticket.phase is not Phase.DOUBT or not self.is_open or ticket.is_seen:
            return ()
        if venue_ms <= ticket.horizon_ms:
            ticket.absences = 0
        elif not ticket.absences or ticket.is_apart(venue_ms, ROUND_GAP_MS):
            ticket.absences += 1
            ticket.absent_ns, ticket.absent_ms = now.mono_ns, venue_ms
        return self._proven_absent(ticket, now) if ticket.absences >= ROUNDS else ()

    def _plan_lookup(self, ticket: Ticket, now: Now) -> None:
        ticket.is_looking = False
        ticket.lookup_ns = now.mono_ns + tickets.lookup_gap_ms(ticket, now) * NS_PER_MS

    def _proven_absent(self, ticket: Ticket, now: Now) -> tuple[SenderEffect, ...]:
        self._bury(ticket)
        ticket.is_shared = False
        if ticket.is_valid(now):
            self._make_ready(ticket)
            return ()
        return self._reject(ticket, Refusal(RejectReason.NOT_SENT, tickets.absent_text(ticket)))

    def _bury(self, ticket: Ticket) -> None:
        """Remember the request that is proven dead: nothing good may be heard of it again."""
        call, ticket.call = ticket.call, None
        if call is None:
            return
        self._calls.pop(call, None)
        self._buried[call] = ticket.cloid
        if len(self._buried) > MAX_BURIED:
            del self._buried[next(iter(self._buried))]
