"""What the answer to an order request proves: accepted, rejected, not executed, or unknown.

1. Success with an unreadable body, and every refusal that the error table does not list as
   definite, is unknown.
2. A refused cancel never concludes that the order ended: "unknown order" means ask.
"""

import msgspec

from services.gateway_binance.protocol.errors import (
    Answer,
    CancelOutcome,
    Remedy,
    Verdict,
    banned_until_ms,
    judge_cancel,
    judge_order,
)
from services.gateway_binance.protocol.numbers import NS_PER_MS
from services.gateway_binance.protocol.reports import (
    Received,
    UnlistedWordError,
    order_row_report,
)
from services.gateway_binance.protocol.rows import OrderRow, Refused, refused_of
from tandem.domain.execution import OutcomeKind, ReportSource
from tandem.domain.ids import Exc
from tandem.domain.order import RejectReason
from tandem.gateway.requests import CancelOne, OrderRequest, Outcome
from tandem.transport.exchange import RawAnswer, Transport

OK = 200
BACK_OFF_MS = 1_000


class _WsSuccess(msgspec.Struct, frozen=True):
    result: OrderRow


class _WsRefusal(msgspec.Struct, frozen=True):
    error: Refused = Refused()


_http_success = msgspec.json.Decoder(OrderRow)
_ws_success = msgspec.json.Decoder(_WsSuccess)
_ws_refusal = msgspec.json.Decoder(_WsRefusal)


def decode_outcome(exc: Exc, request: OrderRequest, answer: RawAnswer) -> Outcome:
    """Return what an answer proves; it never raises."""
    if answer.status == OK:
        return _accepted(exc, answer)
    refusal = refusal_of(answer)
    if isinstance(request, CancelOne):
        return _refused_cancel(refusal, answer)
    return _refused_order(refusal, answer)


def _accepted(exc: Exc, answer: RawAnswer) -> Outcome:
    at = Received(exc, ReportSource.ACK, answer.recv_ns)
    try:
        report = order_row_report(_acknowledged(answer), at)
    except (msgspec.DecodeError, UnicodeDecodeError, UnlistedWordError) as error:
        return Outcome(kind=OutcomeKind.UNKNOWN, text=f"unreadable acknowledgement: {error}")
    return Outcome(kind=OutcomeKind.ACCEPTED, facts=(report,))


def _acknowledged(answer: RawAnswer) -> OrderRow:
    if answer.transport is Transport.HTTP:
        return _http_success.decode(answer.body)
    return _ws_success.decode(answer.body).result


def refusal_of(answer: RawAnswer) -> Answer:
    """Return status, code and text of an answer that is no success."""
    refused = _refused(answer)
    return Answer(status=answer.status, code=refused.code, text=refused.msg)


def _refused(answer: RawAnswer) -> Refused:
    if answer.transport is Transport.HTTP:
        return refused_of(answer.body)
    try:
        return _ws_refusal.decode(answer.body).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Refused()


def _refused_order(refusal: Answer, answer: RawAnswer) -> Outcome:
    verdict = judge_order(refusal)
    return Outcome(
        kind=verdict.kind,
        reason=verdict.reason,
        text=refusal.words,
        retry_after_ms=_retry_after_ms(verdict, refusal, answer),
    )


def _refused_cancel(refusal: Answer, answer: RawAnswer) -> Outcome:
    match judge_cancel(refusal):
        case CancelOutcome.ASK:
            return Outcome(
                kind=OutcomeKind.REJECTED,
                reason=RejectReason.OTHER,
                text=refusal.words,
                must_ask=True,
            )
        case CancelOutcome.REFUSED | CancelOutcome.RESEND:
            return _refused_order(refusal, answer)


def _retry_after_ms(verdict: Verdict, refusal: Answer, answer: RawAnswer) -> int:
    """Return how long to wait: the ban's end, what the venue asks for, or a second."""
    if verdict.remedy is not Remedy.BACK_OFF:
        return 0
    until_ms = banned_until_ms(refusal.text)
    if until_ms is not None:
        return max(BACK_OFF_MS, until_ms - answer.recv_ns // NS_PER_MS)
    asked = answer.header("retry-after")
    if asked is not None and asked.isdecimal():
        return max(BACK_OFF_MS, int(asked) * 1_000)
    return BACK_OFF_MS
