"""One order on its way to the venue: what was asked, how far it is, what is still possible."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, Ticker
from tandem.domain.order import OrderStatus, RejectReason
from tandem.domain.units import NS_PER_MS, ZERO
from tandem.gateway.core.clocks import MAX_ERROR_NS
from tandem.gateway.port.requests import Stamp
from tandem.messages.hedges import Decision, TakerOrder
from tandem.messages.intents import NewOrder
from tandem.messages.reports import OrderReport

TAKER_VALID_NS = 1_000_000_000
SEND_BUDGET_MS = 500
MAX_ERROR_MS = MAX_ERROR_NS // NS_PER_MS
MAX_BEHIND = 256
FIRST_LOOKUP_GAP_MS = 250
ROUND_GAP_MS = 1_000
LAST_LOOKUP_GAP_MS = 5_000
QUICK_LOOKUPS = 10
IN_DOUBT = "the outcome at the venue is unknown and being looked up"


class Now(Struct, frozen=True):
    """The three clocks at one moment; `error_ms` bounds the venue's."""

    mono_ns: int
    log_ns: int
    venue_ms: int
    error_ms: int

    @property
    def latest_stamp_ms(self) -> int:
        """Return the latest time that any process may have stamped until now."""
        return self.venue_ms + self.error_ms + MAX_ERROR_MS + SEND_BUDGET_MS


class Phase(StrEnum):
    HELD = "held"  # read while catching up: a report of it may follow
    READY = "ready"  # nothing of it can be at the venue: may be sent
    SENT = "sent"  # written, the answer is awaited
    DOUBT = "doubt"  # may be at the venue: must be looked up


@dataclass(frozen=True, slots=True)
class Taker:
    """One taker and the decision that ordered it."""

    decision: Decision
    order: TakerOrder


@dataclass(slots=True)
class Ticket:
    """An order until its outcome is known.

    `ask` is None where the log holds only its doubt: a cut has lost who asked for it.
    `ts_ns` is the log's timestamp of the intent, `until_ns` the end of its validity on that clock,
    `seq` its place in the log, 0 where an earlier one may have been lost.
    `call` is its latest request, None before the first; `stamp` that request's, until it was asked
    to be killed. `is_told`: the log has the doubt already.
    `horizon_ms`: past this venue time no request of it can be accepted any more.
    `is_shared`: another process may have sent it since; `is_seen`: a fill of it was told.
    `doubt`: why its outcome was unknown last, in the venue's words where it gave any.
    `looked_ns`: when the latest lookup began; `absent_ns`, `absent_ms`: when the latest round that
    counts ended, and the venue's time that it began with.
    """

    exc: Exc
    ticker: Ticker
    cloid: ClientOrderId
    amount: Decimal
    ask: NewOrder | Taker | None
    ts_ns: int
    until_ns: int
    seq: int = 0
    phase: Phase = Phase.HELD
    call: int | None = None
    stamp: Stamp | None = None
    tries: int = 0
    not_before_ns: int = 0
    deadline_ns: int = 0
    horizon_ms: int = 0
    absences: int = 0
    absent_ns: int = 0
    absent_ms: int = 0
    lookups: int = 0
    lookup_ns: int = 0
    looked_ns: int = 0
    is_looking: bool = False
    is_told: bool = False
    is_shared: bool = False
    is_seen: bool = False
    doubt: str = ""

    @property
    def is_urgent(self) -> bool:
        """Hedges outrank quotes."""
        return isinstance(self.ask, Taker)

    @property
    def valid_ms(self) -> int:
        """How long it was meant to wait at most."""
        if isinstance(self.ask, NewOrder):
            return self.ask.valid_for_ms
        return TAKER_VALID_NS // NS_PER_MS

    def age_ms(self, now: Now) -> int:
        return (now.log_ns - self.until_ns) // NS_PER_MS + self.valid_ms

    def is_valid(self, now: Now) -> bool:
        return now.log_ns <= self.until_ns

    def look_now(self, now: Now) -> None:
        """The venue is back: what was asked for ever more slowly is asked for at once.

        Two rounds that count keep their distance.
        """
        if not self.absences:
            self.lookups, self.lookup_ns = 0, min(self.lookup_ns, now.mono_ns)

    def suspect_repeat(self) -> None:
        """Learn that it may have been asked for, and sent, before the log was cut."""
        self.seq = 0
        if isinstance(self.ask, NewOrder) and self.ask.ts_sent_ns:
            asked_until_ns = self.ask.ts_sent_ns + self.valid_ms * NS_PER_MS
            self.until_ns = min(self.until_ns, asked_until_ns)

    @property
    def is_ours(self) -> bool:
        """Tell whether what the venue says of our latest request settles the order."""
        return not self.is_shared and not self.is_seen

    def born_ms(self, now: Now) -> int:
        """Return when it was asked for on the venue's clock: the log's may show anything."""
        return now.venue_ms - max(0, now.log_ns - self.ts_ns) // NS_PER_MS

    def is_apart(self, venue_ms: int, gap_ms: int) -> bool:
        """Tell whether the latest round began that long after the one before, on both clocks."""
        ours = self.looked_ns - self.absent_ns >= gap_ms * NS_PER_MS
        return ours and venue_ms - self.absent_ms >= gap_ms


