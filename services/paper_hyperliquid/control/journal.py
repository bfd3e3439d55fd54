"""What the control port can prove about timing: when orders were parsed and fills were written.

Kept until the control port clears it.
"""

from msgspec import Struct

from services.paper_exchange.engine.orders import AccountId, ExecId
from services.paper_hyperliquid.wire.payloads import (
    ActionAnswer,
    ActionErr,
    Failed,
    FilledNow,
    OrderAck,
    Resting,
)
from services.paper_hyperliquid.wire.schemas import Envelope, OrderAction


class RequestEntry(Struct, frozen=True):
    """One order request as received; `oid` None when the answer named no order."""

    account: AccountId
    cloid: str
    oid: int | None
    mono_parsed_ns: int
    outcome: str


class Journal:
    """Order requests and the times at which fills were written."""

    def __init__(self) -> None:
        self.requests: list[RequestEntry] = []
        self.written_ns: dict[ExecId, int] = {}

    def note_request(
        self, envelope: Envelope, account: AccountId | None, answer: ActionAnswer, mono_ns: int
    ) -> None:
        """Keep what became of each order of a request."""
        action = envelope.action
        if not isinstance(action, OrderAction):
            return
        acks = _acks(answer, len(action.orders))
        for order, ack in zip(action.orders, acks, strict=True):
            oid, outcome = _outcome(ack)
            self.requests.append(
                RequestEntry(account or AccountId(""), order.c or "", oid, mono_ns, outcome)
            )

    def note_written(self, exec_ids: tuple[ExecId, ...], mono_ns: int) -> None:
        """Keep when fills were first written to a user's socket."""
        for exec_id in exec_ids:
            self.written_ns.setdefault(exec_id, mono_ns)

    def clear(self) -> None:
        self.requests.clear()
        self.written_ns.clear()


def _acks(answer: ActionAnswer, count: int) -> tuple[OrderAck, ...]:
    """Return one acknowledgement per order; a single error stands for the whole batch."""
    if isinstance(answer, ActionErr):
        return (Failed(answer.response),) * count
    data = answer.response.data
    acks = data.statuses if data is not None else ()
    if len(acks) == count:
        return tuple(ack for ack in acks if ack != "success")
    fault = acks[0] if acks else Failed("no answer")
    return (fault if isinstance(fault, Failed) else Failed("no answer"),) * count


def _outcome(ack: OrderAck) -> tuple[int | None, str]:
    match ack:
        case Resting():
            return ack.resting.oid, "accepted"
        case FilledNow():
            return ack.filled.oid, "accepted"
        case Failed():
            return None, ack.error
        case _:
            return None, "accepted"
