from collections.abc import Callable

import pytest

from services.gateway_binance.protocol.wire import decode_rows, order_row, time_row
from tandem.gateway.port.requests import VenueQueryError
from tandem.transport.exchange import RawAnswer, Transport

Payload = Callable[[str], bytes]


def _answer(body: bytes, status: int = 200) -> RawAnswer:
    return RawAnswer(Transport.HTTP, status, body, 5)


def test_order_ids_past_the_range_of_floats_are_lossless(payload: Payload) -> None:
    row = decode_rows(order_row, _answer(payload("order_ack_slim")))
    assert row.order_id == 9000000000000000123


def test_fields_the_venue_adds_or_drops_are_tolerated() -> None:
    body = b'{"orderId":1,"symbol":"X","status":"NEW","updateTime":2,"addedIn2027":{"a":[1]}}'
    assert decode_rows(order_row, _answer(body)).avg_price is None


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"serverTime":"late"}'])
def test_unreadable_success_raises(body: bytes) -> None:
    with pytest.raises(VenueQueryError, match="HTTP 200 with an unreadable body"):
        decode_rows(time_row, _answer(body))


def test_throttled_question_says_when_to_ask_again() -> None:
    with pytest.raises(VenueQueryError, match="HTTP 429 -1003 Too many") as refused:
        decode_rows(time_row, _answer(b'{"code":-1003,"msg":"Too many requests"}', 429))
    assert refused.value.retry_after_ms == 1_000
