import gzip
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest

from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.book import DisplayedBook
from services.paper_exchange.market.events import (
    BookTicker,
    DepthDelta,
    DepthSnapshot,
    Level,
    Trade,
)
from services.paper_exchange.market.recorded import TapeLineError, decode_lines, open_recording

DEPTH = (
    b'1 {"stream":"ethusdt@depth@0ms","data":{"e":"depthUpdate","E":5,"T":4,"s":"ETHUSDT",'
    b'"U":10,"u":%d,"pu":9,"b":[["2681.62","1.153"]],"a":[["2681.63","%s"]]}}\n'
)
TICKER = (
    b'2 {"stream":"ethusdt@bookTicker","data":{"e":"bookTicker","u":30,"s":"ETHUSDT",'
    b'"b":"2681.62","B":"1.165","a":"2681.63","A":"73.077","T":5,"E":6}}\n'
)
TRADE = (
    b'3 {"stream":"ethusdt@trade","data":{"e":"trade","E":5,"T":5,"s":"ETHUSDT","t":7,'
    b'"p":"2681.62","q":"1.000","X":"MARKET","m":true}}\n'
)
SNAPSHOT = (
    b'4 {"lastUpdateId":20,"E":5,"T":4,"bids":[["2681.60","4.000"]],"asks":[["2681.70","5.0"]]}\n'
)
BOOK = (
    b'5 {"channel":"l2Book","data":{"coin":"BTC","time":4,"levels":'
    b'[[{"n":5,"px":"105055.0","sz":"3.0"}],[{"n":1,"px":"105056.0","sz":"6.3"}]]}}\n'
)
TRADES = (
    b'6 {"channel":"trades","data":[{"coin":"BTC","hash":"0x0","px":"105056.0","side":"B",'
    b'"sz":"0.00219","tid":1,"time":4,"users":["0x1","0x2"]},{"coin":"BTC","hash":"0x0",'
    b'"px":"105055.0","side":"A","sz":"0.1","tid":2,"time":4,"users":["0x1","0x2"]}]}\n'
)
MARKET = Path(__file__).parents[6] / "shared" / "data" / "market"


def level(px: str, qty: str) -> Level:
    return Level(Decimal(px), Decimal(qty))


def test_binance_streams_are_decoded() -> None:
    delta, ticker, trade = decode_lines([DEPTH % (15, b"0.0"), TICKER, TRADE])

    bid, ask = level("2681.62", "1.153"), level("2681.63", "0")
    assert delta == DepthDelta("ETHUSDT", 1, (bid,), (ask,), 15)
    best = level("2681.62", "1.165"), level("2681.63", "73.077")
    assert ticker == BookTicker("ETHUSDT", 2, *best, 30)
    assert trade == Trade("ETHUSDT", 3, Decimal("2681.62"), Decimal(1), Side.SELL)


def test_a_snapshot_is_followed_by_what_is_newer_than_it() -> None:
    lines = [DEPTH % (15, b"1.0"), DEPTH % (25, b"2.0"), TICKER, SNAPSHOT]

    snapshot, delta, ticker = list(decode_lines(lines))[3:]

    bids, asks = (level("2681.60", "4"),), (level("2681.70", "5"),)
    assert snapshot == DepthSnapshot("ETHUSDT", 4, bids, asks)
    assert isinstance(delta, DepthDelta)
    assert (delta.last_id, delta.ts_ns) == (25, 4)
    assert isinstance(ticker, BookTicker)
    assert ticker.ts_ns == 4


def test_a_snapshot_without_a_ticker_so_far_stands_alone() -> None:
    events = list(decode_lines([DEPTH % (15, b"1.0"), SNAPSHOT]))

    assert [type(event) for event in events] == [DepthDelta, DepthSnapshot]


def test_hyperliquid_channels_are_decoded() -> None:
    book, bought, sold = decode_lines([BOOK, TRADES])

    bids, asks = (level("105055", "3"),), (level("105056", "6.3"),)
    assert book == DepthSnapshot("BTC", 5, bids, asks)
    assert bought == Trade("BTC", 6, Decimal(105056), Decimal("0.00219"), Side.BUY)
    assert isinstance(sold, Trade)
    assert sold.side is Side.SELL


@pytest.mark.parametrize(
    "line",
    [b"x {}\n", b"1 {}\n", b"1 \n", b'1 {"stream":"a","data":{"e":"kline"}}\n', SNAPSHOT],
)
def test_a_line_that_does_not_decode_is_named(line: bytes) -> None:
    with pytest.raises(TapeLineError, match="tape line 2: "):
        list(decode_lines([TRADE, line]))


@pytest.mark.parametrize("name", ["tape.gz", "tape.txt"])
def test_a_tape_is_read_whether_zipped_or_not(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(TRADE) if name.endswith(".gz") else TRADE)

    assert len(list(open_recording(path))) == 1


@pytest.mark.skipif(not MARKET.exists(), reason="the recorded tapes are not part of the repository")
@pytest.mark.parametrize("path", sorted(MARKET.glob("*.gz")), ids=lambda path: path.name)
def test_recorded_books_are_uncrossed_and_soon_five_levels_deep(path: Path) -> None:
    book, begun_ns = DisplayedBook(), 0

    for event in islice(open_recording(path), 4000):
        begun_ns = begun_ns or event.ts_ns
        if isinstance(event, DepthDelta | DepthSnapshot | BookTicker):
            book.apply(event)
            best_bid, best_ask = book.bids.best_px(), book.asks.best_px()
            assert best_bid is None or best_ask is None or best_bid < best_ask
        if event.ts_ns - begun_ns > 3_000_000_000:
            assert min(len(book.bids), len(book.asks)) >= 5
