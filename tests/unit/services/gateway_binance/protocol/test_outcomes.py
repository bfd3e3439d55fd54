import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from services.gateway_binance.protocol.outcomes import decode_outcome
from tandem.domain.execution import OutcomeKind, ReportSource
from tandem.domain.ids import ClientOrderId, Exc
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderStatus, OrderType, RejectReason, TimeInForce
from tandem.gateway.port.requests import CancelOne, OrderRequest, Outcome, PlaceOrder
from tandem.messages.reports import OrderReport
from tandem.transport.exchange import RawAnswer, Transport

Payload = Callable[[str], bytes]
RECV_NS = 1790000000200_000000


@pytest.fixture
def place(btc: Instrument) -> PlaceOrder:
    return PlaceOrder(
        instrument=btc,
        client_order_id=ClientOrderId("oms-01J9Z-7"),
        amount=Decimal("0.01"),
        order_type=OrderType.LIMIT,
        price=Decimal(64000),
        time_in_force=TimeInForce.GTC,
    )


@pytest.fixture
def cancel(btc: Instrument) -> CancelOne:
    return CancelOne(instrument=btc, client_order_id=ClientOrderId("oms-01J9Z-7"))


def _outcome(request: OrderRequest, answer: RawAnswer) -> Outcome:
    return decode_outcome(Exc("binance"), request, answer)


def _http(status: int, body: bytes, **headers: str) -> RawAnswer:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return RawAnswer(Transport.HTTP, status, body, RECV_NS, named)


def _refusal(code: int, text: str = "") -> bytes:
    return json.dumps({"code": code, "msg": text}).encode()


def _report(outcome: Outcome) -> OrderReport:
    (fact,) = outcome.facts
    assert isinstance(fact, OrderReport)
    return fact


@pytest.mark.parametrize(
    ("transport", "name"),
    [(Transport.HTTP, "order_ack_slim"), (Transport.WEBSOCKET, "ws_place_accepted")],
)
def test_acknowledgement_is_accepted_on_either_transport(
    place: PlaceOrder, payload: Payload, transport: Transport, name: str
) -> None:
    outcome = _outcome(place, RawAnswer(transport, 200, payload(name), RECV_NS))
    report = _report(outcome)
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert (report.order_status, report.source) == (OrderStatus.NEW, ReportSource.ACK)
    assert (report.venue_order_id, report.ts_recv_ns) == ("9000000000000000123", RECV_NS)


def test_cancel_acknowledgement_reports_the_end_with_what_filled(
    cancel: CancelOne, payload: Payload
) -> None:
    report = _report(_outcome(cancel, _http(200, payload("order_cancel_ack"))))
    assert (report.order_status, report.cum_qty) == (OrderStatus.CANCELLED, Decimal("0.004"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff",
        b'{"orderId":1}',
        b'{"orderId":1,"symbol":"X","status":"ODD","updateTime":1}',
    ],
)
def test_success_with_an_unreadable_body_is_unknown(place: PlaceOrder, body: bytes) -> None:
    outcome = _outcome(place, _http(200, body))
    assert outcome.kind is OutcomeKind.UNKNOWN
    assert outcome.text.startswith("unreadable acknowledgement")


def test_refusal_is_rejected_with_code_and_text(place: PlaceOrder) -> None:
    outcome = _outcome(place, _http(400, _refusal(-2019, "Margin is insufficient.")))
    assert (outcome.kind, outcome.reason) == (OutcomeKind.REJECTED, RejectReason.MARGIN)
    assert outcome.text == "HTTP 400 -2019 Margin is insufficient."


def test_refusal_on_the_websocket_is_judged_alike(place: PlaceOrder) -> None:
    body = b'{"id":1,"status":400,"error":{"code":-5022,"msg":"Post Only order will be rejected."}}'
    outcome = _outcome(place, RawAnswer(Transport.WEBSOCKET, 400, body, RECV_NS))
    assert (outcome.kind, outcome.reason) == (OutcomeKind.REJECTED, RejectReason.POST_ONLY)


@pytest.mark.parametrize("body", [b"", b"<html>Gateway Timeout</html>", b"\xff\xff"])
@pytest.mark.parametrize("transport", list(Transport))
def test_error_without_a_readable_body_is_unknown(
    place: PlaceOrder, transport: Transport, body: bytes
) -> None:
    outcome = _outcome(place, RawAnswer(transport, 504, body, RECV_NS))
    assert outcome.kind is OutcomeKind.UNKNOWN


