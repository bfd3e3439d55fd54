from decimal import Decimal

from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.book import DisplayedBook, Ladder
from services.paper_exchange.market.events import BookTicker, DepthDelta, Levels
from tests.unit.services.paper_exchange.builders import SYMBOL, levels, snapshot


def delta(bids: Levels, asks: Levels, last_id: int = 0) -> DepthDelta:
    return DepthDelta(SYMBOL, 0, bids, asks, last_id)


def ticker(bid: tuple[int, int], ask: tuple[int, int], last_id: int = 0) -> BookTicker:
    return BookTicker(SYMBOL, 0, levels(bid)[0], levels(ask)[0], last_id)


def book() -> DisplayedBook:
    displayed = DisplayedBook()
    displayed.apply(snapshot(levels((99, 5), (98, 5)), levels((101, 5), (102, 5))))
    return displayed


def test_levels_come_best_first() -> None:
    displayed = book()

    assert displayed.bids.levels() == levels((99, 5), (98, 5))
    assert displayed.asks.levels(1) == levels((101, 5))
    assert len(displayed.bids) == 2


def test_an_empty_ladder_has_no_best() -> None:
    ladder = Ladder(Side.BUY)

    assert ladder.best() is None
    assert ladder.best_px() is None
    assert not ladder.set(Decimal(1), Decimal(0))


def test_a_delta_sets_and_removes_levels() -> None:
    displayed = book()

    touched = displayed.apply(delta(levels((99, 0), (97, 3)), levels((101, 5))))

    assert displayed.bids.levels() == levels((98, 5), (97, 3))
    assert touched.bids == [Decimal(99), Decimal(97)]
    assert touched.asks == []


def test_a_bid_that_overruns_asks_removes_them() -> None:
    displayed = book()

    displayed.apply(delta(levels((101, 2)), ()))

    assert displayed.bids.best() == levels((101, 2))[0]
    assert displayed.asks.levels() == levels((102, 5))


def test_an_ask_that_overruns_bids_removes_them() -> None:
    displayed = book()

    displayed.apply(delta((), levels((98, 2))))

    assert len(displayed.bids) == 0
    assert displayed.asks.best() == levels((98, 2))[0]


def test_a_ticker_prunes_better_levels_and_sets_the_best() -> None:
    displayed = book()

    touched = displayed.apply(ticker((98, 4), (102, 6)))

    assert displayed.bids.levels() == levels((98, 4))
    assert displayed.asks.levels() == levels((102, 6))
    assert touched.bids == [Decimal(99), Decimal(98)]


def test_a_crossed_ticker_is_not_believed() -> None:
    displayed = book()

    displayed.apply(ticker((102, 1), (101, 1)))

    assert displayed.bids.levels() == levels((99, 5), (98, 5))


def test_a_repeated_ticker_does_not_bring_consumed_size_back() -> None:
    displayed = book()
    displayed.apply(ticker((99, 5), (101, 5)))
    displayed.asks.take(Decimal(101), Decimal(5))

    displayed.apply(ticker((99, 7), (101, 5)))

    assert displayed.asks.best() == levels((102, 5))[0]


def test_a_ticker_with_another_quantity_refreshes_the_level() -> None:
    displayed = book()
    displayed.apply(ticker((99, 5), (101, 5)))
    displayed.asks.take(Decimal(101), Decimal(5))

    displayed.apply(ticker((99, 5), (101, 4)))

    assert displayed.asks.best() == levels((101, 4))[0]


def test_a_delta_refreshes_consumed_size() -> None:
    displayed = book()
    displayed.apply(ticker((99, 5), (101, 5)))
    displayed.asks.take(Decimal(101), Decimal(2))

    displayed.apply(delta((), levels((101, 5))))

    assert displayed.asks.qty(Decimal(101)) == 5


def test_a_delta_between_makes_the_same_ticker_news() -> None:
    displayed = book()
    displayed.apply(ticker((99, 5), (101, 5)))
    displayed.apply(delta(levels((99, 2)), ()))

    displayed.apply(ticker((99, 5), (101, 5)))

    assert displayed.bids.qty(Decimal(99)) == 5


def test_an_older_delta_leaves_the_tickers_best_alone() -> None:
    displayed = book()
    displayed.apply(ticker((98, 4), (102, 6), last_id=10))

    displayed.apply(delta(levels((99, 9), (98, 9), (97, 9)), levels((101, 9), (103, 9)), 5))

    assert displayed.bids.levels() == levels((98, 4), (97, 9))
    assert displayed.asks.levels() == levels((102, 6), (103, 9))


def test_an_older_delta_before_any_ticker_level_is_known_applies() -> None:
    displayed = book()
    displayed.apply(ticker((99, 5), (101, 5), last_id=10))
    displayed.apply(snapshot(levels((99, 5)), levels((101, 5))))

    displayed.apply(delta(levels((99, 1)), (), 5))

    assert displayed.bids.qty(Decimal(99)) == 1


def test_an_older_ticker_changes_nothing() -> None:
    displayed = book()
    displayed.apply(delta(levels((99, 1)), (), 10))

    touched = displayed.apply(ticker((98, 4), (102, 6), last_id=9))

    assert displayed.bids.best() == levels((99, 1))[0]
    assert touched.bids == touched.asks == []


def test_a_snapshot_removes_what_it_does_not_name() -> None:
    displayed = book()

    touched = displayed.apply(snapshot(levels((99, 5)), levels((102, 1))))

    assert displayed.bids.levels() == levels((99, 5))
    assert displayed.asks.levels() == levels((102, 1))
    assert touched.bids == [Decimal(98)]


def test_clearing_names_every_level_and_forgets_the_sequence() -> None:
    displayed = book()
    displayed.apply(delta(levels((97, 1)), (), 10))

    touched = displayed.clear()
    displayed.apply(ticker((50, 1), (51, 1), last_id=1))

    assert touched.bids == [Decimal(99), Decimal(98), Decimal(97)]
    assert displayed.bids.levels() == levels((50, 1))


def test_taking_a_whole_level_removes_it() -> None:
    displayed = book()

    displayed.ladder(Side.SELL).take(Decimal(101), Decimal(5))

    assert displayed.asks.best() == levels((102, 5))[0]
