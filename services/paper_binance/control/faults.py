"""What goes wrong on request: answers that fail, lie, lag or vanish; events lost or out of order.

1. A disturbance counts down with each request that it meets; then the fault plan decides; without
   either, nothing is changed.
2. Whether a failing request was executed is said by the disturbance, never by its answer; answers
   that Binance documents as "not executed" are never given to executed requests by the plan.
3. A held event is told right after the next one that passes.
"""

import contextlib
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

import msgspec

from services.paper_binance.wire.errors import Code, VenueError
from services.paper_exchange.faults.garbling import FieldNames, Garbling, garbled
from services.paper_exchange.faults.plan import FaultPlan
from services.paper_exchange.faults.refusing import UNLISTED_TEXT, Refusals, Refusing
from services.paper_exchange.faults.vocabulary import Choice, Fault

ResultT = TypeVar("ResultT")
NewsT = TypeVar("NewsT")
ANY = ""


class Breakdown(StrEnum):
    """How a failing answer looks (Binance docs, HTTP return codes and error codes)."""

    TIMEOUT = "TIMEOUT"
    UNEXPECTED = "UNEXPECTED"
    UNKNOWN = "UNKNOWN"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"
    BUSY = "BUSY"
    TOO_MANY = "TOO_MANY"
    BANNED = "BANNED"
    BAD_GATEWAY = "BAD_GATEWAY"
    GATEWAY_TIMEOUT = "GATEWAY_TIMEOUT"


class BreakdownText(msgspec.Struct, frozen=True):
    """Status, code and text of a failing answer; text "" means the code's own.

    With a `page` the answer comes from a proxy in front of the venue and is no JSON.
    """

    http_status: int
    code: Code
    text: str = ""
    page: bytes = b""


BREAKDOWNS = {
    Breakdown.TIMEOUT: BreakdownText(408, Code.TIMEOUT),
    Breakdown.UNEXPECTED: BreakdownText(503, Code.UNEXPECTED_RESPONSE),
    Breakdown.UNKNOWN: BreakdownText(
        503, Code.UNKNOWN, "Unknown error, please check your request or try again later."
    ),
    Breakdown.UNAVAILABLE: BreakdownText(503, Code.UNKNOWN, "Service Unavailable."),
    Breakdown.INTERNAL: BreakdownText(503, Code.DISCONNECTED),
    Breakdown.BUSY: BreakdownText(503, Code.SERVER_BUSY),
    Breakdown.TOO_MANY: BreakdownText(429, Code.TOO_MANY_REQUESTS),
    Breakdown.BANNED: BreakdownText(418, Code.TOO_MANY_REQUESTS),
    Breakdown.BAD_GATEWAY: BreakdownText(
        502, Code.UNKNOWN, page=b"<html><body><h1>502 Bad Gateway</h1></body></html>"
    ),
    Breakdown.GATEWAY_TIMEOUT: BreakdownText(
        504, Code.UNKNOWN, page=b"<html><body><h1>504 Gateway Time-out</h1></body></html>"
    ),
}
# Binance docs, error codes and HTTP return codes: these leave open whether an order was executed.
UNKNOWN_OUTCOMES = (
    Breakdown.TIMEOUT,
    Breakdown.UNEXPECTED,
    Breakdown.UNKNOWN,
    Breakdown.BAD_GATEWAY,
    Breakdown.GATEWAY_TIMEOUT,
)
UNEXECUTED_OUTCOMES = (
    *UNKNOWN_OUTCOMES,
    Breakdown.UNAVAILABLE,
    Breakdown.INTERNAL,
    Breakdown.BUSY,
)
GARBLINGS = tuple(Garbling)
# ORDER_TRADE_UPDATE, TRADE_LITE, ACCOUNT_UPDATE (Binance docs, USD-M futures, user data streams).
EVENT_FIELDS = FieldNames(
    sizes=frozenset({"l"}),
    totals=frozenset({"z"}),
    symbols=frozenset({"s"}),
    times=frozenset({"T", "E"}),
    other_symbol="ETHUSDT",
)
# Orders, trades and positions of REST (Binance docs, USD-M futures).
ANSWER_FIELDS = FieldNames(
    sizes=frozenset({"qty"}),
    totals=frozenset({"executedQty"}),
    symbols=frozenset({"symbol"}),
    times=frozenset({"time", "updateTime", "serverTime"}),
    other_symbol="ETHUSDT",
)
VENUE_FAULTS = frozenset(Fault) - {Fault.ADDRESS_LIMIT, Fault.ANSWER_LAST, Fault.STALL}


