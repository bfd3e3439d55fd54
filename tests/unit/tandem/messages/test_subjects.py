"""Subjects are identities: encoded so that nothing from outside adds a token or collides."""

from decimal import Decimal

import pytest

from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, HedgeId, Pool, Ticker, Token, VenueOrderId
from tandem.domain.order import OrderStatus
from tandem.messages import subjects
from tandem.messages.reports import OrderReport

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


@pytest.mark.parametrize(
    ("value", "text"),
    [("1.10", "1p1"), ("-0.5", "m0p5"), ("1E+3", "1000"), ("0.00", "0"), ("-0", "0"), (None, "x")],
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
        subjects.new_order(Exc("b.1"), cloid),
        subjects.cancel_order(Exc("b.1"), cloid, call),
        subjects.cancel_by_oid(Exc("b.1"), "7", call),
        subjects.cancel_all(Exc("b.1"), call),
    ):
        assert subject.startswith(prefix)


def test_each_ordinal_of_a_bucket_is_one_slot() -> None:
    bucket = (Exc("h"), Ticker("xyz:TSLA"), Pool("p"))
    assert subjects.decision(bucket, 0, 1) == "oms.hedge.decision.h.xyz%3ATSLA.p.0.1"
    assert subjects.decision(bucket, 0, 1) != subjects.decision(bucket, 1, 1)


def test_fills_are_scoped_by_account_and_ticker() -> None:
    one = subjects.fill_report(Exc("b"), Ticker("A"), ExecId("1"))
    assert one != subjects.fill_report(Exc("b"), Ticker("B"), ExecId("1"))
    assert subjects.hedge_intent(HedgeId("a.b")) == "oms.intent.hedge.a%2Eb"


def test_one_kind_of_report_of_one_account_is_a_filter() -> None:
    assert subjects.reports_kind_of(Exc("a.b"), "fill") == "oms.venue.a%2Eb.fill.>"
