"""A subject and its fact are one to one, and what a subject does not name is malformed (E1)."""

from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tandem.bus import permissions
from tandem.bus.filters import matcher
from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import Exc, Strategy
from tandem.domain.units import NS_PER_MINUTE
from tandem.messages import codec, facts, subjects
from tandem.messages.codec import AnyDelta, Fact
from tandem.messages.intents import CancelOrder
from tandem.messages.reports import MarkReport, OrderReport, SpecsReport
from tests.property.generated_messages import messages_of

# How long drawing takes is the machine's business, and no test of ours.
BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
FACTS = get_args(Fact)
DELTAS = get_args(AnyDelta)
# What tells one fact from another of its kind; the spelling under test has no part in it.
IDENTITY = {
    "NewOrder": ("exc", "strategy", "client_order_id"),
    "CancelOrder": ("exc", "strategy", "client_order_id", "venue_order_id", "token"),
    "HedgeOrder": ("strategy", "hedge_id"),
    "StopHedge": ("strategy", "token"),
    "Halt": ("token",),
    "Resume": ("token",),
    "OrderReport": ("exc", "ticker", "venue_order_id", "client_order_id", "order_status", "cum_qty",
                    "ts_event_ns", "source", "in_doubt"),
    "FillReport": ("exc", "ticker", "exec_id"),
    "FillCost": ("exc", "ticker", "exec_id"),
    "PositionReport": ("exc", "ticker", "ts_event_ns", "amount", "entry", "inclusive"),
    "MarkReport": ("exc", "ticker", "ts_event_ns"),
    "SpecsReport": ("exc", "instruments", "previous"),
    "LinkReport": ("exc", "run", "n"),
    "SenderReport": ("exc", "term", "n"),
    "IdentityReport": ("exc",),
    "IntentRefused": ("exc", "subject"),
    "OrderCleared": ("exc", "client_order_id"),
    "Decision": ("exc", "ticker", "pool", "epoch", "ordinal"),
    "TimerFired": ("key", "attempt"),
    "HedgeRefused": ("hedge_id",),
    "Rules": ("ordinal",),
    "Epoch": ("epoch",),
    "Alarm": ("source", "key"),
    "Aside": ("seq",),
    "Carried": ("epoch",),
}  # fmt: skip


def identity(fact: Any) -> tuple[Any, ...]:
    values = {name: getattr(fact, name) for name in IDENTITY[type(fact).__name__]}
    if isinstance(fact, OrderReport):
        cloid, oid = values.pop("client_order_id"), values.pop("venue_order_id")
        values["name"] = oid or cloid or ""
        values["source"] = None if fact.in_doubt else fact.source
    if isinstance(fact, CancelOrder) and fact.client_order_id is not None:
        values["venue_order_id"] = None  # a cancel by client id, whatever else it says
    if isinstance(fact, MarkReport):
        values["ts_event_ns"] = fact.ts_event_ns // 60_000_000_000
    if isinstance(fact, SpecsReport):
        values["instruments"] = codec.encode_part(fact.instruments)
    return (type(fact), *values.values())


@pytest.mark.parametrize("kind", FACTS)
@settings(BUSY, max_examples=40)
@given(data=st.data())
def test_what_is_written_is_read_back(kind: type[Any], data: st.DataObject) -> None:
    fact = data.draw(messages_of(kind))
    assert facts.read_fact(*facts.written(fact)) == fact


@pytest.mark.parametrize("kind", DELTAS)
@settings(BUSY)
@given(data=st.data())
def test_a_delta_that_is_written_is_read_back(kind: type[Any], data: st.DataObject) -> None:
    delta = data.draw(messages_of(kind))
    assert facts.read_delta(*facts.written_delta(delta)) == delta


@settings(BUSY)
@given(st.data())
def test_two_facts_share_a_subject_only_if_they_are_one(data: st.DataObject) -> None:
    kinds = data.draw(st.sampled_from(FACTS)), data.draw(st.sampled_from(FACTS))
    one, other = (data.draw(messages_of(kind)) for kind in kinds)
    is_one = identity(one) == identity(other)
    assert (facts.subject_of(one) == facts.subject_of(other)) == is_one


@pytest.mark.parametrize("kind", FACTS)
@settings(BUSY, max_examples=40)
@given(data=st.data())
def test_two_facts_of_a_kind_share_a_subject_only_if_they_are_one(
    kind: type[Any], data: st.DataObject
) -> None:
    one = data.draw(messages_of(kind))
    name = data.draw(st.sampled_from(IDENTITY[kind.__name__]))
    drawn = getattr(data.draw(messages_of(kind)), name)
    other = msgspec.structs.replace(one, **{name: drawn})
    is_one = identity(one) == identity(other)
    assert (facts.subject_of(one) == facts.subject_of(other)) == is_one


