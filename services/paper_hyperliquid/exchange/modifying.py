"""What happens to modifications: the old order is cancelled and a new one gets a new oid.

Without always-place (`a`), only a post-only order or a GTC that would rest may replace, and it is
forced to post-only; a replacement refused by the book leaves the old order gone (Hyperliquid
docs, modify; client reports of August 2026).
"""

from typing import Final

from msgspec.structs import replace

from services.paper_exchange.engine.orders import AccountId, EndReason
from services.paper_hyperliquid.exchange.cancelling import Cancelling
from services.paper_hyperliquid.exchange.order_keeper import Desk
from services.paper_hyperliquid.exchange.order_terms import Terms, terms_of
from services.paper_hyperliquid.exchange.placing import Placing
from services.paper_hyperliquid.exchange.records import Record
from services.paper_hyperliquid.exchange.triggers import TriggerBook
from services.paper_hyperliquid.wire.errors import (
    MODIFY_ENDED,
    MODIFY_INVALID,
    MODIFY_REFUSED,
    OrderError,
    Rejection,
)
from services.paper_hyperliquid.wire.payloads import Failed, OrderAck
from services.paper_hyperliquid.wire.schemas import BatchModifyAction, ModifyAction, ModifyWire

_RESTING_TIFS: Final = frozenset({"Alo", "Gtc"})


class Modifying:
    """Replaces orders."""

    def __init__(self, desk: Desk, triggers: TriggerBook, placing: Placing) -> None:
        self._desk = desk
        self._triggers = triggers
        self._placing = placing
        self._cancelling = Cancelling(desk, triggers)

    def run(
        self, account: AccountId, action: ModifyAction | BatchModifyAction, now_ns: int
    ) -> tuple[OrderAck, ...]:
        """Return one acknowledgement per replacement."""
        always = action.a is True
        wires = _wires(action)
        return tuple(self._one(account, wire, always, now_ns) for wire in wires)

    def _one(self, account: AccountId, wire: ModifyWire, always: bool, now_ns: int) -> OrderAck:
        try:
            terms = self._terms(wire, always)
            old = self._live(account, wire)
            if old is not None:
                placed = self._swapped(old, terms, now_ns)
            elif always:
                placed = self._placing.place(account, terms, now_ns)
            else:
                raise OrderError(Rejection(MODIFY_ENDED))
        except OrderError as rejected:
            return Failed(rejected.rejection.for_asset(wire.order.a))
        return self._placing.acknowledge(placed)

    def _live(self, account: AccountId, wire: ModifyWire) -> Record | None:
        old = self._desk.records.find(account, wire.oid)
        if old is None or not old.status.is_live:
            return None
        if old.asset != wire.order.a:
            raise OrderError(Rejection(MODIFY_INVALID))
        return old

    def _terms(self, wire: ModifyWire, always: bool) -> Terms:
        terms = terms_of(wire.order)
        fault = self._placing.fault(terms)
        if fault is not None:
            raise OrderError(fault)
        if always or not self._desk.settings.modify_forces_alo:
            return terms
        if terms.trigger is not None or terms.tif not in _RESTING_TIFS:
            raise OrderError(Rejection(MODIFY_INVALID))
        return replace(terms, tif="Alo")

    def _swapped(self, old: Record, terms: Terms, now_ns: int) -> Record:
        try:
            if terms.trigger is None and not self._triggers.is_waiting(old.oid):
                return self._desk.replace(old, terms, now_ns)
            self._cancelling.cancel(old, now_ns, EndReason.REPLACED)
            return self._placing.place(old.account, terms, now_ns)
        except OrderError as rejected:
            reason = MODIFY_REFUSED + rejected.rejection.text
            raise OrderError(Rejection(reason)) from rejected


def _wires(action: ModifyAction | BatchModifyAction) -> list[ModifyWire]:
    if isinstance(action, ModifyAction):
        return [ModifyWire(action.oid, action.order)]
    return action.modifies
