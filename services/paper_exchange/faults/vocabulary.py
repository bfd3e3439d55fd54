"""What can go wrong, by name, and how a control request asks for it."""

from enum import StrEnum

import msgspec

ANY = ""
CANCELS = frozenset({"cancel_order"})
PLACINGS = frozenset({"place_order"})


class Fault(StrEnum):
    """Everything that can be made to go wrong by chance or by script."""

    LOSE_ANSWER = "lose_answer"
    DELAY_ANSWER = "delay_answer"
    DROP_REQUEST = "drop_request"
    FAIL_EXECUTED = "fail_executed"
    FAIL_UNEXECUTED = "fail_unexecuted"
    RATE_LIMIT = "rate_limit"
    BAN = "ban"
    ADDRESS_LIMIT = "address_limit"
    LATE_FILL = "late_fill"
    ANSWER_LAST = "answer_last"
    STALL = "stall"
    REFUSE = "refuse"
    REFUSE_MARGIN = "refuse_margin"
    HIDE_ORDER = "hide_order"
    DROP_EVENT = "drop_event"
    DUPLICATE_EVENT = "duplicate_event"
    REORDER_EVENT = "reorder_event"
    DELAY_EVENT = "delay_event"
    GARBLE_EVENT = "garble_event"
    CUT_USER = "cut_user"
    MUTE_USER = "mute_user"
    EXPIRE_LISTEN_KEY = "expire_listen_key"
    CUT_MARKET = "cut_market"
    MUTE_MARKET = "mute_market"


REQUEST_FAULTS = frozenset(
    {
        Fault.LOSE_ANSWER, Fault.DELAY_ANSWER, Fault.DROP_REQUEST, Fault.FAIL_EXECUTED,
        Fault.FAIL_UNEXECUTED, Fault.RATE_LIMIT, Fault.BAN, Fault.ADDRESS_LIMIT, Fault.LATE_FILL,
        Fault.ANSWER_LAST, Fault.STALL, Fault.REFUSE,
    }
)  # fmt: skip
MARGIN_FAULTS = frozenset({Fault.REFUSE_MARGIN})
ORDER_FAULTS = frozenset({Fault.HIDE_ORDER})
EVENT_FAULTS = frozenset(
    {
        Fault.DROP_EVENT, Fault.DUPLICATE_EVENT, Fault.REORDER_EVENT, Fault.DELAY_EVENT,
        Fault.GARBLE_EVENT, Fault.CUT_USER, Fault.MUTE_USER, Fault.EXPIRE_LISTEN_KEY,
    }
)  # fmt: skip
MARKET_FAULTS = frozenset({Fault.CUT_MARKET, Fault.MUTE_MARKET})
GROUPS = (REQUEST_FAULTS, MARGIN_FAULTS, ORDER_FAULTS, EVENT_FAULTS, MARKET_FAULTS)
# What has a meaning for some operations only.
ONLY_FOR = {Fault.LATE_FILL: CANCELS, Fault.REFUSE: PLACINGS}
# Whether these come about is known only when the request is carried out.
COUNTED_BY_EFFECT = frozenset({Fault.LATE_FILL})
DURATION_OF = {
    Fault.DELAY_ANSWER: "delay_ms",
    Fault.DELAY_EVENT: "event_delay_ms",
    Fault.LATE_FILL: "event_delay_ms",
    Fault.HIDE_ORDER: "hide_ms",
    Fault.MUTE_USER: "mute_ms",
    Fault.MUTE_MARKET: "mute_ms",
    Fault.BAN: "ban_ms",
    Fault.STALL: "stall_ms",
}

Span = tuple[int, int]


class Spans(msgspec.Struct, frozen=True, kw_only=True):
    """How long the faults that last do last: the least and the most, in milliseconds."""

    delay_ms: Span = (1_500, 4_000)
    event_delay_ms: Span = (200, 1_500)
    hide_ms: Span = (300, 1_500)
    mute_ms: Span = (2_000, 8_000)
    ban_ms: Span = (1_000, 5_000)
    stall_ms: Span = (1_000, 5_000)


class Chance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How likely a fault is, from 0 to 1, and for which operations or events (none named: all)."""

    p: float
    only: tuple[str, ...] = ()


class Scripted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fault for the next `count` operations or events named `on`, after letting `skip` pass.

    `on` "" means any; `ms` overrides the span; `looks` names how a failing answer looks, or what
    is wrong with an event that is garbled.
    """

    fault: Fault
    on: str = ANY
    skip: int = 0
    count: int = 1
    ms: int | None = None
    looks: str = ""


class PlanChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a control request may change of the plan; what is left out stays.

    `reset` forgets chances, script and spans first. `chances` replaces all chances, `script` is
    added behind what is still to come, `seed` starts every stream afresh. `margin_orders` says how
    many more orders that need margin an account may place before it has none left.
    """

    reset: bool = False
    seed: int | None = None
    chances: dict[Fault, float | Chance] | None = None
    script: tuple[Scripted, ...] = ()
    margin_orders: dict[str, int] = {}
    delay_ms: Span | None = None
    event_delay_ms: Span | None = None
    hide_ms: Span | None = None
    mute_ms: Span | None = None
    ban_ms: Span | None = None
    stall_ms: Span | None = None


class Choice(msgspec.Struct, frozen=True):
    """The fault chosen, how long it lasts, how it looks, and a number to choose looks by."""

    fault: Fault | None = None
    ms: int = 0
    looks: str = ""
    pick: int = 0


NOTHING = Choice()


def chance_of(given: float | Chance) -> Chance:
    """Return a chance that was given as a bare number or in full."""
    return given if isinstance(given, Chance) else Chance(p=given)
