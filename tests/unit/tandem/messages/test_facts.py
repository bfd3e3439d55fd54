"""Each fact under its own subject, spelled out; tests/property/test_facts.py tries the rest."""

from decimal import Decimal
from typing import get_args

import msgspec
import pytest

from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import ClientOrderId, Exc, Strategy, Ticker
from tandem.domain.order import OrderType
from tandem.messages import codec, facts
from tandem.messages.deltas import PositionDelta, PositionView
from tandem.messages.hedges import Alarm, Epoch
from tandem.messages.intents import NewOrder
from tandem.messages.message import Message
from tandem.messages.reports import IntentRefused, LinkReport, LinkState, MarkReport, SpecsReport

EXC, SOL = Exc("v"), Ticker("SOL")
MARK = MarkReport(exc=EXC, ticker=SOL, mid=Decimal(1), ts_event_ns=77 * facts.NS_PER_MINUTE + 1)


@pytest.mark.parametrize(
    ("fact", "subject"),
    [
        (
            IntentRefused(exc=EXC, subject="a.b", field_name="f", rule="r"),
            "oms.venue.v.refused.a%2Eb",
        ),
        (LinkReport(exc=EXC, run="run", n=3, state=LinkState.UP), "oms.venue.v.link.run.3"),
        (MARK, "oms.venue.v.mark.SOL.77"),
        (Epoch(epoch=3), "oms.control.epoch.3"),
        (Alarm(source="s", key="k.1", text=""), "oms.control.alarm.s.k%2E1"),
    ],
)
def test_subject_is_the_identity(fact: codec.Fact, subject: str) -> None:
    assert facts.written(fact) == (subject, codec.encode(fact))
    assert facts.read_fact(subject, codec.encode(fact)) == fact


def test_table_has_a_new_identity_each_time_it_changes_even_back() -> None:
    first = SpecsReport(exc=EXC, instruments=(), previous="", ts_recv_ns=1)
    again = SpecsReport(exc=EXC, instruments=(), previous="", ts_recv_ns=2)
    later = SpecsReport(exc=EXC, instruments=(), previous=facts.subject_of(first))
    assert facts.subject_of(first) == facts.subject_of(again)
    assert facts.subject_of(first) != facts.subject_of(later)


ORDER = NewOrder(
    exc=EXC,
    ticker=SOL,
    client_order_id=ClientOrderId("c"),
    amount=Decimal(1),
    order_type=OrderType.MARKET,
    strategy=Strategy("beta"),
)


@pytest.mark.parametrize(
    ("subject", "fact", "field"),
    [
        ("oms.control.stop.beta.f1", ORDER, "type"),
        ("oms.intent.v.beta.c.cancel.t", ORDER, "type"),
        ("oms.intent.v.beta.c.old", ORDER, "type"),
        ("oms.intent.w.beta.c.new", ORDER, "exc"),
        ("oms.intent.v.alpha.c.new", ORDER, "strategy"),
        ("oms.intent.v.beta.d.new", ORDER, "cloid"),
        ("oms.venue.v.mark.SOL.76", MARK, "ts_venue"),
    ],
)
def test_e1_the_error_names_the_field_and_the_subject(
    subject: str, fact: codec.Fact, field: str
) -> None:
    with pytest.raises(MalformedMessageError) as caught:
        facts.read_fact(subject, codec.encode(fact))
    assert caught.value.field == field
    assert subject in caught.value.rule


def test_e1_a_delta_under_anothers_subject_is_malformed() -> None:
    view = PositionView(exc=EXC, ticker=SOL, amount=Decimal(1), entry=Decimal(1), value=Decimal(1))
    delta = PositionDelta(epoch=0, seq=1, index=0, position=view, delta=Decimal(1))
    with pytest.raises(MalformedMessageError):
        facts.read_delta("positions.v.SOL.0.2.0", codec.encode(delta))


@pytest.mark.parametrize("kind", get_args(codec.Fact), ids=lambda kind: kind.__name__)
def test_the_fields_named_are_those_of_the_wire(kind: type[Message]) -> None:
    names = {one for one in facts._TOKENS[kind].split() if one != "-"}
    assert names <= {one.encode_name for one in msgspec.structs.fields(kind)}
