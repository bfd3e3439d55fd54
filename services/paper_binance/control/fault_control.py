"""What the control port may do to the venue: disputed behaviour, limits, faults, and their counts.

A request that breaks a rule changes nothing.
"""

from services.paper_binance.api import ApiServer
from services.paper_binance.auth.limits import LimitSettings
from services.paper_binance.control.faults import (
    GARBLINGS,
    UNEXECUTED_OUTCOMES,
    UNKNOWN_OUTCOMES,
    VENUE_FAULTS,
    Breakdown,
    Disturbance,
    EventAction,
    EventDisturbance,
    RefusingCode,
)
from services.paper_binance.exchange.permissions import Permissions
from services.paper_binance.exchange.venue import Switches, Venue
from services.paper_binance.rest.routes import REST_ROUTES, WEBSOCKET_ROUTES
from services.paper_binance.stream.hub import StreamHub
from services.paper_binance.wire.numbers import ms
from services.paper_binance.wire.stream_names import StreamKind
from services.paper_binance.wire.user_payloads import (
    AccountConfigUpdate,
    AccountUpdate,
    OrderTradeUpdate,
    TradeLite,
)
from services.paper_exchange.engine.orders import AccountId
from services.paper_exchange.faults.refusing import refusing_defect
from services.paper_exchange.faults.rules import defect_of
from services.paper_exchange.faults.vocabulary import Fault, Scripted
from services.paper_exchange.market.channels import Channel
from services.paper_exchange.shell.audit import ControlError, FaultReport
from services.paper_exchange.shell.conditions import CONDITIONS, Conditions, FaultRequest
from services.paper_exchange.shell.control import decode_control

OPERATIONS = frozenset(
    route.operation for route in (*REST_ROUTES.values(), *WEBSOCKET_ROUTES.values())
)
EVENTS = frozenset(
    str(event.__struct_config__.tag)
    for event in (OrderTradeUpdate, TradeLite, AccountUpdate, AccountConfigUpdate)
)
NAMES = OPERATIONS | EVENTS | frozenset(StreamKind)
LOOKS = {
    Fault.FAIL_EXECUTED: UNKNOWN_OUTCOMES,
    Fault.FAIL_UNEXECUTED: UNEXECUTED_OUTCOMES,
    Fault.GARBLE_EVENT: GARBLINGS,
}


class FaultSettings(FaultRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be set: the plan of faults, and what is to happen now.

    `refusals` are given in the code and words that they name. `permissions` restricts accounts and
    symbols; `hidden_ms` is how long queries do not know any
    new order; `expire_listen_keys` ends these accounts' user streams, which stay open and silent.
    """

    switches: Switches | None = None
    limits: LimitSettings | None = None
    answers: tuple[Disturbance, ...] = ()
    events: tuple[EventDisturbance, ...] = ()
    refusals: tuple[RefusingCode, ...] = ()
    hidden_ms: int | None = None
    permissions: Permissions | None = None
    expire_listen_keys: tuple[str, ...] = ()


class VenueSockets:
    """The connections of both servers."""

    def __init__(self, hub: StreamHub, api: ApiServer) -> None:
        self._hub = hub
        self._api = api

    def cut(self, channel: Channel) -> None:
        if channel is Channel.ORDER:
            self._api.cut()
        else:
            self._hub.cut(channel)


class FaultControl:
    """Carries out fault requests."""

    def __init__(self, venue: Venue, conditions: Conditions) -> None:
        self._venue = venue
        self._conditions = conditions

    def change(self, body: bytes) -> FaultReport:
        """Set what is given, or refuse it all."""
        wanted = decode_control(body, FaultSettings)
        defect = (
            defect_of(wanted, VENUE_FAULTS, NAMES.__contains__)
            or _looks_defect(wanted.script)
            or refusing_defect(wanted.refusals, OPERATIONS.__contains__)
            or wanted.defect()
        )
        if wanted.hidden_ms is not None and wanted.hidden_ms < 0:
            defect = f"hidden_ms={wanted.hidden_ms}: must not be negative"
        if defect is not None:
            raise ControlError(defect)
        self._set_venue(wanted)
        self._plan(wanted)
        self._expire_keys(wanted.expire_listen_keys)
        self._conditions.happen(wanted, self._venue.faults.plan.seed)
        return self.report()

    def report(self) -> FaultReport:
        """Return what can be set, what is on and what has happened how often."""
        faults = self._venue.faults
        switched = (
            name
            for name in Switches.__struct_fields__
            if getattr(self._venue.switches, name) != getattr(Switches(), name)
        )
        fired = {str(fault): count for fault, count in faults.plan.fired.items() if count}
        if faults.refusals.fired:
            fired[Fault.REFUSE] = fired.get(Fault.REFUSE, 0) + faults.refusals.fired
        return FaultReport(
            supported=_supported(),
            active=(*switched, *faults.pending, *self._conditions.active),
            seed=faults.plan.seed,
            fired=fired | self._conditions.fired,
        )

    def clear_counts(self) -> None:
        """Forget how often faults fired."""
        self._venue.faults.plan.fired.clear()
        self._venue.faults.refusals.fired = 0
        self._conditions.clear_counts()

    def _set_venue(self, wanted: FaultSettings) -> None:
        if wanted.switches is not None:
            self._venue.switches = wanted.switches
        if wanted.limits is not None:
            self._venue.limits = wanted.limits
        if wanted.permissions is not None:
            self._venue.permissions = wanted.permissions

    def _plan(self, wanted: FaultSettings) -> None:
        faults = self._venue.faults
        if wanted.reset:
            faults.reset()
            self._conditions.reset()
        faults.plan.change(wanted)
        for answer in wanted.answers:
            faults.add_answer(answer)
        for event in wanted.events:
            faults.add_event(event)
        faults.refusals.add(wanted.refusals)
        if wanted.hidden_ms is not None:
            faults.hidden_ms = wanted.hidden_ms

    def _expire_keys(self, accounts: tuple[str, ...]) -> None:
        now_ms = ms(self._conditions.clock.wall_ns())
        for account in accounts:
            if self._venue.expire_key(AccountId(account), now_ms):
                self._conditions.count("expire_listen_keys")


def _supported() -> tuple[str, ...]:
    return (
        *Switches.__struct_fields__,
        *LimitSettings.__struct_fields__,
        *(f"answer:{breakdown}" for breakdown in Breakdown),
        *(f"event:{action}" for action in EventAction),
        *sorted(VENUE_FAULTS),
        *CONDITIONS,
        "hidden_ms",
        "expire_listen_keys",
        "permissions",
    )


def _looks_defect(script: tuple[Scripted, ...]) -> str | None:
    for index, one in enumerate(script):
        allowed = LOOKS.get(one.fault, ())
        if one.looks and one.looks not in allowed:
            names = ", ".join(allowed) or "nothing"
            return f"script[{index}].looks={one.looks}: {one.fault} looks like {names}"
    return None
