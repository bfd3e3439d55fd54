"""What the answer to an order request proves: accepted, rejected, not executed, or unknown.

1. Success with an unreadable body, and every refusal that the error table does not list as
   definite, is unknown.
2. A refused cancel never concludes that the order ended: "unknown order" means ask.
"""

import msgspec

from services.gateway_binance.protocol.answers import OK, refusal_of, retry_after_ms
from services.gateway_binance.protocol.errors import Answer, is_not_open, judge_order
from services.gateway_binance.protocol.reports import (
    Received,
    check_order,
    order_row_report,
)
from services.gateway_binance.protocol.wire import OrderRow
from tandem.domain.execution import OutcomeKind, ReportSource
from tandem.domain.ids import Exc
from tandem.domain.order import RejectReason
from tandem.gateway.port.decoding import UnreadableError, decode
from tandem.gateway.port.requests import CancelOne, OrderRequest, Outcome
from tandem.transport.exchange import RawAnswer, Transport

TOO_MANY_ORDERS = -1015  # Binance docs, error codes: by account, and of new orders alone


class _WsSuccess(msgspec.Struct, frozen=True):
    result: OrderRow


_http_success = msgspec.json.Decoder(OrderRow)
_ws_success = msgspec.json.Decoder(_WsSuccess)


def decode_outcome(exc: Exc, request: OrderRequest, answer: RawAnswer) -> Outcome:
    """Return what an answer proves; it never raises."""
    if answer.status == OK:
        return _accepted(exc, request, answer)
    refusal = refusal_of(answer)
    if isinstance(request, CancelOne) and is_not_open(refusal):
        return _not_open(refusal)
    return _refused(refusal, answer)


def _accepted(exc: Exc, request: OrderRequest, answer: RawAnswer) -> Outcome:
    at = Received(exc, ReportSource.ACK, answer.recv_ns)
    try:
        row = _acknowledged(answer)
        check_order(row, request)
        report = order_row_report(row, at)
    except UnreadableError as error:
        return Outcome(kind=OutcomeKind.UNKNOWN, text=f"unreadable acknowledgement: {error}")
    return Outcome(kind=OutcomeKind.ACCEPTED, facts=(report,))


def _acknowledged(answer: RawAnswer) -> OrderRow:
    if answer.transport is Transport.HTTP:
        return decode(_http_success, answer.body)
    return decode(_ws_success, answer.body).result


def _refused(refusal: Answer, answer: RawAnswer) -> Outcome:
    verdict = judge_order(refusal)
    return Outcome(
        kind=verdict.kind,
        reason=verdict.reason,
        text=refusal.words,
        retry_after_ms=retry_after_ms(refusal, answer),
        orders_only=refusal.code == TOO_MANY_ORDERS,
    )


def _not_open(refusal: Answer) -> Outcome:
    return Outcome(
        kind=OutcomeKind.REJECTED,
        reason=RejectReason.OTHER,
        text=refusal.words,
        must_ask=True,
    )
