from collections.abc import Callable
from decimal import Decimal

import pytest

from services.gateway_binance.protocol import events

Payload = Callable[[str], bytes]


def test_order_ids_past_the_range_of_floats_are_lossless(payload: Payload) -> None:
    event = events.decode_user_frame(payload("order_trade_update_partial"))
    assert isinstance(event, events.OrderTradeUpdate)
    assert event.order.order_id == 9000000000000000123
    assert event.order.last_px == Decimal("63999.50")


def test_wrapped_frame_reads_as_the_raw_one(payload: Payload) -> None:
    raw = payload("trade_lite")
    wrapped = b'{"stream":"some-listen-key","data":' + raw + b"}"
    assert events.decode_user_frame(wrapped) == events.decode_user_frame(raw)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("account_update_order", events.AccountUpdate),
        ("account_update_funding", events.AccountUpdate),
        ("listen_key_expired", events.ListenKeyExpired),
        ("margin_call", events.MarginCall),
        ("account_config_leverage", events.AccountConfigUpdate),
        ("account_config_multi_assets", events.AccountConfigUpdate),
        ("algo_update", events.AlgoUpdate),
    ],
)
def test_every_event_of_the_stream_is_known(payload: Payload, name: str, kind: type) -> None:
    assert isinstance(events.decode_user_frame(payload(name)), kind)


def test_unknown_event_is_named(payload: Payload) -> None:
    assert events.decode_user_frame(payload("strategy_update")) == events.UnknownEvent(
        "STRATEGY_UPDATE"
    )


def test_known_event_without_its_fields_is_broken_by_name() -> None:
    event = events.decode_user_frame(b'{"e":"ORDER_TRADE_UPDATE","E":1,"T":1,"o":{"s":"BTCUSDT"}}')
    assert isinstance(event, events.BrokenFrame)
    assert event.name == "ORDER_TRADE_UPDATE"
    assert (event.fault.what, event.fault.field) == ("ORDER_TRADE_UPDATE", "o.S")
    assert "required field" in event.fault.rule


@pytest.mark.parametrize("frame", [b"", b"null", b"[]", b"nonsense", b"\xff\xfe", b'{"e":1}'])
def test_bytes_that_are_no_frame_are_broken(frame: bytes) -> None:
    event = events.decode_user_frame(frame)
    assert isinstance(event, events.BrokenFrame)
    assert event.name == "frame"


def test_subscription_is_confirmed() -> None:
    assert events.decode_user_frame(b'{"result":null,"id":7}') == events.ControlReply("7")


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (b'{"code":2,"msg":"Invalid request","id":"a"}', "2 Invalid request"),
        (b'{"error":{"code":2},"id":"a"}', '{"code":2}'),
    ],
)
def test_refused_subscription_says_why(frame: bytes, error: str) -> None:
    assert events.decode_user_frame(frame) == events.ControlReply("a", error)