def test_timeout_of_the_backend_is_unknown(place: PlaceOrder) -> None:
    assert _outcome(place, _http(408, _refusal(-1007))).kind is OutcomeKind.UNKNOWN


def test_duplicate_client_id_is_unknown_so_that_it_is_looked_up(place: PlaceOrder) -> None:
    assert _outcome(place, _http(400, _refusal(-4116))).kind is OutcomeKind.UNKNOWN


def test_throttle_waits_a_second_by_default(place: PlaceOrder) -> None:
    outcome = _outcome(place, _http(429, _refusal(-1015, "Too many new orders")))
    assert (outcome.kind, outcome.retry_after_ms) == (OutcomeKind.NOT_EXECUTED, 1_000)


def test_throttle_waits_as_long_as_the_venue_asks(place: PlaceOrder) -> None:
    outcome = _outcome(place, _http(429, _refusal(-1003), retry_after="7"))
    assert outcome.retry_after_ms == 7_000


def test_wait_that_is_no_number_is_passed_over(place: PlaceOrder) -> None:
    outcome = _outcome(place, _http(429, _refusal(-1003), retry_after="soon"))
    assert outcome.retry_after_ms == 1_000


def test_ban_waits_until_its_end(place: PlaceOrder) -> None:
    text = "Way too many requests; IP banned until 1790000120200."
    outcome = _outcome(place, _http(418, _refusal(-1003, text)))
    assert (outcome.reason, outcome.retry_after_ms) == (RejectReason.AUTH, 120_000)


@pytest.mark.parametrize("code", [-2011, -2013])
def test_cancel_of_an_order_not_open_must_ask(cancel: CancelOne, code: int) -> None:
    outcome = _outcome(cancel, _http(400, _refusal(code)))
    assert (outcome.kind, outcome.must_ask) == (OutcomeKind.REJECTED, True)
    assert outcome.facts == ()


def test_cancel_on_the_websocket_must_ask_too(cancel: CancelOne, payload: Payload) -> None:
    answer = RawAnswer(Transport.WEBSOCKET, 400, payload("ws_cancel_refused"), RECV_NS)
    assert _outcome(cancel, answer).must_ask


def test_refused_cancel_that_proves_nothing_is_unknown(cancel: CancelOne) -> None:
    outcome = _outcome(cancel, _http(503, _refusal(-1007)))
    assert (outcome.kind, outcome.must_ask) == (OutcomeKind.UNKNOWN, False)


def test_cancel_refused_for_its_form_is_rejected(cancel: CancelOne) -> None:
    outcome = _outcome(cancel, _http(400, _refusal(-1102)))
    assert (outcome.kind, outcome.must_ask) == (OutcomeKind.REJECTED, False)


@pytest.mark.parametrize("transport", list(Transport))
def test_c3_a_code_that_nobody_listed_is_refused_in_the_venues_words(
    place: PlaceOrder, transport: Transport
) -> None:
    refusal = b'{"code":-4998,"msg":"Not today."}'
    frame = b'{"id":1,"status":400,"error":' + refusal + b"}"
    body = refusal if transport is Transport.HTTP else frame

    outcome = _outcome(place, RawAnswer(transport, 400, body, RECV_NS))

    assert (outcome.kind, outcome.reason) == (OutcomeKind.REJECTED, RejectReason.OTHER)
    assert outcome.text == "HTTP 400 -4998 Not today."


def test_c3_a_code_without_words_is_still_a_refusal(place: PlaceOrder) -> None:
    outcome = _outcome(place, _http(400, b'{"code":-4998,"msg":null}'))

    assert (outcome.kind, outcome.text) == (OutcomeKind.REJECTED, "HTTP 400 -4998")


def test_c3_an_open_outcome_carries_the_words_too(place: PlaceOrder) -> None:
    outcome = _outcome(place, _http(408, _refusal(-1007, "Timeout waiting for the backend.")))

    assert outcome.kind is OutcomeKind.UNKNOWN
    assert outcome.text == "HTTP 408 -1007 Timeout waiting for the backend."
