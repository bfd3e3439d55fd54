import pytest

from services.gateway_binance.protocol.answers import refusal_of, retry_after_ms
from services.gateway_binance.protocol.errors import Answer
from tandem.transport.exchange import RawAnswer, Transport

RECV_NS = 1790000000200_000000


def _answer(body: bytes, status: int = 400, **headers: str) -> RawAnswer:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return RawAnswer(Transport.HTTP, status, body, RECV_NS, named)


def test_refusal_over_http_is_read() -> None:
    answer = _answer(b'{"code":-2019,"msg":"Margin is insufficient."}')
    assert refusal_of(answer) == Answer(status=400, code=-2019, text="Margin is insufficient.")


def test_refusal_in_a_frame_is_read() -> None:
    frame = b'{"id":1,"status":400,"error":{"code":-2011,"msg":"Unknown order sent."}}'
    answer = RawAnswer(Transport.WEBSOCKET, 400, frame, RECV_NS)
    assert refusal_of(answer) == Answer(status=400, code=-2011, text="Unknown order sent.")


def test_page_of_a_proxy_is_a_text_without_code() -> None:
    answer = _answer(b"<html>Bad Gateway</html>\n", 502)
    assert refusal_of(answer) == Answer(status=502, code=None, text="<html>Bad Gateway</html>")


@pytest.mark.parametrize("transport", list(Transport))
def test_bytes_that_are_no_text_are_survived(transport: Transport) -> None:
    refusal = refusal_of(RawAnswer(transport, 500, b"\xff\xfe", RECV_NS))
    assert (refusal.status, refusal.code) == (500, None)


def test_refusal_that_is_no_throttle_waits_for_nothing() -> None:
    assert retry_after_ms(Answer(status=400, code=-2019), _answer(b"")) == 0


@pytest.mark.parametrize(
    ("header", "wait_ms"), [("7", 7_000), ("0", 1_000), ("soon", 1_000), ("", 1_000)]
)
def test_throttle_waits_at_least_a_second(header: str, wait_ms: int) -> None:
    answer = _answer(b"", 429, retry_after=header)
    assert retry_after_ms(Answer(status=429), answer) == wait_ms


def test_ban_waits_until_its_end_and_never_less_than_a_second() -> None:
    coming = Answer(status=418, code=-1003, text="IP banned until 1790000120200.")
    past = Answer(status=418, code=-1003, text="IP banned until 1780000000000.")
    assert retry_after_ms(coming, _answer(b"", 418)) == 120_000
    assert retry_after_ms(past, _answer(b"", 418)) == 1_000
