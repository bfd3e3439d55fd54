"""Public books and marks."""

import json
from decimal import Decimal

import pytest

from services.gateway_hyperliquid.protocol.market_channel import BookOptions, MarketChannel
from tandem.domain.ids import Exc, Ticker
from tandem.domain.instrument import Instrument
from tandem.gateway.port.channel import (
    BookUpdate,
    ChannelReady,
    Level,
    MarkUpdate,
    ReopenNeeded,
    UnknownEvent,
)
from tandem.gateway.port.decoding import Unsound
from tandem.gateway.port.requests import Stamp
from tandem.transport.exchange import RawAnswer, Transport

STAMP = Stamp(1, 2, 3, 4)
S = 1_000_000_000
BOOK = (
    b'{"channel":"l2Book","data":{"coin":"BTC","time":7,"levels":'
    b'[[{"px":"100.0","sz":"2.0","n":1}],[{"px":"101.0","sz":"3.0","n":2}]]}}'
)
BBO = (
    b'{"channel":"bbo","data":{"coin":"BTC","time":8,"bbo":[{"px":"100.5","sz":"1.0","n":1},null]}}'
)


def instrument(coin: str) -> Instrument:
    return Instrument(
        exc=Exc("hyperliquid"),
        ticker=Ticker(coin),
        symbol=coin,
        base_asset=coin,
        quote_asset="USDC",
        tick=Decimal("0.1"),
        lot=Decimal("0.001"),
        min_qty=Decimal("0.001"),
        min_notional=Decimal(10),
    )


def opened(*coins: str, fast: bool = True) -> MarketChannel:
    channel = MarketChannel("ws://venue/ws", BookOptions(fast=fast))
    channel.open(None, STAMP, [instrument(coin) for coin in coins])
    return channel


def subscriptions(frames: tuple[bytes, ...]) -> list[object]:
    return [json.loads(frame).get("subscription") for frame in frames]


def confirm(channel: MarketChannel, coin: str) -> list[object]:
    items: list[object] = []
    for kind in ("l2Book", "bbo", "activeAssetCtx"):
        data = {"method": "subscribe", "subscription": {"type": kind, "coin": coin}}
        frame = json.dumps({"channel": "subscriptionResponse", "data": data})
        items += channel.receive(frame.encode(), 5)
    return items


@pytest.mark.parametrize(("fast", "more"), [(True, {"fast": True}), (False, {})])
def test_each_coin_has_a_book_best_prices_and_a_mark(fast: bool, more: dict[str, bool]) -> None:
    channel = MarketChannel("ws://venue/ws", BookOptions(fast=fast))

    opening = channel.open(None, STAMP, [instrument("BTC")])

    assert channel.prepare(STAMP) is None
    assert subscriptions(opening.frames) == [
        {"type": "l2Book", "coin": "BTC", **more},
        {"type": "bbo", "coin": "BTC"},
        {"type": "activeAssetCtx", "coin": "BTC"},
        None,
    ]


def test_it_is_ready_when_all_are_confirmed() -> None:
    assert confirm(opened("BTC"), "BTC") == [ChannelReady()]


def test_more_coins_can_be_watched_later() -> None:
    frames = opened("BTC").watch([instrument("ETH")])

    assert subscriptions(frames)[1] == {"type": "bbo", "coin": "ETH"}


def test_a_whole_book_then_better_prices() -> None:
    channel = opened("BTC")

    (whole,) = channel.receive(BOOK, 5)
    (best,) = channel.receive(BBO, 6)

    assert isinstance(whole, BookUpdate)
    assert whole.asks == (Level(Decimal(101), Decimal(3)),)
    assert best == BookUpdate(
        Ticker("BTC"),
        (Level(Decimal("100.5"), Decimal(1)), Level(Decimal(100), Decimal(2))),
        (),
        8_000_000,
    )


def test_an_old_book_brings_nothing() -> None:
    channel = opened("BTC")
    channel.receive(BOOK, 5)

    assert channel.receive(BOOK.replace(b'"time":7', b'"time":6'), 6) == ()


def test_marks_are_as_of_their_reading() -> None:
    frame = (
        b'{"channel":"activeAssetCtx","data":{"coin":"BTC","ctx":{"markPx":"100.2","midPx":null}}}'
    )

    assert opened("BTC").receive(frame, 5) == (MarkUpdate(Ticker("BTC"), Decimal("100.2"), 5),)


@pytest.mark.parametrize(
    "frame",
    [
        b'{"channel":"error","data":"Invalid subscription {}"}',
        b'{"channel":"trades","data":[]}',
        b"garbage",
    ],
)
def test_anything_else_is_counted(frame: bytes) -> None:
    (item,) = opened("BTC").receive(frame, 5)

    assert isinstance(item, UnknownEvent | Unsound)


def test_a_book_that_falls_silent_ends_the_connection() -> None:
    channel = opened("BTC", "ETH")
    for coin in ("BTC", "ETH"):
        confirm(channel, coin)
    channel.receive(BOOK, 5)
    channel.receive(BOOK.replace(b"BTC", b"ETH"), 5)
    channel.tick(1 * S, STAMP)
    channel.receive(BOOK, 5)
    channel.tick(50 * S, STAMP)

    steps = channel.tick(62 * S, STAMP)

    assert steps == (ReopenNeeded("no book for too long: ETH"),)


def test_a_book_that_was_never_heard_disturbs_nobody() -> None:
    channel = opened("BTC", "OLD")
    for coin in ("BTC", "OLD"):
        confirm(channel, coin)
    channel.tick(1 * S, STAMP)
    channel.receive(BOOK, 5)
    channel.tick(50 * S, STAMP)

    assert not [step for step in channel.tick(62 * S, STAMP) if isinstance(step, ReopenNeeded)]


def test_reopening_forgets_old_books() -> None:
    channel = opened("BTC")
    channel.receive(BOOK, 5)

    channel.open(None, STAMP, [instrument("BTC")])

    assert channel.receive(BOOK.replace(b'"time":7', b'"time":6'), 6) != ()
    assert channel.tick(1000 * S, STAMP) == ()


def test_it_asks_nothing_over_http() -> None:
    assert opened().answered(RawAnswer(Transport.HTTP, 200, b"", 5)) == ()
