from itertools import islice

from services.paper_exchange.market.book import DisplayedBook
from services.paper_exchange.market.events import DepthDelta, DepthSnapshot, MarketEvent, Trade
from services.paper_exchange.market.synthetic import LEVEL_COUNT, SYNTHETIC_MARKETS, synthetic_tape
from tandem.domain.units import NS_PER_S


def tape(seed: int = 1, count: int = 6000) -> list[MarketEvent]:
    return list(islice(synthetic_tape(seed), count))


def test_a_seed_replays_the_same_tape_and_another_another() -> None:
    assert tape(1, 500) == tape(1, 500)
    assert tape(1, 500) != tape(2, 500)


def test_events_come_in_the_order_of_their_times() -> None:
    times = [event.ts_ns for event in tape()]

    assert times == sorted(times)
    assert times[0] == 0


def test_books_stay_uncrossed_and_deep() -> None:
    books = {market.symbol: DisplayedBook() for market in SYNTHETIC_MARKETS}

    for event in tape():
        if isinstance(event, DepthDelta | DepthSnapshot):
            book = books[event.symbol]
            book.apply(event)
            best_bid, best_ask = book.bids.best_px(), book.asks.best_px()
            assert best_bid is not None
            assert best_ask is not None
            assert best_bid < best_ask
            assert len(book.bids) == len(book.asks) == LEVEL_COUNT


def test_trades_hit_the_best_level_and_some_are_tiny() -> None:
    books = {market.symbol: DisplayedBook() for market in SYNTHETIC_MARKETS}
    quantities = []

    for event in tape():
        if isinstance(event, Trade):
            side = books[event.symbol].ladder(event.side.opposite)
            assert side.best_px() == event.px
            if event.symbol == "SOLUSDT":
                quantities.append(event.qty)
        elif isinstance(event, DepthDelta | DepthSnapshot):
            books[event.symbol].apply(event)

    assert min(quantities) * 20 < max(quantities)


def test_each_market_moves_some_levels_within_a_minute() -> None:
    prices: dict[str, set[object]] = {}
    for event in islice(synthetic_tape(3), 20_000):
        if isinstance(event, Trade) and event.ts_ns < 60 * NS_PER_S:
            prices.setdefault(event.symbol, set()).add(event.px)

    assert len(prices) == len(SYNTHETIC_MARKETS)
    assert all(len(seen) > 8 for seen in prices.values())
