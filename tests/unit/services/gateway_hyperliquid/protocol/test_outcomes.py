"""Answers of the exchange endpoint, over both transports, and what they prove."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.gateway_hyperliquid.protocol.outcomes import outcome
from tandem.domain.execution import OutcomeKind, ReportSource
from tandem.domain.ids import ClientOrderId, Exc, Ticker
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderStatus, OrderType, PriceMatch, RejectReason, TimeInForce
from tandem.gateway.port.requests import CancelOne, OrderRequest, Outcome, PlaceOrder
from tandem.messages.reports import OrderReport
from tandem.transport.exchange import RawAnswer, Transport

DATA = Path(__file__).parents[4] / "data" / "hyperliquid"
ANSWERS: dict[str, Any] = json.loads((DATA / "answers.json").read_bytes())
EXC = Exc("hyperliquid")
CLOID = ClientOrderId("0x0000000000000000000000000000beef")
ETH = Instrument(
    exc=EXC,
    ticker=Ticker("ETH"),
    symbol="ETH",
    base_asset="ETH",
    quote_asset="USDC",
    tick=Decimal("0.01"),
    lot=Decimal("0.0001"),
    min_qty=Decimal("0.0001"),
    min_notional=Decimal(10),
    venue_asset_id=1,
)
CANCEL = CancelOne(instrument=ETH, client_order_id=CLOID)


def order(tif: TimeInForce = TimeInForce.IOC, amount: str = "-0.02") -> PlaceOrder:
    return PlaceOrder(
        instrument=ETH,
        client_order_id=CLOID,
        amount=Decimal(amount),
        order_type=OrderType.LIMIT,
        price=Decimal("1890.00"),
        time_in_force=tif,
    )


def over_http(name: str, status: int = 200) -> RawAnswer:
    return RawAnswer(Transport.HTTP, status, json.dumps(ANSWERS[name]).encode(), 5)


def over_socket(response: object) -> RawAnswer:
    frame = {"channel": "post", "data": {"id": 7, "response": response}}
    return RawAnswer(Transport.WEBSOCKET, 200, json.dumps(frame).encode(), 5)


def judged(name: str, request: OrderRequest | None = None) -> Outcome:
    return outcome(request or order(), over_http(name), EXC)


def only_report(result: Outcome) -> OrderReport:
    (report,) = result.facts
    assert isinstance(report, OrderReport)
    return report


def test_a_resting_order_is_new() -> None:
    result = judged("resting", order(TimeInForce.GTC))

    report = only_report(result)
    assert result.kind is OutcomeKind.ACCEPTED
    assert (report.order_status, report.cum_qty) == (OrderStatus.NEW, None)
    assert (report.venue_order_id, report.client_order_id) == ("77738308", CLOID)
    assert (report.source, report.ts_event_ns) == (ReportSource.ACK, 5)
    assert (report.amount, report.price) == (Decimal("-0.02"), Decimal(1890))


def test_a_price_that_was_taken_from_the_book_is_flagged() -> None:
    asked = replace(order(TimeInForce.GTC), price_match=PriceMatch.QUEUE_5)
    for name in ("resting", "filled"):
        assert only_report(judged(name, asked)).emulated
        assert not only_report(judged(name, order(TimeInForce.GTC))).emulated


def test_a_whole_fill_is_proven() -> None:
    report = only_report(judged("filled"))

    assert (report.order_status, report.cum_qty) == (OrderStatus.FILLED, Decimal("0.02"))
    assert report.avg_px == Decimal("1891.4")


def test_a_part_filled_ioc_has_ended() -> None:
    report = only_report(judged("filled", order(amount="0.05")))

    assert (report.order_status, report.cum_qty) == (OrderStatus.EXPIRED, Decimal("0.02"))


def test_a_part_filled_order_that_may_rest_is_partial() -> None:
    report = only_report(judged("filled", order(TimeInForce.GTC, "0.05")))

    assert report.order_status is OrderStatus.PARTIAL


def test_both_transports_say_the_same() -> None:
    response = {"type": "action", "payload": ANSWERS["filled"]}

    assert outcome(order(), over_socket(response), EXC) == judged("filled")


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("post_only", OutcomeKind.REJECTED, RejectReason.POST_ONLY),
        ("no_wallet", OutcomeKind.REJECTED, RejectReason.AUTH),
        ("cloid_in_use", OutcomeKind.UNKNOWN, RejectReason.OTHER),
        ("duplicate_nonce", OutcomeKind.UNKNOWN, RejectReason.OTHER),
        ("expired", OutcomeKind.NOT_EXECUTED, RejectReason.CLOCK),
        ("budget", OutcomeKind.NOT_EXECUTED, RejectReason.RATE_LIMIT),
        ("nothing", OutcomeKind.UNKNOWN, None),
        ("two", OutcomeKind.UNKNOWN, None),
        ("default", OutcomeKind.UNKNOWN, None),
    ],
)
def test_refusals_and_doubts(name: str, kind: OutcomeKind, reason: RejectReason | None) -> None:
    result = judged(name)

    assert (result.kind, result.reason, result.facts) == (kind, reason, ())


def test_a_child_that_waits_is_accepted_without_an_id() -> None:
    result = judged("waiting")

    assert (result.kind, result.facts) == (OutcomeKind.ACCEPTED, ())


def test_an_empty_budget_says_when_to_come_back() -> None:
    assert judged("budget").retry_after_ms == 10_000


def test_429_says_when_to_come_back() -> None:
    result = outcome(order(), RawAnswer(Transport.HTTP, 429, b"null", 5), EXC)

    assert (result.kind, result.retry_after_ms) == (OutcomeKind.NOT_EXECUTED, 1_000)


def test_a_server_error_proves_nothing() -> None:
    result = outcome(order(), RawAnswer(Transport.HTTP, 502, b"<html>", 5), EXC)

    assert result.kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize("body", [b"", b"null", b"<html>", b'{"status":"ok"}', b"\xff"])
def test_an_unreadable_answer_proves_nothing(body: bytes) -> None:
    for transport in Transport:
        result = outcome(order(), RawAnswer(transport, 200, body, 5), EXC)

        assert result.kind is OutcomeKind.UNKNOWN


def test_a_post_error_mirrors_http() -> None:
    result = outcome(order(), over_socket({"type": "error", "payload": "429 too many"}), EXC)

    assert result.kind is OutcomeKind.NOT_EXECUTED


def test_too_many_posts_in_flight_were_not_executed() -> None:
    body = b'{"channel":"error","data":"too many pending post requests id=7"}'

    result = outcome(order(), RawAnswer(Transport.WEBSOCKET, 200, body, 5), EXC)

    assert (result.kind, result.reason) == (OutcomeKind.NOT_EXECUTED, RejectReason.RATE_LIMIT)


def test_a_cancel_is_accepted_and_says_nothing_of_the_order() -> None:
    result = judged("cancelled", CANCEL)

    assert (result.kind, result.facts) == (OutcomeKind.ACCEPTED, ())


def test_a_cancel_of_a_gone_order_must_be_asked_about() -> None:
    result = judged("gone", CANCEL)

    assert (result.kind, result.must_ask) == (OutcomeKind.REJECTED, True)


def test_a_refused_cancel_is_not_asked_about() -> None:
    result = judged("cancel_refused", CANCEL)

    assert (result.kind, result.must_ask) == (OutcomeKind.REJECTED, False)


@pytest.mark.parametrize("name", ["resting", "waiting"])
def test_a_cancel_answered_as_an_order_proves_nothing(name: str) -> None:
    assert judged(name, CANCEL).kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (
            {
                "status": "ok",
                "response": {"type": "order", "data": {"statuses": [{"error": "Not today."}]}},
            },
            OutcomeKind.REJECTED,
        ),
        ({"status": "err", "response": "Not today."}, OutcomeKind.REJECTED),
        ({"status": "ok", "response": "Not today."}, OutcomeKind.UNKNOWN),
    ],
)
def test_c3_an_error_that_nobody_listed_is_refused_in_the_venues_words(
    payload: object, kind: OutcomeKind
) -> None:
    result = outcome(order(), over_socket({"type": "action", "payload": payload}), EXC)

    assert (result.kind, result.text) == (kind, "Not today.")


def test_d10_a_request_that_was_not_understood_is_refused() -> None:
    text = 'Error parsing JSON into valid websocket request: {"method":"post","id":77}'
    frame = json.dumps({"channel": "error", "data": text}).encode()

    result = outcome(order(), RawAnswer(Transport.WEBSOCKET, 200, frame, 5), EXC)

    assert (result.kind, result.reason) == (OutcomeKind.REJECTED, RejectReason.INVALID)
    assert result.text == "Error parsing JSON into valid websocket request"


def test_c8_a_part_filled_ioc_says_why_it_ended() -> None:
    report = only_report(judged("filled", order(amount="0.05")))

    assert (report.reason, report.text) == (RejectReason.NO_MATCH, "remainder of an IOC order")
