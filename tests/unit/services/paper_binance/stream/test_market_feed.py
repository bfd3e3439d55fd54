from decimal import Decimal

import pytest

from services.paper_binance.exchange.venue import Venue
from services.paper_binance.stream.market_feed import MarketFeed, MarketNews
from services.paper_binance.wire.market_payloads import (
    AggTradeEvent,
    BookTickerEvent,
    DepthEvent,
    MarkPriceEvent,
)
from services.paper_binance.wire.stream_names import Stream, parse_stream
from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.events import DepthDelta, Level, MarketEvent, Trade
from tandem.domain.units import NS_PER_MS
from tests.unit.services.paper_binance.pure_venue import venue_with_books


@pytest.fixture
def venue() -> Venue:
    return venue_with_books()


def watching(venue: Venue, *names: str) -> MarketFeed:
    feed = MarketFeed(venue)
    for name in names:
        feed.watch(stream(name), 0)
    return feed


def stream(name: str) -> Stream:
    found = parse_stream(name)
    assert found is not None
    return found


def bid(px: str, qty: str) -> DepthDelta:
    return DepthDelta("SOLUSDT", 0, (Level(Decimal(px), Decimal(qty)),), ())


def trade(qty: str, side: Side = Side.SELL) -> Trade:
    return Trade("SOLUSDT", 0, Decimal("149.99"), Decimal(qty), side)


def happen(venue: Venue, feed: MarketFeed, event: MarketEvent, at_ms: int = 0) -> list[MarketNews]:
    events = venue.engine.apply_market(event, at_ms * NS_PER_MS)
    return list(feed.observe(events, at_ms))


def test_book_ticker_speaks_when_the_top_changes(venue: Venue) -> None:
    feed = watching(venue, "solusdt@bookTicker")

    first = happen(venue, feed, bid("150", "2"))
    deep = happen(venue, feed, bid("149.50", "2"))

    (news,) = first
    assert isinstance(news.payload, BookTickerEvent)
    assert (news.payload.bid_px, news.payload.bid_qty) == ("150.0000", "2.00")
    assert deep == []


def test_unwatched_symbol_says_nothing(venue: Venue) -> None:
    feed = watching(venue, "btcusdt@bookTicker", "btcusdt@depth", "btcusdt@aggTrade")

    assert happen(venue, feed, bid("150", "2")) == []
    assert happen(venue, feed, trade("1")) == []
    assert [news.payload for news in feed.tick(250)] == []


def test_diffs_chain_and_hold_the_latest_quantities(venue: Venue) -> None:
    feed = watching(venue, "solusdt@depth@100ms")
    happen(venue, feed, bid("149.90", "1"))
    happen(venue, feed, bid("149.90", "3"))
    first = [news.payload for news in feed.tick(100)]
    happen(venue, feed, bid("149.80", "4"))
    second = [news.payload for news in feed.tick(200)]
    quiet = list(feed.tick(300))

    assert isinstance(first[0], DepthEvent)
    assert isinstance(second[0], DepthEvent)
    assert first[0].bids == (("149.9000", "3.00"),)
    assert first[0].last_id == second[0].previous_id == second[0].first_id - 1
    assert quiet == []


def test_streams_speak_at_their_own_interval(venue: Venue) -> None:
    feed = watching(venue, "solusdt@depth@100ms", "solusdt@depth@500ms")
    happen(venue, feed, bid("149.90", "1"))

    heard = {at_ms: [news.stream.interval_ms for news in feed.tick(at_ms)] for at_ms in (99, 100)}

    assert heard == {99: [], 100: [100]}
    assert [news.stream.interval_ms for news in feed.tick(500)] == [500]


def test_partial_depth_is_the_top_of_the_book(venue: Venue) -> None:
    feed = watching(venue, "solusdt@depth5@100ms")

    (news,) = feed.tick(100)

    assert isinstance(news.payload, DepthEvent)
    assert [len(news.payload.bids), len(news.payload.asks)] == [5, 5]


def test_trades_are_joined_and_told_once(venue: Venue) -> None:
    feed = watching(venue, "solusdt@aggTrade")
    happen(venue, feed, trade("1"))
    happen(venue, feed, trade("2"))

    told = [news.payload for news in feed.tick(100)]

    assert [p.qty for p in told if isinstance(p, AggTradeEvent)] == ["3.00"]
    assert list(feed.tick(200)) == []


def test_marks_come_for_one_symbol_or_for_all(venue: Venue) -> None:
    feed = watching(venue, "solusdt@markPrice@1s", "!markPrice@arr@1s", "nope@markPrice@1s")

    one, every = [news.payload for news in feed.tick(1_000)]

    assert isinstance(one, MarkPriceEvent)
    assert isinstance(every, list)
    assert one.mark_px == "150.00000000"
    assert [mark.symbol for mark in every] == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]


def test_all_book_tickers_come_every_five_seconds(venue: Venue) -> None:
    feed = watching(venue, "!bookTicker")

    assert (len(list(feed.tick(4_999))), len(list(feed.tick(5_000)))) == (0, 3)


def test_unknown_symbols_are_watched_in_silence(venue: Venue) -> None:
    feed = watching(venue, "nope@depth", "nope@depth5", "nope@aggTrade", "nope@bookTicker")

    assert list(feed.tick(1_000)) == []


def test_watching_twice_changes_nothing_and_unwatching_ends_it(venue: Venue) -> None:
    feed = watching(venue, "solusdt@depth@100ms", "solusdt@depth@100ms", "solusdt@aggTrade")
    for name in ("solusdt@depth@100ms", "solusdt@aggTrade"):
        feed.unwatch(stream(name))

    happen(venue, feed, bid("149.90", "1"))

    assert list(feed.tick(1_000)) == []
