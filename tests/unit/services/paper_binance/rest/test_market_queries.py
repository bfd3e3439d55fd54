from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.paper_binance.exchange.venue import Venue
from services.paper_binance.rest.rest import answer
from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.events import DepthDelta, Level, Trade
from tandem.domain.units import NS_PER_MS
from tests.unit.services.paper_binance.pure_venue import (
    LIMIT,
    NOW_MS,
    request,
    send,
    venue_with_books,
)

MINUTE_MS = 60_000


@pytest.fixture
def venue() -> Venue:
    return venue_with_books()


def ask(venue: Venue, path: str, query: str = "") -> Any:
    """Return the JSON that a public request is answered with."""
    result = answer(venue, request("GET", path, query), NOW_MS * NS_PER_MS)
    return msgspec.json.decode(result.body)


def trade(venue: Venue, at_ms: int, px: str, qty: str, side: Side) -> None:
    now_ns = at_ms * NS_PER_MS
    event = Trade("SOLUSDT", now_ns, Decimal(px), Decimal(qty), side)
    venue.publish(venue.engine.apply_market(event, now_ns), now_ns)


def test_ping_and_time_answer(venue: Venue) -> None:
    assert (ask(venue, "ping"), ask(venue, "time")) == ({}, {"serverTime": NOW_MS})


def test_depth_shows_the_levels_asked_for(venue: Venue) -> None:
    depth = ask(venue, "depth", "symbol=SOLUSDT&limit=5")

    assert depth["bids"][0] == ["149.9900", "5.00"]
    assert (len(depth["bids"]), len(depth["asks"])) == (5, 5)


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("depth", "symbol=SOLUSDT&limit=7", -1130),
        ("depth", "", -1102),
        ("klines", "symbol=SOLUSDT&interval=soon", -1120),
        ("trades", "symbol=SOLUSDT&limit=9999", -1130),
    ],
)
def test_bad_question_is_refused(venue: Venue, path: str, query: str, code: int) -> None:
    assert ask(venue, path, query)["code"] == code


@pytest.mark.parametrize("path", ["ticker/bookTicker", "ticker/price", "premiumIndex"])
def test_one_symbol_gives_an_object_and_none_an_array(venue: Venue, path: str) -> None:
    one, every = ask(venue, path, "symbol=SOLUSDT"), ask(venue, path)

    assert one["symbol"] == "SOLUSDT"
    assert [row["symbol"] for row in every] == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]


def test_book_of_a_symbol_without_market_is_empty(venue: Venue) -> None:
    ticker = ask(venue, "ticker/bookTicker", "symbol=ETHUSDT")

    assert (ticker["bidPrice"], ticker["bidQty"]) == ("0.00", "0.000")


def test_mark_and_funding_are_told(venue: Venue) -> None:
    index = ask(venue, "premiumIndex", "symbol=SOLUSDT")

    assert index["markPrice"] == "150.00000000"
    assert index["nextFundingTime"] % (8 * 3_600_000) == 0
    assert index["nextFundingTime"] > NOW_MS


def test_trades_are_listed_and_joined(venue: Venue) -> None:
    for qty in ("1", "2"):
        trade(venue, NOW_MS - 10, "149.99", qty, Side.SELL)
    trade(venue, NOW_MS - 5, "150.01", "4", Side.BUY)

    trades = ask(venue, "trades", "symbol=SOLUSDT")
    joined = ask(venue, "aggTrades", "symbol=SOLUSDT")
    later = ask(venue, "aggTrades", f"symbol=SOLUSDT&fromId={trades[2]['id']}")

    assert [(row["qty"], row["isBuyerMaker"]) for row in trades] == [
        ("1.00", True), ("2.00", True), ("4.00", False),
    ]  # fmt: skip
    assert [(row["q"], row["f"], row["l"]) for row in joined] == [
        ("3.00", trades[0]["id"], trades[1]["id"]), ("4.00", trades[2]["id"], trades[2]["id"]),
    ]  # fmt: skip
    assert later == joined[1:]


def test_candles_cover_the_minutes_that_saw_a_trade(venue: Venue) -> None:
    minute_ms = NOW_MS // MINUTE_MS * MINUTE_MS - 3 * MINUTE_MS
    trade(venue, minute_ms, "150.01", "1", Side.BUY)
    trade(venue, minute_ms + 59_999, "149.99", "2", Side.SELL)
    trade(venue, minute_ms + 2 * MINUTE_MS, "150.01", "3", Side.BUY)

    first, second = ask(venue, "klines", "symbol=SOLUSDT&interval=1m")

    assert first[:9] == [
        minute_ms, "150.0100", "150.0100", "149.9900", "149.9900", "3.00",
        minute_ms + 59_999, "449.99000000", 2,
    ]  # fmt: skip
    assert second[0] == minute_ms + 2 * MINUTE_MS


def test_day_figures_are_zero_before_the_first_trade(venue: Venue) -> None:
    before = ask(venue, "ticker/24hr", "symbol=SOLUSDT")
    trade(venue, NOW_MS, "150.01", "1", Side.BUY)
    trade(venue, NOW_MS, "149.99", "3", Side.SELL)
    after = ask(venue, "ticker/24hr", "symbol=SOLUSDT")

    assert (before["lastPrice"], before["count"], before["weightedAvgPrice"]) == (
        "0.0000", 0, "0.0000",
    )  # fmt: skip
    assert (after["priceChange"], after["weightedAvgPrice"], after["volume"]) == (
        "-0.0200", "149.9950", "4.00",
    )  # fmt: skip
    assert ask(venue, "ticker/price", "symbol=SOLUSDT")["price"] == "149.9900"


def test_information_lists_the_symbols(venue: Venue) -> None:
    symbols = [row["symbol"] for row in ask(venue, "exchangeInfo")["symbols"]]

    assert symbols == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]


def test_d2_a_trade_with_a_retail_price_improvement_says_so(venue: Venue) -> None:
    send(venue, "POST", "order", **(LIMIT | {"timeInForce": "RPI", "price": "150.00"}))
    crossing = DepthDelta("SOLUSDT", 0, (), (Level(Decimal(150), Decimal(1)),))
    now_ns = NOW_MS * NS_PER_MS
    venue.publish(venue.engine.apply_market(crossing, now_ns), now_ns)
    trade(venue, NOW_MS, "149.99", "2", Side.SELL)

    told = [row["isRPITrade"] for row in ask(venue, "trades", "symbol=SOLUSDT")]
    venue.engine.clear_history()

    assert told == [True, False]
    assert not any(row["isRPITrade"] for row in ask(venue, "trades", "symbol=SOLUSDT"))