@settings(BUSY)
@given(st.data())
def test_e1_a_fact_under_any_other_subject_is_malformed(data: st.DataObject) -> None:
    kinds = data.draw(st.sampled_from(FACTS)), data.draw(st.sampled_from(FACTS))
    fact, other = (data.draw(messages_of(kind)) for kind in kinds)
    subject, payload = facts.subject_of(other), codec.encode(fact)
    if subject == facts.subject_of(fact) or isinstance(fact, SpecsReport):
        return
    with pytest.raises(MalformedMessageError):
        facts.read_fact(subject, payload)


def _subjects_like(pattern: str, model: str) -> tuple[str, ...]:
    """Return subjects of a family, with the model's own tokens where the family leaves them free.

    The lengths of both are tried: a family that ends in `>` takes any number of tokens.
    """
    tokens, free = model.split("."), pattern.split(".")
    is_open = free[-1] == ">"
    stem = free[:-1] if is_open else free
    spelled = [
        tokens[place] if token == "*" and place < len(tokens) else token.replace("*", "x")
        for place, token in enumerate(stem)
    ]
    if not is_open:
        return (".".join(spelled),)
    rests = (tokens[len(stem) :], ["x", "new"], ["x", "cancel", "y"], tokens)
    return tuple(".".join([*spelled, *rest]) for rest in rests if rest)


BETA = Strategy("beta")
FAMILIES = dict.fromkeys(
    pattern
    for user in permissions.users(("binance", "hyperliquid"), ("beta",))
    for pattern in (*user.publish, subjects.intents_by(BETA), subjects.stops_by(BETA))
    if pattern.startswith("oms.")
)


@pytest.mark.parametrize("pattern", FAMILIES)
@pytest.mark.parametrize("kind", FACTS)
@settings(BUSY, max_examples=10)
@given(data=st.data())
def test_e1_a_family_holds_only_what_its_subjects_name(
    kind: type[Any], pattern: str, data: st.DataObject
) -> None:
    fact = data.draw(messages_of(kind))
    true_subject = facts.subject_of(fact)
    for subject in _subjects_like(pattern, true_subject):
        if not matcher((pattern,))(subject) or isinstance(fact, SpecsReport):
            continue
        if subject == true_subject:
            assert facts.read_fact(subject, codec.encode(fact)) == fact
        elif not (isinstance(fact, MarkReport) and subject.startswith(true_subject[:-1])):
            with pytest.raises(MalformedMessageError):
                facts.read_fact(subject, codec.encode(fact))


@settings(BUSY)
@given(messages_of(SpecsReport), st.sampled_from(["binance", "hyperliquid"]))
def test_e1_a_table_of_another_account_is_malformed(specs: SpecsReport, other: str) -> None:
    """A former version wrote tables whose digest cannot be checked, but the account can."""
    former = msgspec.structs.replace(specs, exc=Exc("binance"), previous=None)
    subject = subjects.specs_report(Exc(other), b"whatever it spelled")
    if other == "binance":
        assert facts.read_fact(subject, codec.encode(former)) == former
        return
    with pytest.raises(MalformedMessageError):
        facts.read_fact(subject, codec.encode(former))


@settings(BUSY)
@given(messages_of(MarkReport), st.integers(-2, 3))
def test_a_mark_is_read_under_its_minute_or_the_one_that_a_former_version_gave_it(
    mark: MarkReport, later: int
) -> None:
    minute = mark.ts_event_ns // NS_PER_MINUTE + later
    subject = subjects.mark_report(mark.exc, mark.ticker, minute)
    if later in {0, 1}:
        assert facts.read_fact(subject, codec.encode(mark)) == mark
        return
    with pytest.raises(MalformedMessageError):
        facts.read_fact(subject, codec.encode(mark))


@settings(BUSY)
@given(messages_of(MarkReport), messages_of(MarkReport))
def test_e1_a_mark_under_anothers_subject_is_malformed(one: MarkReport, other: MarkReport) -> None:
    assert facts.read_mark(*facts.written_mark(one)) == one
    if (one.exc, one.ticker) != (other.exc, other.ticker):
        with pytest.raises(MalformedMessageError):
            facts.read_mark(facts.written_mark(other)[0], codec.encode(one))
    with pytest.raises(MalformedMessageError):
        facts.read_mark(facts.written_mark(one)[0], b'{"type":"epoch","epoch":1}')


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+999999", "1E-999999"])
def test_e4_a_number_of_no_countable_size_has_a_short_spelling(text: str) -> None:
    spelled = subjects.decimal_token(Decimal(text))
    assert len(spelled) < subjects.MAX_TOKEN
    assert spelled != subjects.decimal_token(Decimal(1))
