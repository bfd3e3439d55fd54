"""Which misbehaviours of the live venue are switched on; each is asked for at one named place.

1. The switches of `Faults` are on until switched off; the plan draws or follows its script.
2. Of a request the plan chooses at most one fault, when it arrives.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import fields

from services.paper_exchange.faults.garbling import FieldNames, Garbling
from services.paper_exchange.faults.plan import FaultPlan
from services.paper_exchange.faults.refusing import UNLISTED_TEXT, Refusals, Refusing
from services.paper_exchange.faults.vocabulary import Choice, Fault

# The names of operations, the same on both paper venues; other requests go by their own type.
OPERATIONS: Final[Mapping[str, str]] = {
    "order": "place_order",
    "cancel": "cancel_order",
    "cancelByCloid": "cancel_order",
    "modify": "amend_order",
    "batchModify": "amend_order",
    "orderStatus": "query_order",
    "openOrders": "open_orders",
    "frontendOpenOrders": "open_orders",
    "userFills": "user_trades",
    "userFillsByTime": "user_trades",
    "clearinghouseState": "account",
}
# Its frames tell no cumulative quantity.
GARBLINGS: Final = tuple(one for one in Garbling if one is not Garbling.NEGATIVE_TOTAL)
# userFills, orderUpdates (Hyperliquid docs, WebSocket, subscriptions).
EVENT_FIELDS: Final = FieldNames(
    sizes=frozenset({"sz"}),
    totals=frozenset(),
    symbols=frozenset({"coin"}),
    times=frozenset({"time", "statusTimestamp"}),
    other_symbol="ETH",
)
VENUE_FAULTS: Final = frozenset(Fault) - {Fault.BAN, Fault.EXPIRE_LISTEN_KEY}
REASONS: Final = {
    400: "Bad Request",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    504: "Gateway Timeout",
}
NULL_BODY: Final = "null"
# 429 is refused before anything is carried out (Hyperliquid docs, rate limits); what stands in
# front of the venue answers 502 and 504 with pages of its own.
UNKNOWN_LOOKS: Final = ("500", "502", "504")
UNEXECUTED_LOOKS: Final = (*UNKNOWN_LOOKS, "429")


class Conduct(Struct, frozen=True, kw_only=True):
    """How an answer travels: late, never, with the connection's end, or behind the news."""

    delay_ms: int = 0
    is_lost: bool = False
    is_silent: bool = False
    comes_last: bool = False


USUAL: Final = Conduct()


def conduct_of(choice: Choice) -> Conduct:
    """Return what the chosen fault does to the answer."""
    match choice.fault:
        case Fault.LOSE_ANSWER:
            return Conduct(is_lost=True)
        case Fault.DROP_REQUEST:
            return Conduct(is_silent=True)
        case Fault.DELAY_ANSWER:
            return Conduct(delay_ms=choice.ms)
        case Fault.ANSWER_LAST:
            return Conduct(comes_last=True)
        case _:
            return USUAL


def failing_status(choice: Choice, fault: Fault) -> int | None:
    """Return the HTTP status that the chosen fault answers with, if it is this fault."""
    if choice.fault is Fault.RATE_LIMIT and fault is Fault.FAIL_UNEXECUTED:
        return 429
    if choice.fault is not fault:
        return None
    among = UNKNOWN_LOOKS if fault is Fault.FAIL_EXECUTED else UNEXECUTED_LOOKS
    return int(choice.looks or among[choice.pick % len(among)])


def failing_text(status: int) -> str:
    """Return the body of such an answer."""
    if status in {429, 500}:
        return NULL_BODY
    return f"<html><head><title>{status} {REASONS[status]}</title></head></html>"


def operation_of(kind: str) -> str:
    return OPERATIONS.get(kind, kind)


class RefusingText(Refusing, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A refusal in any text of the venue's: of each order of a request, or of the request whole."""

    whole: bool = False


# In words that nobody has listed, of an order and of the request whole.
UNLISTED: Final = (RefusingText(text=UNLISTED_TEXT), RefusingText(text=UNLISTED_TEXT, whole=True))


class Faults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What clients of the live venue reported; nothing is on by default."""

    # Every request is answered 429 `null`.
    refuse_busy: bool = False
    # An action is carried out, and its answer never arrives.
    lose_answers: bool = False
    # Connections stay up, but accounts hear nothing.
    mute_users: bool = False
    # Fills are told twice.
    repeat_fills: bool = False
    # Order updates leave before the fills that they follow from.
    updates_first: bool = False
    # orderStatus knows no order, as right after an acknowledgement.
    hide_orders: bool = False


class FaultSwitches:
    """The faults that are on now, and the plan of those to come."""

    def __init__(self) -> None:
        self.now = Faults()
        self.plan = FaultPlan()
        self.refusals = Refusals[RefusingText]()


def supported() -> tuple[str, ...]:
    return tuple(field.name for field in fields(Faults))


def active(faults: Faults) -> tuple[str, ...]:
    """Return the names of the faults that are on."""
    return tuple(name for name in supported() if getattr(faults, name))
