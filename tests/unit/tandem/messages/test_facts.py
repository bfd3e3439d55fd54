"""Each fact under its own subject, spelled out; tests/property/test_facts.py tries the rest."""

from decimal import Decimal
from typing import get_args

import msgspec
import pytest

from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import ClientOrderId, Exc, Strategy, Ticker
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderType
from tandem.domain.units import NS_PER_MINUTE
from tandem.messages import codec, facts, subjects
from tandem.messages.deltas import PositionDelta, PositionView
from tandem.messages.hedges import Alarm, Epoch
from tandem.messages.intents import NewOrder
from tandem.messages.message import Message
from tandem.messages.reports import IntentRefused, LinkReport, LinkState, MarkReport, SpecsReport

EXC, SOL = Exc("v"), Ticker("SOL")
INSTRUMENT = Instrument(
    exc=EXC,
    ticker=SOL,
    symbol="SOL",
    base_asset="SOL",
    quote_asset="USD",
    tick=Decimal("0.01"),
    lot=Decimal("0.1"),
    min_qty=Decimal("0.1"),
    min_notional=Decimal(10),
)
MARK = MarkReport(exc=EXC, ticker=SOL, mid=Decimal(1), ts_event_ns=77 * NS_PER_MINUTE + 1)


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


def test_a_table_of_another_version_is_named_by_the_bytes_that_it_wrote() -> None:
    table = SpecsReport(exc=EXC, instruments=(INSTRUMENT,), previous="")
    subject, payload = facts.written(table)
    later = payload.replace(b'"ticker":', b'"from_next":[{}],"ticker":').replace(b'"v":1', b'"v":2')
    more = later.replace(b'"previous":', b'"also":"new in this version","previous":')
    rows = later[later.index(b"[{") : later.rindex(b"]") + 1]
    named = subjects.specs_report(EXC, b"\0" + rows)

    assert facts.read_fact(subject, payload.replace(b'"v":1', b'"v":2')) != table
    for told in (later, more):
        read = facts.read_fact(named, told)
        assert isinstance(read, SpecsReport)
        assert read.instruments == table.instruments
        with pytest.raises(MalformedMessageError):
            facts.read_fact(subject, told)


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


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b'{"type":"specs_report","exc":"v","instruments":[]',
        b'{"type":"specs_report","exc":"v","instruments":[],"instruments":1}',
        b'{"type":"specs_report","exc":"v","previous":"","instruments":[],"instruments":[]}',
        b'{"type":"mark_report","exc":"v","ticker":"b","mid":"'
        + b"9" * 100_000
        + b'","ts_venue":1}',
        b'{"type":"mark_report","exc":"v","ticker":"b","mid":"sNaN","ts_venue":-'
        + b"9" * 19
        + b"}",
    ],
    ids=["nothing", "cut off", "no table", "two tables", "digits without end", "no number"],
)
def test_e8_garbage_at_the_door_is_malformed_and_nothing_else(payload: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        facts.read_fact("oms.venue.v.specs.x", payload)
