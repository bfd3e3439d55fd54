"""What happens to cancels: each names an order by oid or cloid, and its asset must match."""

from services.paper_exchange.engine.orders import AccountId, EndReason
from services.paper_hyperliquid.exchange.order_keeper import STATUS_OF_END, Desk
from services.paper_hyperliquid.exchange.records import Record
from services.paper_hyperliquid.exchange.triggers import TriggerBook
from services.paper_hyperliquid.wire.errors import CANCEL_UNKNOWN, FAST_CANCEL_OF_TRIGGER, Rejection
from services.paper_hyperliquid.wire.payloads import CancelAck, Failed
from services.paper_hyperliquid.wire.schemas import CancelAction, CancelByCloidAction


class Cancelling:
    """Cancels orders, waiting ones included."""

    def __init__(self, desk: Desk, triggers: TriggerBook) -> None:
        self._desk = desk
        self._triggers = triggers

    def run(
        self, account: AccountId, action: CancelAction | CancelByCloidAction, now_ns: int
    ) -> tuple[CancelAck, ...]:
        """Return one acknowledgement per cancel."""
        is_fast = action.f is True
        return tuple(self._one(account, target, is_fast, now_ns) for target in _targets(action))

    def _one(
        self, account: AccountId, target: tuple[int, int | str], is_fast: bool, now_ns: int
    ) -> CancelAck:
        asset, oid = target
        record = self._desk.records.find(account, oid)
        if record is None or record.asset != asset or not record.status.is_live:
            return Failed(Rejection(CANCEL_UNKNOWN).for_asset(asset))
        if is_fast and record.trigger is not None:
            return Failed(Rejection(FAST_CANCEL_OF_TRIGGER).for_asset(asset))
        self.cancel(record, now_ns, EndReason.USER)
        return "success"

    def named(self, account: AccountId, action: CancelAction | CancelByCloidAction) -> list[Record]:
        """Return the resting orders that a cancel names."""
        found = [self._desk.records.find(account, oid) for _, oid in _targets(action)]
        return [
            record
            for record in found
            if record is not None
            and record.status.is_live
            and not self._triggers.is_waiting(record.oid)
        ]

    def cancel(self, record: Record, now_ns: int, reason: EndReason) -> None:
        """Cancel one live order, wherever it waits."""
        if self._triggers.is_waiting(record.oid):
            self._triggers.cancel(record, STATUS_OF_END[reason], now_ns)
        else:
            self._desk.cancel(record, now_ns, reason)

    def cancel_all(self, account: AccountId, now_ns: int, reason: EndReason) -> int:
        """Cancel every live order of the account; return how many."""
        live = self._desk.records.live(account)
        for record in live:
            self.cancel(record, now_ns, reason)
        return len(live)


def _targets(action: CancelAction | CancelByCloidAction) -> list[tuple[int, int | str]]:
    if isinstance(action, CancelAction):
        return [(cancel.a, cancel.o) for cancel in action.cancels]
    return [(cancel.asset, cancel.cloid) for cancel in action.cancels]
