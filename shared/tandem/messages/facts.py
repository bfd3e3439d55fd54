"""The one door between a stream's messages and what they mean: the subject decides.

1. A subject is an identity, and says who may have written it: the server holds writers to subjects
   and to nothing else. So a payload counts only as the fact that its subject names, in every
   token: kind, account, ticker, ids, strategy, status, quantity, time. All else is malformed.
2. Whatever bytes come, the answer is a message or a MalformedMessageError.
3. What is written goes out through the same pair, so that a mismatch cannot be written here.
"""

from collections.abc import Callable
from typing import Any, assert_never

import msgspec

from tandem.domain.errors import MalformedMessageError
from tandem.domain.units import NS_PER_MINUTE
from tandem.messages import codec, subjects
from tandem.messages.codec import AnyDelta, Fact
from tandem.messages.deltas import (
    BucketDelta,
    FillDelta,
    HedgeDelta,
    OrderDelta,
    OrderView,
    PositionDelta,
)
from tandem.messages.hedges import (
    Alarm,
    Aside,
    Carried,
    Decision,
    Epoch,
    HedgeRefused,
    Rules,
    TimerFired,
)
from tandem.messages.intents import CancelOrder, Halt, HedgeOrder, NewOrder, Resume, StopHedge
from tandem.messages.message import Message
from tandem.messages.reports import (
    FillCost,
    FillReport,
    IdentityReport,
    IntentRefused,
    LinkReport,
    MarkReport,
    OrderCleared,
    OrderReport,
    PositionReport,
    SenderReport,
    SpecsReport,
)


def read_fact(subject: str, payload: bytes) -> Fact:
    """Return the fact that the log holds under `subject`.

    Raises:
        MalformedMessageError: the payload is no message, or not the one its subject names.
    """
    fact = codec.decode_fact(payload)
    true_subject = _told_subject(fact, payload)
    if true_subject != subject and not _is_of_former_version(subject, fact):
        raise _contradiction(subject, fact, true_subject)
    return fact


def read_delta(subject: str, payload: bytes) -> AnyDelta:
    """Return the change that the stream of deltas holds under `subject`; raises as `read_fact`."""
    delta = codec.decode_delta(payload)
    if subject_of_delta(delta) != subject:
        raise _contradiction(subject, delta, subject_of_delta(delta))
    return delta


def read_mark(subject: str, payload: bytes) -> MarkReport:
    """Return the newest price that the stream of marks holds; raises as `read_fact`."""
    mark = codec.decode_fact(payload)
    if not isinstance(mark, MarkReport) or subject != subjects.mark(mark.exc, mark.ticker):
        raise _contradiction(subject, mark, "")
    return mark


def written(fact: Fact) -> tuple[str, bytes]:
    """Return the subject and the bytes by which the log holds a fact."""
    return subject_of(fact), codec.encode(fact)


def written_delta(delta: AnyDelta) -> tuple[str, bytes]:
    """Return the subject and the bytes by which the stream of deltas holds a change."""
    return subject_of_delta(delta), codec.encode(delta)


def written_mark(mark: MarkReport) -> tuple[str, bytes]:
    """Return the subject and the bytes by which the stream of marks holds a price."""
    return subjects.mark(mark.exc, mark.ticker), codec.encode(mark)


def subject_of(fact: Fact) -> str:
    """Return the subject that is the identity of a fact."""
    return _SPELLINGS[type(fact)](fact)


def subject_of_delta(delta: AnyDelta) -> str:
    """Return the subject under which a change is told."""
    match delta:
        case OrderDelta(order=order):
            return subjects.order_delta(order.exc, order_name(order), delta)
        case PositionDelta(position=position):
            return subjects.position_delta(position.exc, position.ticker, delta)
        case FillDelta(fill=fill):
            return subjects.fill_delta(fill.exc, fill.exec_id, delta)
        case HedgeDelta(hedge=hedge):
            return subjects.hedge_delta(hedge.hedge_id, delta)
        case BucketDelta(bucket=bucket):
            return subjects.bucket_delta((bucket.exc, bucket.ticker, bucket.pool), delta)
    assert_never(delta)


def order_name(order: OrderView) -> str:
    """Return the name that an order's changes and its row go by."""
    return order.client_order_id or f"oid:{order.venue_order_id}"


def cancel_subject(cancel: CancelOrder) -> str:
    """Return the subject of a cancel: of one order by either id, or of all."""
    exc, strategy, call = cancel.exc, cancel.strategy, cancel.token
    if cancel.client_order_id is not None:
        return subjects.cancel_order(exc, strategy, cancel.client_order_id, call)
    if cancel.venue_order_id is not None:
        return subjects.cancel_by_oid(exc, strategy, cancel.venue_order_id, call)
    return subjects.cancel_all(exc, strategy, call)


class _Table(msgspec.Struct):
    """The part of a table's message that its subject digests, byte for byte."""

    instruments: msgspec.Raw


_table: msgspec.json.Decoder[_Table] = msgspec.json.Decoder(_Table)


def _specs_subject(specs: SpecsReport) -> str:
    return _digested(specs, codec.encode_part(specs.instruments))


def _told_subject(fact: Fact, payload: bytes) -> str:
    """Return the subject by the bytes that were written: another version may say more of a row."""
    if isinstance(fact, SpecsReport):
        return _digested(fact, bytes(_table.decode(payload).instruments))
    return subject_of(fact)


