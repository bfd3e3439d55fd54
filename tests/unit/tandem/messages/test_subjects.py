"""Subjects are identities: encoded so that nothing from outside adds a token or collides."""

from decimal import Decimal

import msgspec
import pytest

from tandem.domain.execution import ReportSource
from tandem.domain.ids import (
    ClientOrderId,
    Exc,
    ExecId,
    HedgeId,
    Pool,
    Strategy,
    Ticker,
    Token,
    VenueOrderId,
)
from tandem.domain.order import OrderStatus
from tandem.messages import subjects
from tandem.messages.deltas import Delta
from tandem.messages.reports import OrderReport, PositionReport

HOSTILE = [
    "a.b",
    "*",
    ">",
    "a b",
    "xyz:TSLA",
    "@107",
    "PURR/USDC",
    "测试USDT",
    "%2E",
    "",
    "-",
    "\r\n",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_token_is_one_token(text: str) -> None:
    encoded = subjects.token(text)
    assert encoded
    assert not set(encoded) & set(". *>\r\n\t")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_token_can_be_read_back(text: str) -> None:
    assert subjects.untoken(subjects.token(text)) == text


@pytest.mark.parametrize("text", ["x" * 5_000, "%" * 134, "测" * 45, "\ud800" * 200])
def test_e9_a_long_text_is_a_short_token_that_no_text_spells(text: str) -> None:
    encoded = subjects.token(text)
    assert len(encoded) <= subjects.MAX_TOKEN
    assert encoded == subjects.token(text) != subjects.token(text + "x")
    assert subjects.token(encoded) != encoded
    assert not set(encoded) & set(". *>\r\n\t")


def test_e9_no_subject_is_longer_than_the_server_takes() -> None:
    long = "测." * 2_000
    exc, ticker, pool, call = Exc(long), Ticker(long), Pool(long), Token(long)
    cancel = subjects.cancel_order(exc, Strategy(long), ClientOrderId(long), call)
    built = (
        cancel,
        subjects.decision((exc, ticker, pool), 2**62, 2**62),
        subjects.intent_refused(exc, cancel),
        subjects.alarm(long, long),
        subjects.bucket_delta((exc, ticker, pool), Delta(epoch=2**62, seq=2**62, index=2**62)),
    )
    assert max(map(len, built)) <= subjects.MAX_SUBJECT


def test_a_cancel_of_an_id_that_spells_like_another_cancel_is_told_from_it() -> None:
    exc, strategy, call = Exc("e"), Strategy("s"), Token("t")
    spelled = {
        subjects.cancel_all(exc, strategy, call),
        subjects.cancel_order(exc, strategy, ClientOrderId("all"), call),
        subjects.cancel_by_oid(exc, strategy, "7", call),
        subjects.cancel_order(exc, strategy, ClientOrderId("oid:7"), call),
    }
    assert len(spelled) == 4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.10", "1p1"),
        ("-0.5", "m0p5"),
        ("1E+3", "1000"),
        ("1.50E-7", "0p00000015"),
        ("0.00", "0"),
        ("-0", "0"),
        ("-0E+3", "0"),
        ("1234567890123456789012345678901.10", "1234567890123456789012345678901p1"),
        (None, "x"),
    ],
)
def test_decimals_are_canonical(value: str | None, text: str) -> None:
    assert subjects.decimal_token(None if value is None else Decimal(value)) == text


def _report(cum: str, source: ReportSource = ReportSource.EVENT) -> OrderReport:
    return OrderReport(
        exc=Exc("b"),
        ticker=Ticker("SOLUSDT"),
        order_status=OrderStatus.NEW,
        source=source,
        ts_event_ns=5,
        venue_order_id=VenueOrderId("7"),
        cum_qty=Decimal(cum),
    )


def test_a_report_told_twice_has_one_identity() -> None:
    assert subjects.order_report(_report("1.0")) == subjects.order_report(_report("1.00"))
    assert subjects.order_report(_report("1")) != subjects.order_report(_report("2"))


