"""What the answer to an order request proves; whatever is unclear is UNKNOWN, never an exception.

1. HTTP 200 carries most refusals: `errors` tells which of their texts leave the outcome open.
2. One error may answer a whole request; we send one order a request, so it is that order's.
3. An ack names no venue time: the time it was read stands in its place.
"""

from typing import Final

import msgspec

from services.gateway_hyperliquid.protocol import errors
from services.gateway_hyperliquid.protocol.errors import Verdict
from services.gateway_hyperliquid.protocol.reports import filled_status
from services.gateway_hyperliquid.protocol.wire import (
    Answered,
    ExchangeAnswer,
    FilledNow,
    Frame,
    PostAnswer,
    PostPayload,
    Status,
)
from tandem.domain.execution import OutcomeKind, ReportSource
from tandem.domain.ids import Exc, VenueOrderId
from tandem.domain.order import OrderStatus, RejectReason, TimeInForce
from tandem.gateway.port.decoding import UnreadableError, decode, id_text, plain
from tandem.gateway.port.requests import CancelOne, OrderRequest, Outcome, PlaceOrder
from tandem.messages.reports import OrderReport
from tandem.transport.exchange import RawAnswer, Transport

# With the address budget used up the venue takes one action in 10 s (docs, Rate limits).
BUDGET_WAIT_MS: Final = 10_000
RATE_WAIT_MS: Final = 1_000
SUCCESS: Final = "success"
FAILURE: Final = "err"

_exchange: Final = msgspec.json.Decoder(ExchangeAnswer)
_frame: Final = msgspec.json.Decoder(Frame)
_post: Final = msgspec.json.Decoder(PostAnswer)
_text: Final = msgspec.json.Decoder(str)


def outcome(request: OrderRequest, answer: RawAnswer, exc: Exc) -> Outcome:
    """Return what `answer` proves about `request`."""
    try:
        said = _said(answer)
        if isinstance(said, Verdict):
            return _refused(said)
        return _answered(request, said, answer.recv_ns, exc)
    except UnreadableError as error:
        return Outcome(kind=OutcomeKind.UNKNOWN, text=f"unreadable answer: {error}")


def is_done(answer: RawAnswer) -> bool:
    """Tell whether the venue says that it carried out an action without statuses of its own."""
    try:
        said = _said(answer)
        return isinstance(said, Answered) and said.type == "default"
    except UnreadableError:
        return False


def _said(answer: RawAnswer) -> Answered | Verdict:
    if answer.transport is Transport.WEBSOCKET:
        return _frame_said(answer.body)
    if answer.status != 200:
        return errors.of_http_status(answer.status, answer.body[:200].decode(errors="replace"))
    return _exchange_said(answer.body)


def _frame_said(body: bytes) -> Answered | Verdict:
    frame = decode(_frame, body)
    if frame.channel == "error":
        return errors.of_text(decode(_text, bytes(frame.data)))
    return _post_said(decode(_post, bytes(frame.data)).response)


def _post_said(response: PostPayload) -> Answered | Verdict:
    if response.type == "error":
        return errors.of_post_error(decode(_text, bytes(response.payload)))
    return _exchange_said(bytes(response.payload))


def _exchange_said(body: bytes) -> Answered | Verdict:
    answer = decode(_exchange, body)
    if isinstance(answer.response, str):
        judge = errors.of_action if answer.status == FAILURE else errors.of_text
        return judge(answer.response)
    return answer.response


def _refused(verdict: Verdict) -> Outcome:
    """Judge a refusal; of actions by volume, cancels have more than orders (docs, Rate limits)."""
    limited = verdict.reason is RejectReason.RATE_LIMIT
    budget = limited and "cumulative" in verdict.text
    wait_ms = BUDGET_WAIT_MS if budget else RATE_WAIT_MS if limited else 0
    return Outcome(
        kind=verdict.kind,
        reason=verdict.reason,
        text=verdict.text,
        retry_after_ms=wait_ms,
        orders_only=budget,
    )


def _answered(request: OrderRequest, said: Answered, recv_ns: int, exc: Exc) -> Outcome:
    statuses = said.data.statuses if said.data is not None else ()
    if len(statuses) != 1:
        return Outcome(kind=OutcomeKind.UNKNOWN, text=f"{len(statuses)} statuses for one order")
    if isinstance(request, CancelOne):
        return _cancelled(statuses[0])
    return _placed(request, statuses[0], recv_ns, exc)


def _cancelled(status: Status | str) -> Outcome:
    """Judge a cancel: its success is no state of the order; that comes as an event."""
    if status == SUCCESS:
        return Outcome(kind=OutcomeKind.ACCEPTED)
    if isinstance(status, str) or status.error is msgspec.UNSET:
        return Outcome(kind=OutcomeKind.UNKNOWN, text=f"unknown cancel status: {status}")
    if errors.is_gone(status.error):
        return Outcome(
            kind=OutcomeKind.REJECTED, reason=RejectReason.OTHER, text=status.error, must_ask=True
        )
    return _refused(errors.of_action(status.error))


def _placed(order: PlaceOrder, status: Status | str, recv_ns: int, exc: Exc) -> Outcome:
    if isinstance(status, str):
        return Outcome(kind=OutcomeKind.ACCEPTED, text=status)
    if status.error is not msgspec.UNSET:
        return _refused(errors.of_action(status.error))
    if status.filled is not msgspec.UNSET:
        return _accepted(_filled_report(order, status.filled, recv_ns, exc))
    if status.resting is not msgspec.UNSET:
        oid = VenueOrderId(id_text(status.resting.oid, "oid"))
        return _accepted(_ack_report(order, oid, recv_ns, exc))
    return Outcome(kind=OutcomeKind.UNKNOWN, text="a status that says nothing")


def _accepted(report: OrderReport) -> Outcome:
    return Outcome(kind=OutcomeKind.ACCEPTED, facts=(report,))


def _filled_report(order: PlaceOrder, filled: FilledNow, recv_ns: int, exc: Exc) -> OrderReport:
    ends = order.time_in_force is TimeInForce.IOC
    status = filled_status(filled, abs(order.amount), ends)
    reason, text = errors.why("filled", status)
    return msgspec.structs.replace(
        _ack_report(order, VenueOrderId(id_text(filled.oid, "oid")), recv_ns, exc),
        order_status=status,
        cum_qty=plain(filled.total_sz, "totalSz"),
        avg_px=plain(filled.avg_px, "avgPx"),
        reason=reason,
        text=text,
    )


def _ack_report(order: PlaceOrder, oid: VenueOrderId, recv_ns: int, exc: Exc) -> OrderReport:
    return OrderReport(
        exc=exc,
        ticker=order.instrument.ticker,
        order_status=OrderStatus.NEW,
        source=ReportSource.ACK,
        ts_event_ns=recv_ns,
        ts_recv_ns=recv_ns,
        venue_order_id=oid,
        client_order_id=order.client_order_id,
        amount=plain(order.amount),
        price=None if order.price is None else plain(order.price),
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        reduce_only=order.reduce_only,
        emulated=order.price_match is not None,
    )