def _digested(specs: SpecsReport, instruments: bytes) -> str:
    return subjects.specs_report(specs.exc, f"{specs.previous}\0".encode() + instruments)


def _mark_subject(mark: MarkReport) -> str:
    return subjects.mark_report(mark.exc, mark.ticker, mark.ts_event_ns // NS_PER_MINUTE)


def _fill_subject(fill: FillReport) -> str:
    return subjects.fill_report(fill.exc, fill.ticker, fill.exec_id)


def _cost_subject(cost: FillCost) -> str:
    return subjects.fill_cost(cost.exc, cost.ticker, cost.exec_id)


def _link_subject(link: LinkReport) -> str:
    return subjects.link_report(link.exc, link.run, link.n)


def _sender_subject(sender: SenderReport) -> str:
    return subjects.sender_report(sender.exc, sender.term, sender.n)


def _decision_subject(decision: Decision) -> str:
    bucket = (decision.exc, decision.ticker, decision.pool)
    return subjects.decision(bucket, decision.epoch, decision.ordinal)


def _is_of_former_version(subject: str, fact: Fact) -> bool:
    """Tell whether a version before this one wrote what the subject does not quite name.

    It spelled the table before into a table's digest and into nothing else, and counted the
    minute of a mark by the venue's clock, which may be past that of the book.
    """
    if isinstance(fact, SpecsReport) and fact.previous is None:
        stem = subjects.specs_report(fact.exc, b"").rpartition(".")[0]
        return subject.rpartition(".")[0] == stem
    if isinstance(fact, MarkReport):
        minute = fact.ts_event_ns // NS_PER_MINUTE
        return subject == subjects.mark_report(fact.exc, fact.ticker, minute + 1)
    return False


def _contradiction(
    subject: str, message: Fact | AnyDelta, true_subject: str
) -> MalformedMessageError:
    """Name the first field that says otherwise than the subject; `type` where nothing else does."""
    names = _TOKENS.get(type(message), "").split()
    tokens, true_tokens = subject.split("."), true_subject.split(".")
    if len(tokens) == len(true_tokens) == len(names):
        for name, token, true_token in zip(names, tokens, true_tokens, strict=True):
            if token != true_token and name != "-":
                return MalformedMessageError(name, f"{true_token} under {subject}")
            if token != true_token:
                break
    return MalformedMessageError("type", f"a {type(message).__name__} under {subject}")


# Which field of the wire each token of a subject spells; `-`: none, it tells the kind.
_TOKENS: dict[type[Message], str] = {
    NewOrder: "- - exc strategy cloid -",
    CancelOrder: "- - exc strategy cloid - token",
    HedgeOrder: "- - - strategy hedge_id",
    StopHedge: "- - - strategy token",
    Halt: "- - - token",
    Resume: "- - - token",
    OrderReport: "- - exc - ticker oid ord_status filled_sz ts_venue source",
    FillReport: "- - exc - ticker exec_id",
    FillCost: "- - exc - ticker exec_id",
    PositionReport: "- - exc - ticker - ts_venue amount entry",
    MarkReport: "- - exc - ticker ts_venue",
    SpecsReport: "- - exc - instruments",
    LinkReport: "- - exc - run n",
    SenderReport: "- - exc - term n",
    IdentityReport: "- - exc -",
    IntentRefused: "- - exc - subject",
    OrderCleared: "- - exc - cloid",
    Decision: "- - - exc ticker pool epoch ordinal",
    TimerFired: "- - - key attempt",
    HedgeRefused: "- - - hedge_id",
    Rules: "- - - ordinal",
    Epoch: "- - - epoch",
    Carried: "- - - epoch",
    Aside: "- - - seq",
    Alarm: "- - - source key",
}

# The key of an entry is the type of its spelling's fact, so the call is right by construction.
_SPELLINGS: dict[type[Fact], Callable[[Any], str]] = {
    NewOrder: lambda one: subjects.new_order(one.exc, one.strategy, one.client_order_id),
    CancelOrder: cancel_subject,
    HedgeOrder: lambda one: subjects.hedge_intent(one.strategy, one.hedge_id),
    StopHedge: lambda one: subjects.stop_hedge(one.strategy, one.token),
    Halt: lambda one: subjects.halt(one.token),
    Resume: lambda one: subjects.resume(one.token),
    OrderReport: subjects.order_report,
    FillReport: _fill_subject,
    FillCost: _cost_subject,
    PositionReport: subjects.position_report,
    MarkReport: _mark_subject,
    SpecsReport: _specs_subject,
    LinkReport: _link_subject,
    SenderReport: _sender_subject,
    IdentityReport: lambda one: subjects.identity_report(one.exc),
    IntentRefused: lambda one: subjects.intent_refused(one.exc, one.subject),
    OrderCleared: lambda one: subjects.order_cleared(one.exc, one.client_order_id),
    Decision: _decision_subject,
    TimerFired: lambda one: subjects.timer(one.key, one.attempt),
    HedgeRefused: lambda one: subjects.hedge_refused(one.hedge_id),
    Rules: lambda one: subjects.rules(one.ordinal),
    Epoch: lambda one: subjects.epoch(one.epoch),
    Aside: lambda one: subjects.aside(one.seq),
    Carried: lambda one: subjects.carried(one.epoch),
    Alarm: lambda one: subjects.alarm(one.source, one.key),
}