def from_new_order(order: NewOrder, ts_ns: int, seq: int) -> Ticket:
    """Return the ticket of an order; a hedge's maker is as old as the hedge intent itself.

    The hedger stamps its maker with the log time of the intent that asked for it, so a maker
    that a hedger logs long afterwards (none was up) does not come alive again.
    """
    asked_ns = min(ts_ns, order.ts_sent_ns) if order.hedge_id and order.ts_sent_ns else ts_ns
    return Ticket(
        exc=order.exc,
        ticker=order.ticker,
        cloid=order.client_order_id,
        amount=order.amount,
        ask=order,
        ts_ns=ts_ns,
        until_ns=asked_ns + order.valid_for_ms * NS_PER_MS,
        seq=seq,
    )


def from_decision(decision: Decision, ts_ns: int, seq: int) -> tuple[Ticket, ...]:
    return tuple(
        Ticket(
            exc=decision.exc,
            ticker=decision.ticker,
            cloid=taker.client_order_id,
            amount=taker.amount,
            ask=Taker(decision, taker),
            ts_ns=ts_ns,
            until_ns=ts_ns + TAKER_VALID_NS,
            seq=seq,
        )
        for taker in decision.takers
    )


def from_doubt(doubt: OrderReport, cloid: ClientOrderId) -> Ticket:
    """Return the ticket of an order that a former sender was in doubt of: it is never sent."""
    return Ticket(
        exc=doubt.exc,
        ticker=doubt.ticker,
        cloid=cloid,
        amount=doubt.amount or ZERO,
        ask=None,
        ts_ns=doubt.ts_event_ns,
        until_ns=0,
        is_told=True,
        doubt=doubt.text.removeprefix(IN_DOUBT).removeprefix(": "),
    )


def lookup_gap_ms(ticket: Ticket, now: Now) -> int:
    """Return how long the next lookup waits: longer each time, until the first that counts.

    That one is due as soon as the venue surely shows a time past the horizon.
    """
    gap_ms = min(ROUND_GAP_MS, FIRST_LOOKUP_GAP_MS << min(ticket.lookups, 8))
    gap_ms = min(LAST_LOOKUP_GAP_MS, gap_ms << min(8, max(0, ticket.lookups - QUICK_LOOKUPS)))
    counts_in_ms = ticket.horizon_ms + now.error_ms + 1 - now.venue_ms
    return min(gap_ms, counts_in_ms) if counts_in_ms > 0 else gap_ms


def staleness(ticket: Ticket, now: Now, backfilled_seq: int) -> str:
    """Return why an order is too late to send, or the empty text."""
    if isinstance(ticket.ask, Taker):
        behind = ticket.seq - ticket.ask.decision.as_of
        if behind > MAX_BEHIND:
            return f"decided {behind} messages ago, at most {MAX_BEHIND}"
        if ticket.ask.decision.as_of < backfilled_seq:
            return f"decided before the account was backfilled at {backfilled_seq}"
    if ticket.is_valid(now):
        return ""
    return f"valid_for_ms={ticket.valid_ms}: {ticket.age_ms(now)} ms old"


def rejected(
    ticket: Ticket, reason: RejectReason, text: str, source: ReportSource = ReportSource.LOCAL
) -> OrderReport:
    """Return the one report of an order that never stood; its time is the intent's own."""
    return OrderReport(
        exc=ticket.exc,
        ticker=ticket.ticker,
        order_status=OrderStatus.REJECTED,
        source=source,
        ts_event_ns=ticket.ts_ns,
        client_order_id=ticket.cloid,
        amount=ticket.amount,
        cum_qty=ZERO,
        reason=reason,
        text=text,
    )


def cancelled_unsent(ticket: Ticket) -> OrderReport:
    """Return the report of an order that was cancelled before it was sent."""
    return OrderReport(
        exc=ticket.exc,
        ticker=ticket.ticker,
        order_status=OrderStatus.CANCELLED,
        source=ReportSource.LOCAL,
        ts_event_ns=ticket.ts_ns,
        client_order_id=ticket.cloid,
        amount=ticket.amount,
        cum_qty=ZERO,
        text="cancelled before it was sent",
    )


def in_doubt(ticket: Ticket) -> OrderReport:
    """Return the flag that the outcome of a request for this order is unknown."""
    return OrderReport(
        exc=ticket.exc,
        ticker=ticket.ticker,
        order_status=OrderStatus.PENDING,
        source=ReportSource.LOCAL,
        ts_event_ns=ticket.ts_ns,
        client_order_id=ticket.cloid,
        amount=ticket.amount,
        in_doubt=True,
        text=": ".join(part for part in (IN_DOUBT, ticket.doubt) if part),
    )


def absent_text(ticket: Ticket) -> str:
    """Return why an order ends that is not at the venue, with what was said when it was sent."""
    text = "proven absent at the venue after a doubt, and no longer valid"
    return f"{text}: {ticket.doubt}" if ticket.doubt else text
