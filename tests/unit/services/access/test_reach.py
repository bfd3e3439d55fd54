"""What a strategy may read and ask, and what not."""

from typing import Any

import pytest
from msgspec import structs

from services.access.reach import (
    MOST_ASKED_BYTES,
    asks_venue,
    refused_filters,
    refused_place,
    refused_question,
)
from services.order_state.fold import OrderFold
from tandem.domain.ids import Exc
from tandem.messages import codec, facts, subjects
from tandem.messages.access import AskDesk, ReadableStream, ReadingPlace
from tandem.messages.hedges import Alarm, Epoch
from tandem.messages.queries import AskKind, PageRequest, VenueAsk
from tandem.runtime.fold.port import LogEvent, Publish
from tests.unit.services.access.asking import ALPHA, BETA, order

OMS = ReadableStream.OMS
LONG = ("x" * 2_001,)
PAGE = codec.encode(PageRequest())


@pytest.mark.parametrize(
    "subject",
    [
        subjects.reports_kind("specs"),
        subjects.ALL_EPOCHS,
        subjects.intents_by(ALPHA),
        "oms.intent.binance.alpha.c.new",
        subjects.stops_by(ALPHA),
    ],
)
def test_what_concerns_it_is_readable(subject: str) -> None:
    assert refused_filters(ALPHA, OMS, (subject,)) is None


@pytest.mark.parametrize(
    "subject",
    [
        subjects.ALL_FACTS,
        subjects.ALL_INTENTS,
        subjects.intents_by(BETA),
        "oms.intent.binance.*.c.new",
        "oms.intent.>",
        "oms.control.stop.*.t",
        subjects.stops_by(BETA),
        subjects.reports_kind("fill"),
        ">",
    ],
)
def test_what_is_another_s_is_not(subject: str) -> None:
    refused = refused_filters(ALPHA, OMS, (subject,))
    assert refused is not None
    assert (refused.field, refused.value) == ("filters", subject)


@pytest.mark.parametrize("subject", ["", "a..b", ".", "a b", "a\n", "ä", "a\0", "a.>.b", *LONG])
def test_what_is_no_subject_is_refused_on_any_stream(subject: str) -> None:
    assert refused_filters(ALPHA, ReadableStream.DELTAS, (subject,)) is not None


def test_deltas_and_marks_are_everybody_s() -> None:
    assert refused_filters(ALPHA, ReadableStream.DELTAS, subjects.ALL_DELTAS) is None
    assert refused_filters(ALPHA, ReadableStream.MARKS, (subjects.ALL_MARKS,)) is None
    assert refused_filters(ALPHA, ReadableStream.MARKS, ()) is not None
    assert refused_filters(ALPHA, ReadableStream.MARKS, ("a",) * 9) is not None


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("a.b", "a.b", True),
        ("a.*", "a.b", True),
        ("a.>", "a.b.c", True),
        (">", "a", True),
        ("*.b", "a.*", True),
        ("a.b", "a.c", False),
        ("a.*", "b.*", False),
        ("a.b", "a.b.c", False),
        ("a.>", "a", False),
    ],
)
def test_filters_that_the_server_would_not_read_by_are_refused(
    one: str, other: str, overlap: bool
) -> None:
    refused = refused_filters(ALPHA, ReadableStream.DELTAS, (one, other))
    assert (refused is not None) == overlap


@pytest.mark.parametrize(
    "wrong",
    [{"seq": -1}, {"seq": 2**63}, {"created_ns": -1}, {"ts_ns": 10**40}, {"subject": "x" * 2_001}],
)
def test_a_place_that_no_stream_has_is_refused(wrong: dict[str, Any]) -> None:
    place = ReadingPlace(created_ns=1, seq=1, subject="a", ts_ns=1)
    assert refused_place(place) is None
    refused = refused_place(structs.replace(place, **wrong))
    assert refused is not None
    assert refused.field == f"place.{next(iter(wrong))}"


def test_e9_what_another_strategy_names_is_a_place_to_go_on_from() -> None:
    """Each reader of deltas passes it: a place that was refused would end everybody's reading."""
    long = "." * 120
    subject, payload = order(BETA, long, Exc(long))
    fold = OrderFold()
    event = LogEvent(1, 1, subject, facts.read_fact(subject, payload), 0)
    told = [one.subject for one in fold.apply(fold.initial(), event) if isinstance(one, Publish)]

    assert [len(one) > 700 for one in told] == [True]
    place = ReadingPlace(created_ns=1, seq=1, subject=told[0], ts_ns=1)
    assert refused_place(place) is None
    assert refused_filters(ALPHA, ReadableStream.DELTAS, (told[0],)) is None


def test_questions_are_those_that_somebody_answers() -> None:
    venue = subjects.venue_ask(Exc("binance"))
    ask = codec.encode(VenueAsk(kind=AskKind.BALANCE))
    epoch = codec.encode(Epoch(epoch=1))

    for subject, payload in (
        (subjects.ORDERS_PAGE, PAGE),
        (venue, ask),
        (subjects.BEGIN_EPOCH, epoch),
    ):
        asked = AskDesk(subject=subject, payload=payload, timeout_ms=1)
        assert refused_question(asked) is None
        assert asks_venue(asked) == (subject == venue)


@pytest.mark.parametrize(
    ("subject", "payload"),
    [
        ("tandem.presence.hedger", PAGE),
        ("oms.control.halt.t", PAGE),
        ("tandem.ask.*", PAGE),
        ("tandem.ask.a.b", PAGE),
        ("tandem.ask.>", PAGE),
        ("tandem.ask.", PAGE),
        ("tandem.page.*", PAGE),
        (subjects.ORDERS_PAGE, b"{"),
        (subjects.ORDERS_PAGE, b"x" * (MOST_ASKED_BYTES + 1)),
        (subjects.BEGIN_EPOCH, PAGE),
        (subjects.BEGIN_EPOCH, codec.encode(Alarm(source="s", key="k", text="t"))),
    ],
)
def test_other_questions_are_refused(subject: str, payload: bytes) -> None:
    assert refused_question(AskDesk(subject=subject, payload=payload, timeout_ms=1)) is not None
