import pytest

from services.paper_binance.stream.requests import (
    INVALID_REQUEST,
    ControlMethod,
    ControlRefusal,
    ControlRequest,
    MalformedError,
    decode_control_request,
)


@pytest.mark.parametrize("sent_id", [b"7", b'"a-b"', b"null"])
def test_id_is_kept_as_sent(sent_id: bytes) -> None:
    request = decode_control_request(b'{"method":"SUBSCRIBE","params":["a"],"id":' + sent_id + b"}")

    assert isinstance(request, ControlRequest)
    assert (request.method, bytes(request.id)) == (ControlMethod.SUBSCRIBE, sent_id)


def test_names_leave_out_what_is_no_text() -> None:
    request = decode_control_request(b'{"method":"SET_PROPERTY","params":["combined",true]}')

    assert isinstance(request, ControlRequest)
    assert request.names() == ["combined"]


def test_unknown_method_is_refused() -> None:
    refusal = decode_control_request(b'{"method":"SHOUT"}')

    assert isinstance(refusal, ControlRefusal)
    assert refusal.code == INVALID_REQUEST


def test_text_that_is_no_json_is_malformed() -> None:
    with pytest.raises(MalformedError, match="Invalid JSON"):
        decode_control_request(b"{")
