"""Answers on the order channel, paired by their ids."""

import pytest

from services.gateway_hyperliquid.protocol.order_channel import OrdersChannel
from tandem.gateway.port.channel import ChannelReady, Replied, SendFrame, UnknownEvent
from tandem.gateway.port.decoding import Unsound
from tandem.gateway.port.requests import Stamp
from tandem.transport.exchange import RawAnswer, Transport

STAMP = Stamp(1, 2, 3, 4)
URL = "ws://venue/ws"
S = 1_000_000_000


def opened() -> OrdersChannel:
    channel = OrdersChannel(URL)
    channel.open(None, STAMP, ())
    return channel


def test_it_opens_with_a_ping_only() -> None:
    channel = OrdersChannel(URL)

    opening = channel.open(None, STAMP, ())

    assert channel.prepare(STAMP) is None
    assert (opening.url, opening.frames) == (URL, (b'{"method":"ping"}',))
    assert channel.watch(()) == ()


def test_the_pong_makes_it_ready() -> None:
    assert opened().receive(b'{"channel":"pong"}', 5) == (ChannelReady(),)


def test_an_answer_is_paired_by_its_id() -> None:
    frame = b'{"channel":"post","data":{"id":7,"response":{"type":"action","payload":{}}}}'

    answer = RawAnswer(Transport.WEBSOCKET, 200, frame, 5)
    assert opened().receive(frame, 5) == (Replied(7, answer),)


def test_an_error_that_names_a_request_answers_it() -> None:
    frame = b'{"channel":"error","data":"too many pending post requests id=7"}'

    (item,) = opened().receive(frame, 5)

    assert isinstance(item, Replied)
    assert item.call == 7


@pytest.mark.parametrize(
    "echo",
    [
        r"{\"method\":\"post\",\"id\":77,\"request\":{\"type\":\"action\",\"payload\":{}}}",
        r"{\"method\":\"post\", \"id\" : 77, \"request\"",
        r"{\"method\":\"post\",\"id\":77,\"request\":{\"payload\":{\"id\":5,\"nonce\":9",
    ],
)
def test_d10_an_error_that_repeats_a_request_answers_it(echo: str) -> None:
    text = f"Error parsing JSON into valid websocket request: {echo}"

    (item,) = opened().receive(f'{{"channel":"error","data":"{text}"}}'.encode(), 5)

    assert isinstance(item, Replied)
    assert item.call == 77


@pytest.mark.parametrize(
    "frame",
    [
        b'{"channel":"error","data":"Error parsing JSON into valid websocket request: {}"}',
        b'{"channel":"notification","data":{}}',
        b'{"channel":"post","data":{}}',
        b"garbage",
    ],
)
def test_anything_else_is_counted(frame: bytes) -> None:
    (item,) = opened().receive(frame, 5)

    assert isinstance(item, UnknownEvent | Unsound)


def test_it_is_kept_alive() -> None:
    channel = opened()
    channel.receive(b'{"channel":"pong"}', 5)
    channel.tick(1 * S, STAMP)

    assert channel.tick(21 * S, STAMP) == (SendFrame(b'{"method":"ping"}'),)


def test_it_asks_nothing_over_http() -> None:
    assert opened().answered(RawAnswer(Transport.HTTP, 200, b"", 5)) == ()