def test_a_refusal_without_oid_goes_by_its_client_id() -> None:
    refused = OrderReport(
        exc=Exc("b"),
        ticker=Ticker("T"),
        order_status=OrderStatus.REJECTED,
        source=ReportSource.LOCAL,
        ts_event_ns=5,
        client_order_id=ClientOrderId("0xab"),
    )
    assert subjects.order_report(refused) == "oms.venue.b.order.T.0xab.REJECTED.x.5.local"


def test_the_intents_of_one_account_share_a_filter() -> None:
    prefix = subjects.intents_of(Exc("b.1")).removesuffix(">")
    call, cloid = Token("t"), ClientOrderId("0xab")
    for subject in (
        subjects.new_order(Exc("b.1"), STRATEGY, cloid),
        subjects.cancel_order(Exc("b.1"), STRATEGY, cloid, call),
        subjects.cancel_by_oid(Exc("b.1"), STRATEGY, "7", call),
        subjects.cancel_all(Exc("b.1"), STRATEGY, call),
    ):
        assert subject.startswith(prefix)


def test_each_ordinal_of_a_bucket_is_one_slot() -> None:
    bucket = (Exc("h"), Ticker("xyz:TSLA"), Pool("p"))
    assert subjects.decision(bucket, 0, 1) == "oms.hedge.decision.h.xyz%3ATSLA.p.0.1"
    assert subjects.decision(bucket, 0, 1) != subjects.decision(bucket, 1, 1)


def test_fills_are_scoped_by_account_and_ticker() -> None:
    one = subjects.fill_report(Exc("b"), Ticker("A"), ExecId("1"))
    assert one != subjects.fill_report(Exc("b"), Ticker("B"), ExecId("1"))
    assert subjects.hedge_intent(STRATEGY, HedgeId("a.b")) == "oms.intent.hedge.s%2E1.a%2Eb"


def test_one_kind_of_report_of_one_account_is_a_filter() -> None:
    assert subjects.reports_kind_of(Exc("a.b"), "fill") == "oms.venue.a%2Eb.fill.>"


STRATEGY = Strategy("s.1")
A = Exc("acc.1")
INTENTS = "oms.intent.acc%2E1"
BTC = Ticker("xyz:BTC")
CALL = Token("t1")
BUCKET = (A, BTC, Pool("p"))
DELTA = Delta(epoch=0, seq=7, index=1)


