"""What the control port may make go wrong, and how often it did.

A request that breaks a rule changes nothing.
"""

from typing import Final

import msgspec
from msgspec import Struct

from services.paper_exchange.faults.refusing import refusing_defect
from services.paper_exchange.faults.rules import defect_of
from services.paper_exchange.faults.vocabulary import Fault, Scripted
from services.paper_exchange.shell.audit import ControlError, FaultReport
from services.paper_exchange.shell.conditions import CONDITIONS, Conditions, FaultRequest
from services.paper_exchange.shell.control import decode_control
from services.paper_hyperliquid.control.faults import (
    GARBLINGS,
    OPERATIONS,
    UNEXECUTED_LOOKS,
    UNKNOWN_LOOKS,
    VENUE_FAULTS,
    Faults,
    FaultSwitches,
    RefusingText,
    active,
    supported,
)
from services.paper_hyperliquid.stream.hub import name_of
from services.paper_hyperliquid.wire import subscriptions as sub

EVENTS: Final = (
    sub.OrderUpdates("0x"), sub.UserFillsFeed("0x"), sub.UserEvents("0x"),
    sub.HistoricalOrdersFeed("0x"), sub.LedgerFeed("0x"), sub.BboFeed(""), sub.L2BookFeed(""),
    sub.TradesFeed(""), sub.CandleFeed("", "1m"), sub.ActiveAssetCtxFeed(""), sub.AllMidsFeed(),
)  # fmt: skip
OTHER_OPERATIONS: Final = frozenset(
    {"scheduleCancel", "updateLeverage", "noop", "meta", "l2Book", "allMids", "historicalOrders"}
)
NAMES: Final = frozenset(OPERATIONS.values()) | OTHER_OPERATIONS | {name_of(one) for one in EVENTS}
REFUSABLE: Final = frozenset({"place_order", "cancel_order"})
SWITCHES: Final = frozenset(Faults.__struct_fields__)
LOOKS: Final = {
    Fault.FAIL_EXECUTED: UNKNOWN_LOOKS,
    Fault.FAIL_UNEXECUTED: UNEXECUTED_LOOKS,
    Fault.GARBLE_EVENT: GARBLINGS,
}


class Stall(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The chain makes no block for this long: time stands, actions wait, the book stays."""

    for_ms: int


class FaultSettings(FaultRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be set: the plan of faults, what is to happen now, and the old switches.

    `refusals` are given in the words that they name; their symbol is a coin.
    A request that names a switch, or nothing at all, sets exactly the switches that it names.
    """

    stall: Stall | None = None
    refusals: tuple[RefusingText, ...] = ()
    refuse_busy: bool = False
    lose_answers: bool = False
    mute_users: bool = False
    repeat_fills: bool = False
    updates_first: bool = False
    hide_orders: bool = False


class FaultControl:
    """Carries out fault requests."""

    def __init__(self, faults: FaultSwitches, conditions: Conditions) -> None:
        self._faults = faults
        self._conditions = conditions

    def change(self, body: bytes) -> FaultReport:
        """Set what is given, or refuse it all."""
        wanted = decode_control(body, FaultSettings)
        defect = (
            defect_of(wanted, VENUE_FAULTS, NAMES.__contains__)
            or _looks_defect(wanted.script)
            or _stall_defect(wanted.stall)
            or refusing_defect(wanted.refusals, REFUSABLE.__contains__)
            or wanted.defect()
        )
        if defect is not None:
            raise ControlError(defect)
        if wanted.reset:
            self._faults.now = Faults()
            self._faults.refusals.reset()
            self._conditions.reset()
        self._switch(wanted, frozenset(msgspec.json.decode(body or b"{}")))
        self._faults.plan.change(wanted)
        self._faults.refusals.add(wanted.refusals)
        if wanted.stall is not None:
            self._conditions.clock.stand(wanted.stall.for_ms)
            self._conditions.count("stall")
        self._conditions.happen(wanted, self._faults.plan.seed)
        return self.report()

    def _switch(self, wanted: FaultSettings, named: frozenset[str]) -> None:
        if named & SWITCHES or not named:
            self._faults.now = Faults(**{name: getattr(wanted, name) for name in SWITCHES})

    def report(self) -> FaultReport:
        """Return what can be set, what is on and what has happened how often."""
        plan, refusals = self._faults.plan, self._faults.refusals
        fired = {str(fault): count for fault, count in plan.fired.items() if count}
        if refusals.fired:
            fired[Fault.REFUSE] = fired.get(Fault.REFUSE, 0) + refusals.fired
        for name, count in self._conditions.fired.items():
            fired[name] = fired.get(name, 0) + count
        return FaultReport(
            supported=(*supported(), *sorted(VENUE_FAULTS), *CONDITIONS),
            active=(
                *active(self._faults.now),
                *refusals.pending,
                *plan.pending,
                *self._conditions.active,
            ),
            seed=plan.seed,
            fired=fired,
        )

    def clear_counts(self) -> None:
        """Forget how often faults fired."""
        self._faults.plan.fired.clear()
        self._faults.refusals.fired = 0
        self._conditions.clear_counts()


def _looks_defect(script: tuple[Scripted, ...]) -> str | None:
    for index, one in enumerate(script):
        allowed = LOOKS.get(one.fault, ())
        if one.looks and one.looks not in allowed:
            names = ", ".join(allowed) or "nothing"
            return f"script[{index}].looks={one.looks}: {one.fault} looks like {names}"
    return None


def _stall_defect(stall: Stall | None) -> str | None:
    if stall is not None and stall.for_ms < 0:
        return f"stall.for_ms={stall.for_ms}: must not be negative"
    return None
