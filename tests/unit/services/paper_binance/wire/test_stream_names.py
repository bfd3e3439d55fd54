import pytest

from services.paper_binance.wire.stream_names import (
    Category,
    Stream,
    StreamKind,
    parse_connection,
    parse_stream,
)


@pytest.mark.parametrize(
    ("name", "stream"),
    [
        ("btcusdt@bookTicker", Stream(StreamKind.BOOK_TICKER, "BTCUSDT")),
        ("!bookTicker", Stream(StreamKind.BOOK_TICKER, "", 5_000)),
        ("btcusdt@depth", Stream(StreamKind.DEPTH_DIFF, "BTCUSDT", 250)),
        ("btcusdt@depth@100ms", Stream(StreamKind.DEPTH_DIFF, "BTCUSDT", 100)),
        ("btcusdt@depth20@500ms", Stream(StreamKind.DEPTH_PARTIAL, "BTCUSDT", 500, 20)),
        ("btcusdt@aggTrade", Stream(StreamKind.AGG_TRADE, "BTCUSDT", 100)),
        ("btcusdt@markPrice", Stream(StreamKind.MARK_PRICE, "BTCUSDT", 3_000)),
        ("btcusdt@markPrice@1s", Stream(StreamKind.MARK_PRICE, "BTCUSDT", 1_000)),
        ("!markPrice@arr", Stream(StreamKind.MARK_PRICE, "", 3_000)),
        ("!markPrice@arr@1s", Stream(StreamKind.MARK_PRICE, "", 1_000)),
        ("btcusdt@depth7", None),
        ("btcusdt@depth@50ms", None),
        ("btcusdt@rpiDepth@500ms", Stream(StreamKind.DEPTH_DIFF, "BTCUSDT", 500)),
        ("btcusdt@trade", Stream(StreamKind.TRADE, "BTCUSDT")),
        ("btcusdt@kline_1m", Stream(StreamKind.KLINE, "BTCUSDT", 250, interval="1m")),
        ("btcusdt@kline_1M", Stream(StreamKind.KLINE, "BTCUSDT", 250, interval="1M")),
        (
            "btcusdt_perpetual@continuousKline_4h",
            Stream(StreamKind.CONTINUOUS_KLINE, "BTCUSDT", 250, interval="4h"),
        ),
        ("btcusdt@miniTicker", Stream(StreamKind.MINI_TICKER, "BTCUSDT", 2_000)),
        ("!miniTicker@arr", Stream(StreamKind.MINI_TICKER, "", 1_000)),
        ("btcusdt@ticker", Stream(StreamKind.TICKER, "BTCUSDT", 2_000)),
        ("!ticker@arr", Stream(StreamKind.TICKER, "", 1_000)),
        ("btcusdt@forceOrder", Stream(StreamKind.FORCE_ORDER, "BTCUSDT", 1_000)),
        ("!forceOrder@arr", Stream(StreamKind.FORCE_ORDER, "", 1_000)),
        ("btcusdt@kline_7m", None),
        ("btcusdt_next_quarter@continuousKline_1m", None),
        ("!miniTicker", None),
        ("!bookTicker@arr", None),
        ("btcusdt", None),
    ],
)
def test_d3_stream_name_is_read(name: str, stream: Stream | None) -> None:
    assert parse_stream(name) == stream


@pytest.mark.parametrize(
    ("path", "query", "category", "is_combined", "streams"),
    [
        ("/public/ws/a/b", "", Category.PUBLIC, False, ("a", "b")),
        ("/market/stream", "streams=a/b", Category.MARKET, True, ("a", "b")),
        ("/private/ws/KEY", "", Category.PRIVATE, False, ("KEY",)),
        ("/private/stream/", "", Category.PRIVATE, True, ()),
        ("/ws/a", "", Category.UNROUTED, False, ("a",)),
        ("/stream", "streams=a&timeUnit=x", Category.UNROUTED, True, ("a",)),
    ],
)
def test_address_is_read(
    path: str, query: str, category: Category, is_combined: bool, streams: tuple[str, ...]
) -> None:
    connection = parse_connection(path, query)

    assert connection is not None
    assert (connection.category, connection.is_combined) == (category, is_combined)
    assert connection.streams == streams


def test_every_listen_key_has_the_events_that_follow_it() -> None:
    connection = parse_connection(
        "/private/stream", "listenKey=K1&events=A/B&listenKey=K2&timeUnit=x"
    )

    assert connection is not None
    assert connection.listen_keys == ("K1", "K2")
    assert connection.events == (frozenset({"A", "B"}), frozenset())


@pytest.mark.parametrize("path", ["/", "/public", "/elsewhere/ws", "/public/api"])
def test_other_paths_are_no_streams(path: str) -> None:
    assert parse_connection(path, "events=A") is None


def test_unrouted_carries_public_streams() -> None:
    assert [category.carries for category in Category] == [
        Category.PUBLIC, Category.MARKET, Category.PRIVATE, Category.PUBLIC,
    ]  # fmt: skip
