"""What the control port may do to the venue: disputed behaviour, limits, faults, and their counts.

A request that breaks a rule changes nothing.
"""

import msgspec

from services.paper_binance.api import ApiServer
from services.paper_binance.faults import (
    UNEXECUTED_OUTCOMES,
    UNKNOWN_OUTCOMES,
    VENUE_FAULTS,
    Breakdown,
    Disturbance,
    EventAction,
    EventDisturbance,
)
from services.paper_binance.hub import StreamHub
from services.paper_binance.limits import LimitSettings
from services.paper_binance.numbers import NS_PER_MS, ms
from services.paper_binance.permissions import Permissions
from services.paper_binance.routes import REST_ROUTES, WEBSOCKET_ROUTES
from services.paper_binance.stream_names import StreamKind
from services.paper_binance.user_payloads import (
    AccountConfigUpdate,
    AccountUpdate,
    OrderTradeUpdate,
    TradeLite,
)
from services.paper_binance.venue import Switches, Venue
from services.paper_exchange.channels import Channel
from services.paper_exchange.fault_rules import defect_of
from services.paper_exchange.fault_words import Fault, PlanChange, Scripted
from services.paper_exchange.orders import AccountId
from services.paper_exchange.shell.audit import ControlError, FaultReport
from services.paper_exchange.shell.control import decode_control
from services.paper_exchange.shell.outage import Down, Outage
from services.paper_exchange.shell.venue_clock import RIGHT, Skew, VenueClock

OPERATIONS = frozenset(
    route.operation for route in (*REST_ROUTES.values(), *WEBSOCKET_ROUTES.values())
)
EVENTS = frozenset(
    str(event.__struct_config__.tag)
    for event in (OrderTradeUpdate, TradeLite, AccountUpdate, AccountConfigUpdate)
)
NAMES = OPERATIONS | EVENTS | frozenset(StreamKind)
LOOKS = {Fault.FAIL_EXECUTED: UNKNOWN_OUTCOMES, Fault.FAIL_UNEXECUTED: UNEXECUTED_OUTCOMES}


class Mute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Connections of these channels stay open and say nothing for this long."""

    channels: tuple[Channel, ...]
    for_ms: int


class FaultSettings(PlanChange, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be set: the plan of faults, and what is to happen now.

    `permissions` restricts accounts and symbols; `hidden_ms` is how long queries do not know any
    new order; `disconnect` ends every connection, as the venue does after 24 hours; `cut` drops
    the connections of some channels, `mute` leaves them open and silent; `expire_listen_keys` ends
    these accounts' user streams; `down` and `clock` are what they say. `reset` undoes all of it.
    """

    switches: Switches | None = None
    limits: LimitSettings | None = None
    answers: tuple[Disturbance, ...] = ()
    events: tuple[EventDisturbance, ...] = ()
    hidden_ms: int | None = None
    disconnect: bool = False
    permissions: Permissions | None = None
    cut: tuple[Channel, ...] = ()
    mute: Mute | None = None
    expire_listen_keys: tuple[str, ...] = ()
    down: Down | None = None
    clock: Skew | None = None


class Surroundings(msgspec.Struct, frozen=True):
    """What stands around the venue: its sockets, its clock, the door."""

    hub: StreamHub
    api: ApiServer
    clock: VenueClock
    outage: Outage


