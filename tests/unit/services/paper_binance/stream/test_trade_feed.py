import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.paper_binance.auth.keyring import PAPER_ACCOUNT
from services.paper_binance.exchange.external_orders import act
from services.paper_binance.exchange.venue import Venue
from services.paper_binance.stream.market_feed import MarketFeed
from services.paper_binance.wire.stream_names import StreamKind, parse_stream
from services.paper_exchange.engine.events import Event
from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.events import Trade
from services.paper_exchange.shell.audit import Liquidate
from tandem.domain.units import NS_PER_MS
from tests.unit.services.paper_binance.pure_venue import (
    LIMIT,
    MARKET,
    Listener,
    send,
    venue_with_books,
)
from tests.unit.services.shapes import differences, load_shapes

SHAPES = load_shapes("paper_binance")
# The start of a minute and of a day, shortly after the books were shown.
START_MS = 1_591_747_200_000
MINUTE_MS = 60_000


class Ear:
    """Hears the watched market streams as JSON, in the order in which they speak."""

    def __init__(self, venue: Venue, *names: str) -> None:
        self.events: list[Any] = []
        self.feed = MarketFeed(venue)
        venue.subscribe(self)
        for name in names:
            stream = parse_stream(name)
            assert stream is not None
            self.feed.watch(stream, START_MS)

    def engine_events(self, events: list[Event], now_ns: int, modify_id: str) -> None:
        heard = self.feed.observe(events, now_ns // NS_PER_MS)
        self.events.extend(json.loads(msgspec.json.encode(news.payload)) for news in heard)

    def late_events(self, events: list[Event], now_ns: int, after_ms: int) -> None:
        self.engine_events(events, now_ns, "")

    def user_event(self, account_id: object, event: object) -> None:
        """Accounts' news are not heard here."""

    def keys_ended(self, leases: object, now_ms: int) -> None:
        """Nor are their keys."""

    def at(self, after_ms: int) -> list[Any]:
        """What the streams say at this time."""
        heard = list(self.feed.tick(START_MS + after_ms))
        return [json.loads(msgspec.json.encode(news.payload)) for news in heard]


def trade(venue: Venue, after_ms: int, px: str, symbol: str = "SOLUSDT") -> None:
    now_ns = (START_MS + after_ms) * NS_PER_MS
    event = Trade(symbol, 0, Decimal(px), Decimal(1), Side.BUY)
    venue.publish(venue.engine.apply_market(event, now_ns), now_ns)


def test_d3_a_candle_is_told_when_it_changed_and_once_more_when_it_ends() -> None:
    venue = venue_with_books()
    ear = Ear(venue, "solusdt@kline_1m")
    assert ear.at(250) == []

    trade(venue, 300, "150.02")
    trade(venue, 400, "150.05")
    (first,) = ear.at(500)
    quiet = ear.at(750)
    trade(venue, MINUTE_MS - 100, "150.01")
    trade(venue, MINUTE_MS + 10, "150.03")
    ended, begun = ear.at(MINUTE_MS + 250)

    assert (first["k"]["o"], first["k"]["c"], first["k"]["n"], first["k"]["x"]) == (
        "150.0200", "150.0500", 2, False,
    )  # fmt: skip
    assert quiet == []
    assert (ended["k"]["t"], ended["k"]["c"], ended["k"]["x"]) == (START_MS, "150.0100", True)
    assert (begun["k"]["t"], begun["k"]["n"], begun["k"]["x"]) == (START_MS + MINUTE_MS, 1, False)


def test_d3_trades_are_told_one_by_one() -> None:
    venue = venue_with_books()
    ear = Ear(venue, "solusdt@trade")

    trade(venue, 5, "150.02")
    trade(venue, 6, "64000.1", "BTCUSDT")

    (told,) = ear.events
    assert (told["e"], told["p"], told["T"]) == ("trade", "150.0200", START_MS + 5)


def test_d3_a_symbols_ticker_always_speaks_and_all_tickers_when_they_changed() -> None:
    venue = venue_with_books()
    ear = Ear(venue, "solusdt@miniTicker", "!ticker@arr")

    (zeros,) = ear.at(2_000)
    trade(venue, 2_100, "150.02")
    (changed,) = ear.at(3_000)
    (again,) = ear.at(4_000)

    assert zeros["c"] == "0.0000"
    assert [ticker["s"] for ticker in changed] == ["SOLUSDT"]
    assert again["c"] == "150.0200"


def test_d3_what_is_not_listed_here_says_nothing() -> None:
    venue = venue_with_books()
    ear = Ear(venue, "dogeusdt@kline_1m", "dogeusdt@ticker", "dogeusdt@trade")

    assert (ear.at(2_000), ear.events) == ([], [])


def test_d3_of_forced_orders_the_largest_of_each_symbol_is_told() -> None:
    venue = venue_with_books()
    ear = Ear(venue, "!forceOrder@arr", "btcusdt@forceOrder")
    send(venue, "POST", "order", **(MARKET | {"quantity": "4"}))
    for qty in ("1", "2", "1"):
        liquidation = Liquidate(account=PAPER_ACCOUNT, symbol="SOLUSDT", qty=Decimal(qty))
        act(venue, liquidation, START_MS * NS_PER_MS)

    (told,) = ear.at(1_000)

    assert (told["o"]["s"], told["o"]["S"], told["o"]["q"]) == ("SOLUSDT", "SELL", "2.00")
    assert ear.at(2_000) == []


def test_d3_an_ended_subscription_is_forgotten() -> None:
    venue = venue_with_books()
    ear = Ear(venue, "solusdt@kline_1m")
    stream = parse_stream("solusdt@kline_1m")
    assert stream is not None

    ear.feed.unwatch(stream)
    trade(venue, 1, "150.02")

    assert ear.at(250) == []


EVERY_STREAM = {
    StreamKind.BOOK_TICKER: "!bookTicker",
    StreamKind.DEPTH_DIFF: "solusdt@depth",
    StreamKind.DEPTH_PARTIAL: "solusdt@depth5",
    StreamKind.TRADE: "solusdt@trade",
    StreamKind.AGG_TRADE: "solusdt@aggTrade",
    StreamKind.MARK_PRICE: "solusdt@markPrice",
    StreamKind.KLINE: "solusdt@kline_1h",
    StreamKind.CONTINUOUS_KLINE: "solusdt_perpetual@continuousKline_1d",
    StreamKind.MINI_TICKER: "solusdt@miniTicker",
    StreamKind.TICKER: "solusdt@ticker",
    StreamKind.FORCE_ORDER: "solusdt@forceOrder",
}


@pytest.mark.parametrize("kind", StreamKind)
def test_d3_every_stream_speaks_in_the_documented_shape(kind: StreamKind) -> None:
    venue = venue_with_books()
    ear = Ear(venue, EVERY_STREAM[kind])
    send(venue, "POST", "order", **MARKET)
    act(venue, Liquidate(account=PAPER_ACCOUNT, symbol="SOLUSDT"), START_MS * NS_PER_MS)
    trade(venue, 1, "150.02")

    told = [*ear.events, *ear.at(5_000)]

    name = "depth" if kind is StreamKind.DEPTH_PARTIAL else kind.value
    shape = SHAPES["streams"][name]
    assert told
    assert [differences(shape, payload, SHAPES["named"]) for payload in told] == [[]] * len(told)


def test_d2_user_events_have_the_documented_shape() -> None:
    venue = venue_with_books()
    listener = Listener(venue)
    venue.subscribe(listener)
    send(venue, "POST", "order", **MARKET)
    send(venue, "POST", "order", **(LIMIT | {"newClientOrderId": "rests"}))
    amended = {"symbol": "SOLUSDT", "side": "BUY", "quantity": "2", "price": "141.00"}
    send(venue, "PUT", "order", **amended, origClientOrderId="rests", modifyId="7")
    send(venue, "DELETE", "order", symbol="SOLUSDT", origClientOrderId="rests")
    send(venue, "POST", "leverage", symbol="SOLUSDT", leverage="7")

    assert {event["e"] for event in listener.events} == {
        "ORDER_TRADE_UPDATE", "TRADE_LITE", "ACCOUNT_UPDATE", "ACCOUNT_CONFIG_UPDATE",
    }  # fmt: skip
    for event in listener.events:
        assert differences(SHAPES["streams"][event["e"]], event, SHAPES["named"]) == []
