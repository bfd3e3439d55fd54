from collections.abc import Callable
from decimal import Decimal

import pytest

from services.gateway_binance.protocol import stream_wire

Payload = Callable[[str], bytes]


def test_order_ids_past_the_range_of_floats_are_lossless(payload: Payload) -> None:
    event = stream_wire.decode_user_frame(payload("order_trade_update_partial"))
    assert isinstance(event, stream_wire.OrderTradeUpdate)
    assert event.order.order_id == 9000000000000000123
    assert event.order.last_px == Decimal("63999.50")


def test_wrapped_frame_reads_as_the_raw_one(payload: Payload) -> None:
    raw = payload("trade_lite")
    wrapped = b'{"stream":"some-listen-key","data":' + raw + b"}"
    assert stream_wire.decode_user_frame(wrapped) == stream_wire.decode_user_frame(raw)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("account_update_order", stream_wire.AccountUpdate),
        ("account_update_funding", stream_wire.AccountUpdate),
        ("listen_key_expired", stream_wire.ListenKeyExpired),
        ("margin_call", stream_wire.MarginCall),
        ("account_config_leverage", stream_wire.AccountConfigUpdate),
        ("account_config_multi_assets", stream_wire.AccountConfigUpdate),
        ("algo_update", stream_wire.AlgoUpdate),
    ],
)
def test_every_event_of_the_stream_is_known(payload: Payload, name: str, kind: type) -> None:
    assert isinstance(stream_wire.decode_user_frame(payload(name)), kind)


def test_unknown_event_is_named(payload: Payload) -> None:
    assert stream_wire.decode_user_frame(payload("strategy_update")) == stream_wire.UnknownEvent(
        "STRATEGY_UPDATE"
    )


def test_known_event_without_its_fields_is_broken_by_name() -> None:
    event = stream_wire.decode_user_frame(
        b'{"e":"ORDER_TRADE_UPDATE","E":1,"T":1,"o":{"s":"BTCUSDT"}}'
    )
    assert isinstance(event, stream_wire.BrokenFrame)
    assert event.name == "ORDER_TRADE_UPDATE"
    assert (event.fault.what, event.fault.field) == ("ORDER_TRADE_UPDATE", "o.S")
    assert "required field" in event.fault.rule


@pytest.mark.parametrize("frame", [b"", b"null", b"[]", b"nonsense", b"\xff\xfe", b'{"e":1}'])
def test_bytes_that_are_no_frame_are_broken(frame: bytes) -> None:
    event = stream_wire.decode_user_frame(frame)
    assert isinstance(event, stream_wire.BrokenFrame)
    assert event.name == "frame"


def test_subscription_is_confirmed() -> None:
    assert stream_wire.decode_user_frame(b'{"result":null,"id":7}') == stream_wire.ControlReply("7")


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (b'{"code":2,"msg":"Invalid request","id":"a"}', "2 Invalid request"),
        (b'{"error":{"code":2},"id":"a"}', '{"code":2}'),
    ],
)
def test_refused_subscription_says_why(frame: bytes, error: str) -> None:
    assert stream_wire.decode_user_frame(frame) == stream_wire.ControlReply("a", error)