class RefusingCode(Refusing, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A refusal with any code of the venue's, listed or not."""

    code: int
    http_status: int = 400


class Disturbance(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to the next `count` requests of an operation ("" for any).

    `operation` is a handler's name such as place_order. A lost answer ends the connection; a
    silent one never comes. `ban_ms` bans the caller's address before anything is looked at;
    `late_fill_ms` fills part of the order that is being cancelled and tells of it that much later;
    `garbling` says what is wrong with what a successful answer over HTTP says; `refusing` how the
    request is refused.
    """

    operation: str = ANY
    is_executed: bool = True
    breakdown: Breakdown | None = None
    delay_ms: int = 0
    is_lost: bool = False
    is_silent: bool = False
    ban_ms: int = 0
    late_fill_ms: int | None = None
    garbling: Garbling | None = None
    refusing: RefusingCode | None = None
    count: int = 1


UNDISTURBED = Disturbance()


class EventAction(StrEnum):
    """What happens to a user event."""

    DROP = "DROP"
    DUPLICATE = "DUPLICATE"
    HOLD = "HOLD"


class EventDisturbance(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to the next `count` user events of a name ("" for any)."""

    action: EventAction
    event: str = ANY
    count: int = 1


FAULT_OF_ACTION = {
    EventAction.DROP: Fault.DROP_EVENT,
    EventAction.DUPLICATE: Fault.DUPLICATE_EVENT,
    EventAction.HOLD: Fault.REORDER_EVENT,
}
ACTION_OF_FAULT = {fault: action for action, fault in FAULT_OF_ACTION.items()}
DisturbanceT = TypeVar("DisturbanceT", Disturbance, EventDisturbance)


class Faults:
    """The disturbances that are still to come."""

    def __init__(self) -> None:
        self.hidden_ms = 0
        self.plan = FaultPlan()
        self.refusals = Refusals[RefusingCode]()
        self._answers: list[Disturbance] = []
        self._events: list[EventDisturbance] = []

    @property
    def pending(self) -> tuple[str, ...]:
        """Name what is still to come."""
        answers = (f"answer:{one.operation or 'any'}" for one in self._answers)
        events = (f"event:{one.event or 'any'}:{one.action}" for one in self._events)
        hidden = (f"hidden_ms:{self.hidden_ms}",) if self.hidden_ms else ()
        return (*answers, *events, *hidden, *self.refusals.pending, *self.plan.pending)

    def add_answer(self, disturbance: Disturbance) -> None:
        self._answers.append(disturbance)

    def add_event(self, disturbance: EventDisturbance) -> None:
        self._events.append(disturbance)

    def reset(self) -> None:
        self.hidden_ms = 0
        self.plan.reset()
        self.refusals.reset()
        self._answers.clear()
        self._events.clear()

    def next_answer(self, operation: str) -> Disturbance:
        """Return what happens to this request, and count it down."""
        for index, one in enumerate(self._answers):
            if one.operation in {ANY, operation}:
                _count_down(self._answers, index, one.count)
                return one
        return disturbance_of(self.plan.for_request(operation))

    def next_event(self, name: str) -> EventAction | None:
        """Return what happens to this event (None: nothing), and count it down."""
        for index, one in enumerate(self._events):
            if one.event in {ANY, name}:
                _count_down(self._events, index, one.count)
                return one.action
        return None

    def event_choice(self, name: str) -> Choice:
        """Return what happens to this event, by its own disturbances or by the plan."""
        action = self.next_event(name)
        return self.plan.for_event(name) if action is None else Choice(FAULT_OF_ACTION[action])

    def hides(self, order_id: int, age_ms: int) -> bool:
        """Whether a lagging replica would not know an order of this age yet."""
        return age_ms < self.hidden_ms or self.plan.hides(order_id, age_ms)


# What the faults that neither last nor vary do to a request.
PLAIN = {
    None: UNDISTURBED,
    Fault.LOSE_ANSWER: Disturbance(is_lost=True),
    Fault.DROP_REQUEST: Disturbance(is_executed=False, breakdown=Breakdown.TIMEOUT, is_silent=True),
    Fault.RATE_LIMIT: Disturbance(is_executed=False, breakdown=Breakdown.TOO_MANY),
}


def disturbance_of(choice: Choice) -> Disturbance:
    """Return what the plan's choice does to a request."""
    match choice.fault:
        case Fault.DELAY_ANSWER:
            return Disturbance(delay_ms=choice.ms)
        case Fault.FAIL_EXECUTED:
            return Disturbance(breakdown=_looks(choice, UNKNOWN_OUTCOMES))
        case Fault.FAIL_UNEXECUTED:
            return Disturbance(is_executed=False, breakdown=_looks(choice, UNEXECUTED_OUTCOMES))
        case Fault.BAN:
            return Disturbance(ban_ms=choice.ms)
        case Fault.LATE_FILL:
            return Disturbance(late_fill_ms=choice.ms)
        case Fault.REFUSE:
            return Disturbance(is_executed=False, refusing=_UNLISTED[choice.pick % 2])
        case _:
            return PLAIN[choice.fault]


# Codes that nobody has listed, of an order and of the request.
_UNLISTED = (
    RefusingCode(code=-4998, text=UNLISTED_TEXT),
    RefusingCode(code=-1198, text=UNLISTED_TEXT),
)


def _looks(choice: Choice, among: tuple[Breakdown, ...]) -> Breakdown:
    return Breakdown(choice.looks) if choice.looks else among[choice.pick % len(among)]


def perform(disturbance: Disturbance, act: Callable[[], ResultT]) -> ResultT:
    """Act as disturbed: perhaps not at all, perhaps telling of a failure all the same."""
    if disturbance.refusing is not None:
        raise refused(disturbance.refusing)
    if disturbance.breakdown is None:
        return act()
    if disturbance.is_executed:
        with contextlib.suppress(VenueError):
            act()
    raise breakdown_error(disturbance.breakdown)


def refused(refusing: RefusingCode) -> VenueError:
    """Return a refusal that was asked for by hand as an error."""
    error = VenueError(Code.UNKNOWN)
    error.number, error.http_status = refusing.code, refusing.http_status
    error.message = refusing.text
    return error


def written(disturbance: Disturbance, body: bytes) -> bytes:
    """Return what a successful answer says."""
    if disturbance.garbling is None:
        return body
    return garbled(body, disturbance.garbling, ANSWER_FIELDS)[-1]


def breakdown_error(breakdown: Breakdown) -> VenueError:
    """Return a failing answer as an error."""
    looks = BREAKDOWNS[breakdown]
    error = VenueError(looks.code, 0)
    error.message = looks.text or error.message
    error.http_status = looks.http_status
    error.page = looks.page
    return error


def arranged(action: EventAction | None, news: NewsT, held: list[NewsT]) -> list[NewsT]:
    """Return what is told now; `held` keeps what is told after the next event."""
    if action is EventAction.DROP:
        return []
    if action is EventAction.DUPLICATE:
        return [news, news]
    if action is EventAction.HOLD:
        held.append(news)
        return []
    told = [news, *held]
    held.clear()
    return told


def _count_down(disturbances: list[DisturbanceT], index: int, count: int) -> None:
    if count <= 1:
        del disturbances[index]
    else:
        one = disturbances[index]
        disturbances[index] = msgspec.structs.replace(one, count=count - 1)
