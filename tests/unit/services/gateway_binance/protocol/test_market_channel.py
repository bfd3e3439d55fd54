import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from services.gateway_binance.protocol.market_channel import MarketChannel
from tandem.domain.instrument import Instrument
from tandem.gateway.port.channel import (
    BookUpdate,
    ChannelReady,
    MarkUpdate,
    ReopenNeeded,
    UnknownEvent,
)
from tandem.gateway.port.decoding import UnreadableError
from tandem.gateway.port.requests import Stamp
from tandem.transport.exchange import RawAnswer, Transport

Payload = Callable[[str], bytes]
STAMP = Stamp(1, 1790000000000, 1790000000000, 1000)
SECOND = 1_000_000_000
CONFIRMED = b'{"result":null,"id":1}'


def _channel() -> MarketChannel:
    return MarketChannel("market", "ws://venue/public/stream", lambda each: (each.symbol,))


def test_watched_instruments_are_subscribed_on_opening(btc: Instrument) -> None:
    opening = _channel().open(None, STAMP, (btc, replace(btc, symbol="ETHUSDT")))
    assert opening.url == "ws://venue/public/stream"
    assert [json.loads(frame)["params"] for frame in opening.frames] == [["BTCUSDT", "ETHUSDT"]]


def test_later_instruments_get_frames_of_their_own(btc: Instrument) -> None:
    channel = _channel()
    channel.open(None, STAMP, (btc,))
    (frame,) = channel.watch((replace(btc, symbol="ETHUSDT"),))
    assert json.loads(frame) == {"method": "SUBSCRIBE", "params": ["ETHUSDT"], "id": 2}


def test_many_instruments_are_split_over_few_frames(btc: Instrument) -> None:
    frames = _channel().watch(tuple(replace(btc, symbol=f"S{number}") for number in range(250)))
    assert [len(json.loads(frame)["params"]) for frame in frames] == [100, 100, 50]


def test_channel_is_ready_once_a_subscription_is_confirmed(btc: Instrument) -> None:
    channel = _channel()
    channel.open(None, STAMP, (btc,))
    assert channel.receive(CONFIRMED, 5) == (ChannelReady(),)
    assert channel.receive(CONFIRMED, 6) == ()


def test_subscription_without_an_answer_opens_anew(btc: Instrument) -> None:
    channel = _channel()
    channel.open(None, STAMP, (btc,))
    assert channel.tick(0, STAMP) == ()
    assert channel.tick(5 * SECOND, STAMP) == (ReopenNeeded("not confirmed within 5 s"),)


def test_channel_with_nothing_to_watch_is_ready_at_once() -> None:
    channel = _channel()
    assert channel.open(None, STAMP, ()).frames == ()
    assert channel.tick(0, STAMP) == (ChannelReady(),)
    assert channel.tick(SECOND, STAMP) == ()


def test_books_and_marks_are_told(payload: Payload) -> None:
    channel = _channel()
    (depth,) = channel.receive(payload("stream_depth20"), 5)
    (top,) = channel.receive(payload("stream_book_ticker"), 6)
    (mark,) = channel.receive(payload("stream_mark_price"), 7)
    assert isinstance(depth, BookUpdate)
    assert isinstance(top, BookUpdate)
    assert isinstance(mark, MarkUpdate)
    assert len(depth.bids) == 3
    assert len(top.bids) == 2


def test_new_connection_starts_with_empty_books(payload: Payload) -> None:
    channel = _channel()
    channel.receive(payload("stream_depth20"), 5)
    channel.open(None, STAMP, ())
    (book,) = channel.receive(payload("stream_book_ticker"), 6)
    assert isinstance(book, BookUpdate)
    assert len(book.bids) == 1


def test_refused_subscription_and_other_frames_are_counted(payload: Payload) -> None:
    channel = _channel()
    (refused,) = channel.receive(b'{"code":2,"msg":"Invalid request","id":1}', 5)
    (other,) = channel.receive(payload("strategy_update"), 6)
    assert refused == UnknownEvent("market: subscription refused: 2 Invalid request")
    assert other == UnknownEvent("market: a frame of another kind")


def test_e4_number_that_is_none_is_named_and_the_book_stays(payload: Payload) -> None:
    channel = _channel()
    channel.receive(payload("stream_depth20"), 5)
    with pytest.raises(UnreadableError, match="book price=NaN"):
        channel.receive(payload("stream_book_ticker").replace(b"64000.10", b"NaN"), 6)
    (book,) = channel.receive(payload("stream_depth20"), 7)
    assert isinstance(book, BookUpdate)
    assert len(book.bids) == 3


def test_channel_asks_nothing_over_http() -> None:
    channel = _channel()
    assert channel.prepare(STAMP) is None
    assert channel.answered(RawAnswer(Transport.HTTP, 200, b"", 0)) == ()
    assert not channel.is_critical
