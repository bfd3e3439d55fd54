import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.gateway_binance.protocol.order_channel import OrderChannel
from services.gateway_binance.protocol.signing import Ed25519Signer, HmacSigner
from tandem.gateway.port.channel import ChannelReady, ReopenNeeded, Replied, UnknownEvent
from tandem.gateway.port.decoding import UnreadableError
from tandem.gateway.port.requests import Stamp
from tandem.transport.exchange import RawAnswer, Transport

Payload = Callable[[str], bytes]
STAMP = Stamp(1, 1790000000000, 1790000000000, 1000)
SECOND = 1_000_000_000
ED25519 = Ed25519Signer("key", Ed25519PrivateKey.from_private_bytes(bytes(32)))


def _hmac_channel() -> OrderChannel:
    return OrderChannel("ws://venue/ws-fapi/v1", HmacSigner("key", b"secret"))


def _ed25519_channel() -> OrderChannel:
    return OrderChannel("ws://venue/ws-fapi/v1", ED25519)


def test_ed25519_key_logs_on_when_the_socket_opens(payload: Payload) -> None:
    channel = _ed25519_channel()
    opening = channel.open(None, STAMP, ())
    assert json.loads(opening.frames[0])["method"] == "session.logon"
    assert not channel.is_logged_on
    assert channel.receive(payload("ws_logon"), 5) == (ChannelReady(),)
    assert channel.is_logged_on


def test_refused_logon_leaves_each_request_to_sign_itself() -> None:
    channel = _ed25519_channel()
    channel.open(None, STAMP, ())
    items = channel.receive(b'{"id":"logon","status":401,"error":{"code":-2015}}', 5)
    assert items == (UnknownEvent("logon refused, status 401"), ChannelReady())
    assert not channel.is_logged_on


def test_logon_without_an_answer_opens_anew() -> None:
    channel = _ed25519_channel()
    channel.open(None, STAMP, ())
    assert channel.tick(0, STAMP) == ()
    assert channel.tick(5 * SECOND, STAMP) == (ReopenNeeded("not confirmed within 5 s"),)


def test_hmac_key_is_ready_at_once_and_never_logs_on() -> None:
    channel = _hmac_channel()
    assert channel.prepare(STAMP) is None
    assert channel.open(None, STAMP, ()).frames == ()
    assert channel.tick(0, STAMP) == (ChannelReady(),)
    assert channel.tick(SECOND, STAMP) == ()


def test_connection_is_renewed_before_its_24_hours() -> None:
    channel = _hmac_channel()
    channel.open(None, STAMP, ())
    channel.tick(0, STAMP)
    assert channel.tick(24 * 3600 * SECOND, STAMP) == (ReopenNeeded("near the venue's 24 hours"),)


def test_new_connection_is_not_logged_on(payload: Payload) -> None:
    channel = _ed25519_channel()
    channel.open(None, STAMP, ())
    channel.receive(payload("ws_logon"), 5)
    channel.open(None, STAMP, ())
    assert not channel.is_logged_on


def test_reply_is_paired_with_its_request(payload: Payload) -> None:
    frame = payload("ws_place_accepted")
    assert _hmac_channel().receive(frame, 5) == (
        Replied(41, RawAnswer(Transport.WEBSOCKET, 200, frame, 5)),
    )


def test_revoked_key_opens_anew_and_ends_the_session(payload: Payload) -> None:
    channel = _ed25519_channel()
    channel.receive(payload("ws_logon"), 5)
    (item,) = channel.receive(payload("ws_revoked"), 6)
    assert item == ReopenNeeded("the venue revoked the session's key")
    assert not channel.is_logged_on


def test_reply_to_nothing_is_counted() -> None:
    items = _hmac_channel().receive(b'{"id":null,"status":400,"error":{"code":-1135}}', 5)
    assert items == (UnknownEvent("reply to nothing, status 400"),)


def test_e8_bytes_that_are_no_reply_are_one_kind_of_error() -> None:
    for frame in (b"\xff", b"[]", b'{"a":' * 2_000):
        with pytest.raises(UnreadableError):
            _hmac_channel().receive(frame, 5)


def test_channel_has_no_market_data_and_makes_no_calls() -> None:
    channel = _hmac_channel()
    assert channel.watch(()) == ()
    assert channel.answered(RawAnswer(Transport.HTTP, 200, b"", 0)) == ()
    assert (channel.name, channel.is_critical) == ("orders", True)