class FaultControl:
    """Carries out fault requests."""

    def __init__(self, venue: Venue, around: Surroundings) -> None:
        self._venue = venue
        self._around = around
        self._counts: dict[str, int] = {}

    def change(self, body: bytes) -> FaultReport:
        """Set what is given, or refuse it all."""
        wanted = decode_control(body, FaultSettings)
        defect = (
            defect_of(wanted, VENUE_FAULTS, NAMES.__contains__)
            or _looks_defect(wanted.script)
            or _now_defect(wanted)
        )
        if defect is not None:
            raise ControlError(defect)
        self._set_venue(wanted)
        self._plan(wanted)
        self._happen(wanted)
        return self.report()

    def report(self) -> FaultReport:
        """Return what can be set, what is on and what has happened how often."""
        faults, clock = self._venue.faults, self._around.clock
        switched = (
            name
            for name in Switches.__struct_fields__
            if getattr(self._venue.switches, name) != getattr(Switches(), name)
        )
        off = {
            "clock": clock.skew is not RIGHT,
            "down": self._around.outage.is_on,
            "mute": bool(self._around.hub.silences.channels),
        }
        active = (*switched, *faults.pending, *(name for name, is_on in off.items() if is_on))
        fired = {str(fault): count for fault, count in faults.plan.fired.items() if count}
        down = {"down": count} if (count := self._around.outage.met_count) else {}
        return FaultReport(
            supported=_supported(),
            active=active,
            seed=faults.plan.seed,
            fired=fired | self._counts | down,
        )

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
            self._reset()
        faults.plan.change(wanted)
        for answer in wanted.answers:
            faults.add_answer(answer)
        for event in wanted.events:
            faults.add_event(event)
        if wanted.hidden_ms is not None:
            faults.hidden_ms = wanted.hidden_ms

    def _reset(self) -> None:
        self._venue.faults.reset()
        self._around.hub.silences.end()
        self._around.clock.set_skew(RIGHT, 0)
        self._around.outage.begin(Down(for_ms=0))

    def _happen(self, wanted: FaultSettings) -> None:
        """Do what is to happen now: time, silence, then the sockets."""
        around = self._around
        if wanted.clock is not None:
            around.clock.set_skew(wanted.clock, self._venue.faults.plan.seed)
            self._count("clock")
        if wanted.down is not None:
            around.outage.begin(wanted.down)
        if wanted.mute is not None:
            self._mute(wanted.mute)
        for account in wanted.expire_listen_keys:
            if self._venue.expire_key(AccountId(account), ms(around.clock.wall_ns())):
                self._count("expire_listen_keys")
        for channel in self._channels_to_cut(wanted):
            self._cut(channel)

    def _channels_to_cut(self, wanted: FaultSettings) -> tuple[Channel, ...]:
        if wanted.disconnect:
            self._count("disconnect")
        is_down = wanted.down is not None and wanted.down.for_ms > 0
        return tuple(Channel) if wanted.disconnect or is_down else wanted.cut

    def _mute(self, mute: Mute) -> None:
        until_ns = self._around.clock.monotonic_ns() + mute.for_ms * NS_PER_MS
        for channel in mute.channels:
            self._around.hub.silences.begin(channel, until_ns)
            self._count(f"mute:{channel}")

    def _cut(self, channel: Channel) -> None:
        self._count(f"cut:{channel}")
        if channel is Channel.ORDER:
            self._around.api.cut()
        else:
            self._around.hub.cut(channel)

    def _count(self, name: str) -> None:
        self._counts[name] = self._counts.get(name, 0) + 1


def _supported() -> tuple[str, ...]:
    return (
        *Switches.__struct_fields__,
        *LimitSettings.__struct_fields__,
        *(f"answer:{breakdown}" for breakdown in Breakdown),
        *(f"event:{action}" for action in EventAction),
        *sorted(VENUE_FAULTS),
        *(f"cut:{channel}" for channel in Channel),
        *(f"mute:{channel}" for channel in Channel),
        "hidden_ms", "margin_orders", "disconnect", "expire_listen_keys", "permissions", "down",
        "clock",
    )  # fmt: skip


def _looks_defect(script: tuple[Scripted, ...]) -> str | None:
    for index, one in enumerate(script):
        allowed = LOOKS.get(one.fault, ())
        if one.looks and one.looks not in allowed:
            names = ", ".join(allowed) or "nothing"
            return f"script[{index}].looks={one.looks}: {one.fault} looks like {names}"
    return None


def _now_defect(wanted: FaultSettings) -> str | None:
    if wanted.mute is not None and wanted.mute.for_ms < 0:
        return f"mute.for_ms={wanted.mute.for_ms}: must not be negative"
    if wanted.hidden_ms is not None and wanted.hidden_ms < 0:
        return f"hidden_ms={wanted.hidden_ms}: must not be negative"
    down, clock = wanted.down, wanted.clock
    return (down and down.defect()) or (clock and clock.defect()) or None
