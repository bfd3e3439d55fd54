import json
from collections.abc import Callable
from decimal import Decimal

from services.gateway_binance.protocol.books import (
    BookTicker,
    BookView,
    DepthUpdate,
    MarkPriceUpdate,
    decode_market_frame,
    mark_update,
)
from tandem.domain.ids import Ticker
from tandem.gateway.port.channel import BookUpdate, Level

Payload = Callable[[str], bytes]
BTC = Ticker("BTCUSDT")


def _level(price: str, qty: str) -> Level:
    return Level(Decimal(price), Decimal(qty))


def _top(update_id: int, bid: str, ask: str, *, time_ms: int = 10, qty: str = "1") -> BookTicker:
    return BookTicker(
        update_id=update_id,
        time_ms=time_ms,
        symbol="BTCUSDT",
        bid_px=Decimal(bid),
        bid_qty=Decimal(qty),
        ask_px=Decimal(ask),
        ask_qty=Decimal(qty),
    )


def _depth(update_id: int, *, time_ms: int = 10) -> DepthUpdate:
    return DepthUpdate(
        time_ms=time_ms,
        symbol="BTCUSDT",
        update_id=update_id,
        bids=((Decimal(99), Decimal(5)), (Decimal(98), Decimal(6))),
        asks=((Decimal(101), Decimal(7)), (Decimal(102), Decimal(8))),
    )


def _book(*events: BookTicker | DepthUpdate) -> BookUpdate:
    view = BookView()
    for event in events:
        view = view.with_event(event)
    return view.update(BTC)


def test_combined_stream_frames_are_read(payload: Payload) -> None:
    depth = decode_market_frame(payload("stream_depth20"))
    top = decode_market_frame(payload("stream_book_ticker"))
    assert isinstance(depth, DepthUpdate)
    assert isinstance(top, BookTicker)
    book = _book(depth, top)
    assert book.bids == (_level("64000.10", "2.000"), _level("64000.00", "3.000"))
    assert book.asks == (_level("64000.30", "1.500"), _level("64000.40", "2.000"))
    assert book.ts_event_ns == 1790000000208_000000


def test_mark_price_is_read(payload: Payload) -> None:
    event = decode_market_frame(payload("stream_mark_price"))
    assert isinstance(event, MarkPriceUpdate)
    update = mark_update(event)
    assert (update.ticker, update.mark) == ("BTCUSDT", Decimal("64001.12340000"))


def test_frames_of_the_other_market_are_passed_over(payload: Payload) -> None:
    frame = json.loads(payload("stream_book_ticker"))
    frame["data"]["st"] = 2
    assert decode_market_frame(json.dumps(frame).encode()) is None


def test_frame_that_is_no_market_event_is_none() -> None:
    assert decode_market_frame(b'{"result":null,"id":1}') is None
    assert decode_market_frame(b"\xff") is None


def test_depth_alone_is_the_whole_top() -> None:
    assert _book(_depth(1)) == BookUpdate(
        BTC,
        (_level("99", "5"), _level("98", "6")),
        (_level("101", "7"), _level("102", "8")),
        10_000_000,
    )


def test_best_prices_alone_are_a_book_of_one_level() -> None:
    book = _book(_top(1, "99.5", "100.5"))
    assert (book.bids, book.asks) == ((_level("99.5", "1"),), (_level("100.5", "1"),))


def test_newer_best_price_goes_before_the_depth_behind_it() -> None:
    book = _book(_depth(1), _top(2, "99.5", "102"))
    assert book.bids == (_level("99.5", "1"), _level("99", "5"), _level("98", "6"))
    assert book.asks == (_level("102", "1"),)


def test_older_best_price_gives_way_to_the_depth() -> None:
    assert _book(_top(1, "99.5", "100.5"), _depth(2)) == _book(_depth(2))


def test_events_out_of_order_change_nothing_and_time_does_not_go_back() -> None:
    book = _book(_depth(5, time_ms=50), _top(6, "99.5", "100.5", time_ms=60))
    again = _book(
        _depth(5, time_ms=50),
        _top(6, "99.5", "100.5", time_ms=60),
        _top(4, "90", "91", time_ms=40),
        _depth(3, time_ms=30),
    )
    assert again == book


def test_empty_side_is_empty() -> None:
    book = _book(_depth(1), _top(2, "0", "0", qty="0"))
    assert (book.bids, book.asks) == ((), ())
