"""Keepalive, confirmations and unreadable frames of one connection."""

import json

from services.gateway_hyperliquid.protocol.keepalive import Items, Session, Subscription
from services.gateway_hyperliquid.protocol.wire import Frame
from tandem.gateway.port.channel import ChannelReady, ReopenNeeded, SendFrame, UnknownEvent
from tandem.gateway.port.decoding import Unsound

S = 1_000_000_000
USER = "0xAbC"
FILLS = Subscription("userFills", USER)
ORDERS = Subscription("orderUpdates", USER)


def nothing(frame: Frame) -> Items:
    return (UnknownEvent(frame.channel),)


def echo(subscription_type: str, **more: object) -> bytes:
    subscription = {"type": subscription_type, **more}
    data = {"method": "subscribe", "subscription": subscription}
    return json.dumps({"channel": "subscriptionResponse", "data": data}).encode()


def test_ready_comes_with_the_last_confirmation() -> None:
    session = Session()
    session.open((FILLS, ORDERS))

    first = session.read(echo("userFills", user="0xabc", aggregateByTime=None), nothing)
    second = session.read(echo("orderUpdates", user="0xABC"), nothing)
    again = session.read(echo("orderUpdates", user="0xABC"), nothing)

    assert (first, second, again) == ((), (ChannelReady(),), ())


def test_an_echo_may_bring_fields_of_its_own() -> None:
    session = Session()
    session.open((Subscription("l2Book", coin="BTC"),))

    frame = echo("l2Book", coin="BTC", fast=None, nSigFigs=None, mantissa=None)

    assert session.read(frame, nothing) == (ChannelReady(),)


def test_opening_frames_subscribe_and_ping() -> None:
    frames = Session().open((FILLS, Subscription("l2Book", coin="BTC", fast=True)))

    assert [json.loads(frame) for frame in frames] == [
        {"method": "subscribe", "subscription": {"type": "userFills", "user": USER}},
        {
            "method": "subscribe",
            "subscription": {"type": "l2Book", "coin": "BTC", "fast": True},
        },
        {"method": "ping"},
    ]


def test_a_connection_without_subscriptions_is_ready_with_the_pong() -> None:
    session = Session()
    session.open(())

    assert session.read(b'{"channel":"pong"}', nothing) == (ChannelReady(),)
    assert session.read(b'{"channel":"pong"}', nothing) == ()


def test_a_duplicate_subscription_counts_as_confirmed() -> None:
    session = Session()
    session.open((FILLS,))
    error = 'Already subscribed: {"type":"userFills","user":"0xabc"}'

    items = session.read(json.dumps({"channel": "error", "data": error}).encode(), nothing)

    assert items == (ChannelReady(),)


def test_other_errors_are_for_the_channel() -> None:
    session = Session()
    session.open((FILLS,))

    for text in ("Already subscribed", "Invalid subscription {}"):
        frame = json.dumps({"channel": "error", "data": text}).encode()
        assert session.read(frame, nothing) == (UnknownEvent("error"),)


def test_data_goes_to_the_channel() -> None:
    assert Session().read(b'{"channel":"bbo","data":{}}', nothing) == (UnknownEvent("bbo"),)


def test_the_greeting_is_passed_over() -> None:
    assert Session().read(b"Websocket connection established.", nothing) == ()


def test_an_unreadable_frame_is_reported() -> None:
    (item,) = Session().read(b"<html>", nothing)

    assert isinstance(item, Unsound)


def test_a_ping_is_due_every_20_s() -> None:
    session = Session()
    session.open(())
    session.read(b'{"channel":"pong"}', nothing)

    steps = [session.tick(at * S) for at in (1, 20, 21, 22, 41)]

    ping = (SendFrame(b'{"method":"ping"}'),)
    assert steps == [(), (), ping, (), ping]


def test_a_minute_of_silence_ends_the_connection() -> None:
    session = Session()
    session.open(())
    session.read(b'{"channel":"pong"}', nothing)
    session.tick(1 * S)

    assert isinstance(session.tick(61 * S)[0], SendFrame)
    assert session.tick(62 * S) == (ReopenNeeded("nothing received for 60 s"),)


def test_a_frame_breaks_the_silence() -> None:
    session = Session()
    session.open(())
    session.tick(1 * S)
    session.read(b'{"channel":"pong"}', nothing)
    session.tick(50 * S)

    assert isinstance(session.tick(100 * S)[0], SendFrame)


def test_a_missing_confirmation_ends_the_connection() -> None:
    session = Session()
    session.open((FILLS,))
    session.tick(1 * S)

    assert session.tick(6 * S) == ()
    assert session.tick(7 * S) == (ReopenNeeded("not confirmed in 5 s: userFills 0xabc"),)


def test_later_subscriptions_are_awaited_too() -> None:
    session = Session()
    session.open(())
    session.read(b'{"channel":"pong"}', nothing)
    session.tick(1 * S)

    frames = session.add((Subscription("bbo", coin="xyz:TSLA"),))
    session.tick(10 * S)

    assert len(frames) == 1
    assert session.tick(16 * S) == (ReopenNeeded("not confirmed in 5 s: bbo xyz:TSLA"),)


def test_confirmed_later_subscriptions_do_not_make_ready_again() -> None:
    session = Session()
    session.open(())
    session.read(b'{"channel":"pong"}', nothing)
    session.add((Subscription("bbo", coin="BTC"),))

    assert session.read(echo("bbo", coin="BTC"), nothing) == ()


def test_reopening_forgets_the_old_connection() -> None:
    session = Session()
    session.open((FILLS,))
    session.tick(1 * S)

    session.open(())

    assert session.tick(100 * S) == ()
    assert session.read(b'{"channel":"pong"}', nothing) == (ChannelReady(),)
