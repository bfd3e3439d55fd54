"""How a cancel goes: which order it means, when it may be sent, what its answers prove (pure).

1. A cancel of an order whose own outcome is open waits for it, and stays valid meanwhile; an
   order not yet sent ends with it.
2. "Unknown order" ends nothing: the venue is asked about the order, and its answer is logged.
3. A cancel without an answer may be sent again: it is idempotent; the order is asked for first.
4. A cancel ends with a terminal report of its order, or with exactly one refusal of the intent:
   one that the log has not told back when the right to send is lost may never get there, and its
   cancel begins anew.
5. Without the right to send nothing is concluded: all wait, answers to older requests are facts
   and no more, and none is refused for being one too many.
6. However many wait, a turn looks at some of them: thousands, as for the makers that a log has
   lost, must not take the time in which they could be looked up.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from msgspec import Struct

from tandem.domain.execution import OutcomeKind
from tandem.domain.ids import ClientOrderId, Exc, Ticker, VenueOrderId
from tandem.domain.instrument import Instrument
from tandem.domain.units import NS_PER_MS
from tandem.gateway.account.account_state import Known
from tandem.gateway.account.known_order import KnownOrder
from tandem.gateway.core.pending_order import Now, Phase
from tandem.gateway.core.sender import Sender
from tandem.gateway.port.requests import OrderQuery, Outcome, Report, Stamp
from tandem.messages.intents import CancelOrder
from tandem.messages.reports import IntentRefused, OrderReport

FIRST_ASK_MS = 250
MAX_ASK_MS = 2_000
MAX_ABSENCES = 4
MAX_CANCELS = 10_000
MAX_UNTOLD = 10_000
GRACE_NS = 2_000 * NS_PER_MS
# How many a turn looks at: of those that wait to be resolved at each message, of all at each tick.
RESOLVED_A_TURN = 64
LOOKED_AT_A_TICK = 512


class CancelPhase(StrEnum):
    WAITING = "waiting"  # for the order's own outcome, or to be resolved
    READY = "ready"
    SENT = "sent"
    ASKING = "asking"  # what became of the order


@dataclass(slots=True)
class Cancel:
    """One order to cancel; `instrument` and the names are what is known of it so far."""

    key: str
    subject: str
    exc: Exc
    ticker: Ticker | None
    cloid: ClientOrderId | None
    oid: VenueOrderId | None
    until_ns: int
    phase: CancelPhase = CancelPhase.WAITING
    instrument: Instrument | None = None
    call: int | None = None
    not_before_ns: int = 0
    deadline_ns: int = 0
    ask_ns: int = 0
    asks: int = 0
    absences: int = 0
    is_asking: bool = False
    was_accepted: bool = False
    was_refused: bool = False


class World(Struct, frozen=True):
    """What a cancel is resolved against."""

    known: Known
    sender: Sender
    instrument_of: Callable[[Ticker], Instrument | None]


@dataclass(frozen=True, slots=True)
class LogRefusal:
    refused: IntentRefused


@dataclass(frozen=True, slots=True)
class LogFact:
    fact: Report


@dataclass(frozen=True, slots=True)
class DropUnsent:
    """The order was never sent: end it where it waits."""

    cloid: ClientOrderId


@dataclass(frozen=True, slots=True)
class AskOrder:
    """Ask the venue for the order; the answer comes back through `asked`."""

    key: str
    query: OrderQuery


CancelEffect = LogRefusal | LogFact | DropUnsent | AskOrder


class InTurn:
    """Goes round many, some at a time; all at once where they are few."""

    def __init__(self, at_a_time: int) -> None:
        self._at_a_time = at_a_time
        self._left: deque[str] = deque()

    def some(self, of: dict[str, Cancel]) -> tuple[Cancel, ...]:
        """Return the next ones of `of`, in its order."""
        if len(of) <= self._at_a_time:
            return tuple(of.values())
        if len(self._left) < self._at_a_time:
            self._left.extend(of)
        names = [self._left.popleft() for _ in range(self._at_a_time)]
        return tuple(of[name] for name in dict.fromkeys(names) if name in of)


class Cancels:
    """The cancels of one account that have not ended yet."""

    def __init__(self, answer_timeout_ms: int) -> None:
        self.is_open = False
        self._answer_timeout_ns = answer_timeout_ms * NS_PER_MS
        self._cancels: dict[str, Cancel] = {}
        self._waiting: dict[str, Cancel] = {}
        self._fresh: list[Cancel] = []
        self._ready: dict[str, Cancel] = {}
        self._to_resolve, self._to_look_at = InTurn(RESOLVED_A_TURN), InTurn(LOOKED_AT_A_TICK)
        self._untold: dict[str, Cancel] = {}
        self._swept: dict[str, list[str]] = {}
        self._told: dict[str, None] = {}
        self._calls: dict[int, Cancel] = {}

    def __len__(self) -> int:
        return len(self._cancels)

    def hold(self) -> None:
        """The right to send is lost or unsure: each begins anew past the next fence."""
        self.is_open = False
        self._calls.clear()
        untold, self._untold = self._untold, {}
        self._cancels = untold | self._cancels
        self._waiting, self._ready = dict(self._cancels), {}
        self._fresh.clear()
        for cancel in self._cancels.values():
            cancel.phase, cancel.call = CancelPhase.WAITING, None
            cancel.is_asking = cancel.was_accepted = False
            cancel.absences = cancel.not_before_ns = 0

    def pass_fence(self) -> None:
        """The log was read up to the fence: what is not known ended may be cancelled."""
        self.is_open = True

    def take(self, intent: CancelOrder, subject: str, ts_ns: int) -> tuple[CancelEffect, ...]:
        """Take the cancel of one order from the log."""
        until_ns = ts_ns + intent.valid_for_ms * NS_PER_MS
        names = (intent.ticker, intent.client_order_id, intent.venue_order_id)
        return self._add(Cancel(subject, subject, intent.exc, *names, until_ns))

    def sweep(
        self, intent: CancelOrder, subject: str, ts_ns: int, orders: Iterator[KnownOrder]
    ) -> tuple[CancelEffect, ...]:
        """Take each of `orders` for an intent that names none."""
        until_ns = ts_ns + intent.valid_for_ms * NS_PER_MS
        effects: list[CancelEffect] = []
        for order in orders:
            key = f"{subject} {order.ticker} {order.cloid or order.oid}"
            self._swept.setdefault(subject, []).append(key)
            names = (order.ticker, order.cloid, order.oid)
            effects += self._add(Cancel(key, subject, intent.exc, *names, until_ns))
        _trim(self._swept)
        return tuple(effects)

    def _add(self, cancel: Cancel) -> tuple[CancelEffect, ...]:
        if self.is_open and len(self._cancels) >= MAX_CANCELS:
            rule = f"{len(self._cancels)} cancels are waiting, at most {MAX_CANCELS}"
            return self._refuse(cancel, "cancel", rule)
        if cancel.key not in self._cancels:
            self._cancels[cancel.key] = self._waiting[cancel.key] = cancel
            self._fresh.append(cancel)
        return ()

    def _end(self, cancel: Cancel) -> None:
        for table in (self._cancels, self._waiting, self._ready):
            table.pop(cancel.key, None)
        if cancel.call is not None:
            self._calls.pop(cancel.call, None)

    def _refuse(self, cancel: Cancel, name: str, rule: str) -> tuple[CancelEffect, ...]:
        self._end(cancel)
        cancel.was_refused = True
        if cancel.subject not in self._told:
            self._untold[cancel.key] = cancel
            _trim(self._untold)
        return (LogRefusal(refusal(cancel.exc, cancel.subject, name, rule)),)

    def settled(self, subject: str) -> None:
        """The log says that this intent was refused."""
        cancel = self._cancels.get(subject)
        if cancel is not None:
            self._end(cancel)
        self._told[subject] = None
        _trim(self._told)
        self._untold.pop(subject, None)
        for key in self._swept.pop(subject, ()):
            self._untold.pop(key, None)
            one = self._cancels.get(key)
            if one is not None and one.was_refused:
                self._end(one)

    def resolve(self, world: World, now: Now) -> tuple[CancelEffect, ...]:
        """Let each waiting cancel go on as far as its order allows."""
        effects: list[CancelEffect] = []
        in_turn = {one.key: one for one in self._to_resolve.some(self._waiting)}
        fresh, self._fresh = {one.key: one for one in self._fresh}, []
        for key, cancel in (in_turn | fresh).items():
            if key in self._waiting:
                effects += self._resolve(cancel, world, now)
        return tuple(effects)

    def _resolve(self, cancel: Cancel, world: World, now: Now) -> tuple[CancelEffect, ...]:
        ticket = world.sender.get(cancel.cloid) if cancel.cloid is not None else None
        if ticket is not None:
            cancel.ticker = ticket.ticker
            cancel.until_ns = max(cancel.until_ns, now.log_ns + GRACE_NS)
            if ticket.phase is not Phase.READY:
                return ()
            self._end(cancel)
            return (DropUnsent(ticket.cloid),)
        order = world.known.find(cancel.ticker, cancel.cloid, cancel.oid)
        if order is not None and not order.is_live:
            self._end(cancel)
            return ()
        if now.log_ns > cancel.until_ns:
            return self._refuse(cancel, "valid_for_ms", "passed before the cancel could be sent")
        return self._address(cancel, order, world)

    def _address(
        self, cancel: Cancel, order: KnownOrder | None, world: World
    ) -> tuple[CancelEffect, ...]:
        if order is not None:
            cancel.ticker, cancel.cloid = order.ticker, order.cloid or cancel.cloid
            cancel.oid = order.oid or cancel.oid
        if cancel.ticker is None and cancel.cloid is not None:
            cancel.ticker = world.sender.ticker_of(cancel.cloid)
        if cancel.ticker is None:
            name = "oid" if cancel.oid is not None else "cloid"
            return self._refuse(cancel, name, "no such order is known: name its ticker as well")
        cancel.instrument = world.instrument_of(cancel.ticker)
        if cancel.instrument is None:
            return self._refuse(cancel, "ticker", f"{cancel.ticker} is not listed on {cancel.exc}")
        self._make_ready(cancel)
        return ()

    def _make_ready(self, cancel: Cancel) -> None:
        self._waiting.pop(cancel.key, None)
        self._ready[cancel.key] = cancel
        cancel.phase = CancelPhase.READY

    def ready(self, mono_ns: int) -> Cancel | None:
        """Return the next cancel that may be sent now."""
        return next((one for one in self._ready.values() if one.not_before_ns <= mono_ns), None)

    def written(self, cancel: Cancel, stamp: Stamp, now: Now) -> None:
        if cancel.call is not None:
            self._calls.pop(cancel.call, None)
        self._ready.pop(cancel.key, None)
        cancel.phase, cancel.call = CancelPhase.SENT, stamp.call
        cancel.deadline_ns = now.mono_ns + self._answer_timeout_ns
        self._calls[stamp.call] = cancel

    def unwritten(self, call: int) -> None:
        cancel = self._calls.pop(call, None)
        if cancel is not None:
            cancel.call = None
            self._make_ready(cancel)

    def lost(self, call: int, now: Now) -> None:
        """No answer will come on that connection: ask for the order."""
        cancel = self._calls.pop(call, None)
        if cancel is not None:
            self._plan_ask(cancel, now, 0)

    def answered(self, call: int, outcome: Outcome, now: Now) -> tuple[CancelEffect, ...]:
        """Take what the venue answered to a cancel."""
        cancel = self._calls.pop(call, None)
        facts = tuple(LogFact(fact) for fact in outcome.facts)
        if cancel is None:
            return facts
        if _ends(outcome.facts):
            self._end(cancel)
            return facts
        return (*facts, *self._go_on(cancel, outcome, now))

    def _go_on(self, cancel: Cancel, outcome: Outcome, now: Now) -> tuple[CancelEffect, ...]:
        if outcome.kind is OutcomeKind.NOT_EXECUTED and now.log_ns <= cancel.until_ns:
            cancel.not_before_ns = now.mono_ns + outcome.retry_after_ms * NS_PER_MS
            self._make_ready(cancel)
            return ()
        final = outcome.kind in {OutcomeKind.REJECTED, OutcomeKind.NOT_EXECUTED}
        if final and not outcome.must_ask:
            return self._refuse(cancel, "cancel", outcome.text or "refused by the venue")
        cancel.was_accepted = outcome.kind is OutcomeKind.ACCEPTED
        self._plan_ask(cancel, now, FIRST_ASK_MS if cancel.was_accepted else 0)
        return ()

    def _plan_ask(self, cancel: Cancel, now: Now, delay_ms: int) -> None:
        cancel.phase, cancel.is_asking = CancelPhase.ASKING, False
        cancel.ask_ns = now.mono_ns + delay_ms * NS_PER_MS

    def tick(self, world: World, now: Now) -> tuple[CancelEffect, ...]:
        """Let time pass: answers overdue, questions due, orders that ended meanwhile."""
        effects: list[CancelEffect] = []
        for cancel in self._to_look_at.some(self._cancels):
            if cancel.phase is CancelPhase.SENT and now.mono_ns >= cancel.deadline_ns:
                self._plan_ask(cancel, now, 0)
            order = world.known.find(cancel.ticker, cancel.cloid, cancel.oid)
            if order is not None and not order.is_live:
                self._end(cancel)
            elif cancel.phase is CancelPhase.ASKING:
                effects += self._ask(cancel, now)
        return tuple(effects)

    def _ask(self, cancel: Cancel, now: Now) -> Iterator[AskOrder]:
        if cancel.is_asking or now.mono_ns < cancel.ask_ns or cancel.instrument is None:
            return
        cancel.is_asking = True
        cancel.asks += 1
        yield AskOrder(
            cancel.key,
            OrderQuery(
                instrument=cancel.instrument,
                client_order_id=cancel.cloid,
                venue_order_id=cancel.oid,
            ),
        )

    def ask_failed(self, key: str, now: Now) -> None:
        """The question brought no answer; it is asked again."""
        cancel = self._cancels.get(key)
        if cancel is not None and cancel.phase is CancelPhase.ASKING:
            self._plan_ask(cancel, now, _ask_gap_ms(cancel))

    def asked(
        self, key: str, facts: tuple[Report, ...] | None, now: Now
    ) -> tuple[CancelEffect, ...]:
        """Take what the venue says about the order; None: it knows no such order."""
        cancel = self._cancels.get(key)
        logged = tuple(LogFact(fact) for fact in facts or ())
        if cancel is None:
            return logged
        if _ends(facts or ()):
            self._end(cancel)
            return logged
        if cancel.phase is not CancelPhase.ASKING:
            return logged
        if facts is None:
            return self._not_known(cancel, now)
        return (*logged, *self._still_open(cancel, now))

    def _not_known(self, cancel: Cancel, now: Now) -> tuple[CancelEffect, ...]:
        cancel.absences += 1
        if cancel.absences >= MAX_ABSENCES:
            return self._refuse(cancel, "cancel", "the venue knows no such order")
        self._plan_ask(cancel, now, _ask_gap_ms(cancel))
        return ()

    def _still_open(self, cancel: Cancel, now: Now) -> tuple[CancelEffect, ...]:
        if now.log_ns > cancel.until_ns:
            rule = "the order is still open at the venue after valid_for_ms"
            return self._refuse(cancel, "valid_for_ms", rule)
        if cancel.was_accepted:
            self._plan_ask(cancel, now, _ask_gap_ms(cancel))
        else:
            cancel.is_asking = False
            self._make_ready(cancel)
        return ()


def _trim(kept: dict[str, Any]) -> None:
    if len(kept) > MAX_UNTOLD:
        del kept[next(iter(kept))]


def _ask_gap_ms(cancel: Cancel) -> int:
    return min(MAX_ASK_MS, FIRST_ASK_MS << min(cancel.asks, 8))


def _ends(facts: tuple[Report, ...]) -> bool:
    return any(isinstance(one, OrderReport) and one.order_status.is_terminal for one in facts)


def refusal(exc: Exc, subject: str, name: str, rule: str) -> IntentRefused:
    """Return the one refusal of an intent that is not a new order."""
    return IntentRefused(exc=exc, subject=subject, field_name=name, rule=rule)
