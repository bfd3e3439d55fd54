"""Which orders are sent, looked up and reported: intents, answers, ticks in, effects out (pure).

1. Only a READY order is handed to the wire, and being written takes it out of READY.
2. It is READY again only if no byte was written, the venue proved that the request was not
   executed, or its absence was proven: the venue showed a time past the horizon, and then two
   rounds at least a second apart found nothing.
3. An intent read at or before the fence that has no report in the log is looked up first.
4. Validity is judged only where no request can be at the venue: READY, or absence proven.
5. Each order ends in the venue's reports or in exactly one REJECTED or CANCELLED of ours.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tandem.domain.execution import OutcomeKind, ReportSource
from tandem.domain.ids import ClientOrderId, Ticker
from tandem.domain.order import RejectReason
from tandem.gateway import ticket as tickets
from tandem.gateway.checks import Refusal
from tandem.gateway.requests import Outcome, Report, Stamp
from tandem.gateway.ticket import Now, Phase, Taker, Ticket

NS_PER_MS = 1_000_000
SEND_BUDGET_MS = 500
LOOK_BACK_MS = 60_000
ROUND_GAP_NS = 1_000 * NS_PER_MS
FIRST_LOOKUP_GAP_MS = 250
ROUNDS = 2
MAX_CLOCK_TRIES = 2
MAX_BEHIND = 256
MAX_TICKETS = 10_000
MAX_ENDED = 1_000


@dataclass(frozen=True, slots=True)
class LogReport:
    """Log this fact."""

    fact: Report


@dataclass(frozen=True, slots=True)
class LookUp:
    """Ask the venue for this order; the answer comes back as found, absent or failed.

    Before the horizon its id is enough to ask for; past it a round is thorough (open orders and
    the fills since `since_ms` too), for only such a round can prove absence.
    """

    cloid: ClientOrderId
    ticker: Ticker
    since_ms: int
    is_thorough: bool


SenderEffect = LogReport | LookUp


class Sender:
    """The orders of one account whose outcome is not known yet."""

    def __init__(self, window_ms: int, answer_timeout_ms: int) -> None:
        self._window_ms = window_ms
        self._answer_timeout_ns = answer_timeout_ms * NS_PER_MS
        self._tickets: dict[ClientOrderId, Ticket] = {}
        self._calls: dict[int, Ticket] = {}
        self._lanes: tuple[dict[ClientOrderId, Ticket], ...] = ({}, {})
        self._ended: dict[ClientOrderId, Ticker] = {}

    def __contains__(self, cloid: ClientOrderId) -> bool:
        return cloid in self._tickets

    def get(self, cloid: ClientOrderId) -> Ticket | None:
        return self._tickets.get(cloid)

    def ticker_of(self, cloid: ClientOrderId) -> Ticker | None:
        """Return the ticker of a recently ended order: the log may not have told it back yet."""
        return self._ended.get(cloid)

    def orders(self) -> tuple[Ticket, ...]:
        return tuple(self._tickets.values())

    def count(self, phase: Phase) -> int:
        return sum(ticket.phase is phase for ticket in self._tickets.values())

    def take(self, ticket: Ticket, *, past_fence: bool) -> tuple[SenderEffect, ...]:
        """Take an order from the log; past the fence it may be sent at once."""
        if ticket.cloid in self._tickets:
            return ()
        if len(self._tickets) >= MAX_TICKETS:
            text = f"{len(self._tickets)} orders are waiting, at most {MAX_TICKETS}"
            return (LogReport(tickets.rejected(ticket, RejectReason.RATE_LIMIT, text)),)
        self._tickets[ticket.cloid] = ticket
        if past_fence:
            self._make_ready(ticket)
        return ()

    def pass_fence(self, now: Now) -> None:
        """All that was held may have been sent by an earlier process: it must be looked up."""
        for ticket in self._tickets.values():
            if ticket.phase is Phase.HELD:
                ticket.phase = Phase.DOUBT
                ticket.horizon_ms = self._horizon_ms(now, now.venue_ms + SEND_BUDGET_MS)

    def _horizon_ms(self, now: Now, latest_send_ms: int) -> int:
        return latest_send_ms + self._window_ms + 2 * now.error_ms

    def _make_ready(self, ticket: Ticket) -> None:
        ticket.phase = Phase.READY
        self._lanes[0 if ticket.is_urgent else 1][ticket.cloid] = ticket

    def _leave_lane(self, ticket: Ticket) -> None:
        for lane in self._lanes:
            lane.pop(ticket.cloid, None)

    def _end(self, ticket: Ticket) -> None:
        self._leave_lane(ticket)
        self._tickets.pop(ticket.cloid, None)
        self._ended[ticket.cloid] = ticket.ticker
        if len(self._ended) > MAX_ENDED:
            del self._ended[next(iter(self._ended))]
        if ticket.call is not None:
            self._calls.pop(ticket.call, None)

    def _reject(
        self, ticket: Ticket, refusal: Refusal, source: ReportSource = ReportSource.LOCAL
    ) -> tuple[SenderEffect, ...]:
        self._end(ticket)
        report = tickets.rejected(ticket, refusal.reason, refusal.text, source)
        return (LogReport(report),)

    def ready(self, *, urgent: bool, mono_ns: int) -> Ticket | None:
        """Return the next order of the lane that may be sent now."""
        lane = self._lanes[0 if urgent else 1]
        return next((one for one in lane.values() if one.not_before_ns <= mono_ns), None)

    def next_due_ns(self) -> int | None:
        """Return when a delayed READY order may be sent, or None when there is none."""
        return min(
            (one.not_before_ns for lane in self._lanes for one in lane.values()), default=None
        )

    def refuse(self, ticket: Ticket, refusal: Refusal) -> tuple[SenderEffect, ...]:
        """End an order that a check did not let out."""
        return self._reject(ticket, refusal)

    def stale(self, ticket: Ticket, now: Now) -> Refusal | None:
        """Return why a READY order is too late to send, or None."""
        if isinstance(ticket.ask, Taker):
            behind = ticket.seq - ticket.ask.decision.as_of
            if behind > MAX_BEHIND:
                text = f"decided {behind} messages ago, at most {MAX_BEHIND}"
                return Refusal(RejectReason.STALE, text)
        if ticket.is_valid(now):
            return None
        text = f"valid_for_ms={ticket.valid_ms}: {ticket.age_ms(now)} ms old"
        return Refusal(RejectReason.STALE, text)

    def written(self, ticket: Ticket, stamp: Stamp, now: Now) -> None:
        """The request was handed to a socket: from here on its outcome is the venue's."""
        self._leave_lane(ticket)
        ticket.phase = Phase.SENT
        ticket.tries += 1
        ticket.absences = ticket.lookups = 0
        if ticket.call is not None:
            self._calls.pop(ticket.call, None)
        ticket.call = stamp.call
        ticket.deadline_ns = now.mono_ns + self._answer_timeout_ns
        ticket.horizon_ms = self._horizon_ms(now, stamp.venue_ms)
        self._calls[stamp.call] = ticket

    def unwritten(self, call: int) -> None:
        """No byte of that request left this machine: it may be sent again."""
        ticket = self._calls.pop(call, None)
        if ticket is not None and ticket.phase is Phase.SENT:
            self._make_ready(ticket)

    def answered(self, call: int, outcome: Outcome, now: Now) -> tuple[SenderEffect, ...]:
        """Take what the venue answered to a request; late answers count as well."""
        ticket = self._calls.pop(call, None)
        facts = tuple(LogReport(fact) for fact in outcome.facts)
        if ticket is None:
            return facts
        match outcome.kind:
            case OutcomeKind.ACCEPTED:
                self._end(ticket)
                return facts
            case OutcomeKind.REJECTED:
                return self._rejected_by_venue(ticket, outcome)
            case OutcomeKind.NOT_EXECUTED:
                return (*facts, *self._not_executed(ticket, outcome, now))
            case OutcomeKind.UNKNOWN:
                return (*facts, *self._doubt(ticket, now))

    def _rejected_by_venue(self, ticket: Ticket, outcome: Outcome) -> tuple[SenderEffect, ...]:
        refusal = Refusal(outcome.reason or RejectReason.OTHER, outcome.text)
        return self._reject(ticket, refusal, ReportSource.ACK)

    def _not_executed(self, ticket: Ticket, outcome: Outcome, now: Now) -> tuple[SenderEffect, ...]:
        clock = outcome.reason is RejectReason.CLOCK and ticket.tries >= MAX_CLOCK_TRIES
        if clock or not ticket.is_valid(now):
            return self._rejected_by_venue(ticket, outcome)
        ticket.not_before_ns = now.mono_ns + outcome.retry_after_ms * NS_PER_MS
        self._make_ready(ticket)
        return ()

    def lost(self, call: int, now: Now) -> tuple[SenderEffect, ...]:
        """The connection ended, or the answer cannot come any more: the outcome is unknown."""
        ticket = self._calls.pop(call, None)
        if ticket is None or ticket.phase is not Phase.SENT:
            return ()
        return self._doubt(ticket, now)

    def _doubt(self, ticket: Ticket, now: Now) -> tuple[SenderEffect, ...]:
        ticket.phase = Phase.DOUBT
        ticket.lookup_ns = now.mono_ns
        told = () if ticket.is_told else (LogReport(tickets.in_doubt(ticket)),)
        ticket.is_told = True
        return (*told, *self._look_up(ticket, now))

    def reported(self, cloid: ClientOrderId) -> None:
        """The venue showed that it has the order, or the log says how it ended."""
        ticket = self._tickets.get(cloid)
        if ticket is not None:
            self._end(ticket)

    def cancel_unsent(self, cloid: ClientOrderId) -> tuple[SenderEffect, ...]:
        """End an order that is still READY; nothing of it can be at the venue."""
        ticket = self._tickets.get(cloid)
        if ticket is None or ticket.phase is not Phase.READY:
            return ()
        self._end(ticket)
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
                return self._doubt(ticket, now)
            case Phase.DOUBT:
                return tuple(self._look_up(ticket, now))
            case Phase.READY:
                refusal = self.stale(ticket, now)
                return self._reject(ticket, refusal) if refusal else ()
            case _:
                return ()

    def _look_up(self, ticket: Ticket, now: Now) -> Iterator[LookUp]:
        if ticket.is_looking or now.mono_ns < ticket.lookup_ns:
            return
        ticket.is_looking = True
        ticket.lookups += 1
        since_ms = ticket.ts_ns // NS_PER_MS - LOOK_BACK_MS
        is_thorough = now.venue_ms > ticket.horizon_ms
        yield LookUp(ticket.cloid, ticket.ticker, since_ms, is_thorough)

    def found(self, cloid: ClientOrderId, facts: tuple[Report, ...]) -> tuple[SenderEffect, ...]:
        """The lookup found the order."""
        self.reported(cloid)
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
        if ticket.phase is not Phase.DOUBT or venue_ms <= ticket.horizon_ms:
            return ()
        if ticket.absences and now.mono_ns - ticket.absent_ns < ROUND_GAP_NS:
            return ()
        ticket.absences += 1
        ticket.absent_ns = now.mono_ns
        return self._proven_absent(ticket, now) if ticket.absences >= ROUNDS else ()

    def _plan_lookup(self, ticket: Ticket, now: Now) -> None:
        ticket.is_looking = False
        gap_ms = min(ROUND_GAP_NS // NS_PER_MS, FIRST_LOOKUP_GAP_MS << min(ticket.lookups, 8))
        ticket.lookup_ns = now.mono_ns + gap_ms * NS_PER_MS

    def _proven_absent(self, ticket: Ticket, now: Now) -> tuple[SenderEffect, ...]:
        if ticket.is_valid(now):
            self._make_ready(ticket)
            return ()
        text = "proven absent at the venue after a doubt, and no longer valid"
        return self._reject(ticket, Refusal(RejectReason.NOT_SENT, text))