@pytest.mark.parametrize(
    ("subject", "spelled"),
    [
        (subjects.hedge_intent(STRATEGY, HedgeId("h")), "oms.intent.hedge.s%2E1.h"),
        (subjects.new_order(A, STRATEGY, ClientOrderId("c")), "oms.intent.acc%2E1.s%2E1.c.new"),
        (
            subjects.cancel_order(A, STRATEGY, ClientOrderId("c"), CALL),
            "oms.intent.acc%2E1.s%2E1.c.cancel.t1",
        ),
        (
            subjects.cancel_by_oid(A, STRATEGY, "5", CALL),
            "oms.intent.acc%2E1.s%2E1.oid%3A5.cancel.t1",
        ),
        (subjects.cancel_all(A, STRATEGY, CALL), "oms.intent.acc%2E1.s%2E1.all.cancel.t1"),
        (subjects.intents_of(A), "oms.intent.acc%2E1.>"),
        (subjects.fill_cost(A, BTC, ExecId("e")), "oms.venue.acc%2E1.fillcost.xyz%3ABTC.e"),
        (subjects.mark_report(A, BTC, 9), "oms.venue.acc%2E1.mark.xyz%3ABTC.9"),
        (subjects.link_report(A, "r", 2), "oms.venue.acc%2E1.link.r.2"),
        (subjects.intent_refused(A, "oms.x"), "oms.venue.acc%2E1.refused.oms%2Ex"),
        (subjects.reports_of(A), "oms.venue.acc%2E1.>"),
        (subjects.reports_kind("fill"), "oms.venue.*.fill.>"),
        (subjects.decision(BUCKET, 1, 2), "oms.hedge.decision.acc%2E1.xyz%3ABTC.p.1.2"),
        (subjects.decisions_of(A), "oms.hedge.decision.acc%2E1.>"),
        (subjects.hedge_refused(HedgeId("h")), "oms.hedge.refused.h"),
        (subjects.timer("k", 3), "oms.hedge.timer.k.3"),
        (subjects.stop_hedge(STRATEGY, CALL), "oms.control.stop.s%2E1.t1"),
        (subjects.halt(CALL), "oms.control.halt.t1"),
        (subjects.resume(CALL), "oms.control.resume.t1"),
        (subjects.rules(3), "oms.control.rules.3"),
        (subjects.epoch(4), "oms.control.epoch.4"),
        (subjects.alarm("s", "k"), "oms.control.alarm.s.k"),
        (subjects.order_delta(A, "c", DELTA), "orders.acc%2E1.c.0.7.1"),
        (subjects.position_delta(A, BTC, DELTA), "positions.acc%2E1.xyz%3ABTC.0.7.1"),
        (subjects.fill_delta(A, "e", DELTA), "fills.acc%2E1.e.0.7.1"),
        (subjects.hedge_delta(HedgeId("h"), DELTA), "hedges.h.0.7.1"),
        (subjects.bucket_delta(BUCKET, DELTA), "hedges.bucket.acc%2E1.xyz%3ABTC.p.0.7.1"),
        (subjects.deltas_of("orders"), "orders.>"),
        (subjects.deltas_of("orders", A), "orders.acc%2E1.>"),
        (subjects.snapshot("f", "r"), "snap.f.r"),
        (subjects.snapshot_part("f", "r", "s", 1), "snap.f.r.s.1"),
        (subjects.mark(A, BTC), "marks.acc%2E1.xyz%3ABTC"),
        (subjects.venue_ask(A), "tandem.ask.acc%2E1"),
    ],
)
def test_subjects_are_spelled_as_the_contract_says(subject: str, spelled: str) -> None:
    assert subject == spelled


def test_instrument_table_goes_by_its_content() -> None:
    assert subjects.specs_report(A, b"a") == subjects.specs_report(A, b"a")
    assert subjects.specs_report(A, b"a") != subjects.specs_report(A, b"b")


def test_position_goes_by_time_and_numbers() -> None:
    report = PositionReport(
        exc=A,
        ticker=BTC,
        amount=Decimal("-1.50"),
        entry=Decimal(100),
        source=ReportSource.EVENT,
        ts_event_ns=9,
    )
    spelled = "oms.venue.acc%2E1.position.xyz%3ABTC.BOTH.9.m1p5.100"
    assert subjects.position_report(report) == spelled
    whole = msgspec.structs.replace(report, inclusive=True)
    assert subjects.position_report(whole) == f"{spelled}.inclusive"


@pytest.mark.parametrize(
    ("former", "present"),
    [
        ("oms.venue.hl.fill.SOL.17701-55-10", "oms.venue.hl.fill.SOL.55-10"),
        ("oms.venue.hl.fillcost.SOL.17701-55-10", "oms.venue.hl.fillcost.SOL.55-10"),
        ("oms.venue.hl.fill.SOL.55-10", "oms.venue.hl.fill.SOL.55-10"),
        ("oms.venue.hl.specs.1-2-3", "oms.venue.hl.specs.1-2-3"),
        ("oms.venue.hl.other.SOL.1-2-3", "oms.venue.hl.other.SOL.1-2-3"),
    ],
)
def test_e10_fill_of_a_former_identity_goes_by_the_present_one(former: str, present: str) -> None:
    assert subjects.of_one_identity(former) == present
