from decimal import Decimal

from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.events import DepthDelta
from services.paper_exchange.market.market import Market, matchable_qty, reaches
from tests.unit.services.paper_exchange.builders import (
    ALICE,
    SYMBOL,
    buy,
    contract,
    engine_with_book,
    levels,
    place,
    sell,
    snapshot,
)


def market() -> Market:
    fresh = Market(contract())
    fresh.apply(snapshot(levels((99, 5)), levels((101, 5), (102, 5))))
    return fresh


def test_published_levels_merge_displayed_and_resting_size() -> None:
    engine = engine_with_book()
    for px in (98, 96, 100):
        place(engine, ALICE, buy(1, px))

    bids = engine.book(SYMBOL).bids

    assert bids == levels((100, 1), (99, 5), (98, 6), (97, 5), (96, 1))


def test_resting_orders_alone_are_the_best_price() -> None:
    engine = engine_with_book()
    place(engine, ALICE, sell(1, 104))
    engine.rewind()

    assert engine.best(SYMBOL, Side.SELL) == levels((104, 1))[0]


def test_changes_are_numbered_without_gaps_and_reported_once() -> None:
    fresh = market()

    first, second = fresh.drain_changes(1), fresh.drain_changes(2)
    fresh.apply(DepthDelta(SYMBOL, 0, levels((98, 1)), ()))
    third = fresh.drain_changes(3)

    assert first is not None
    assert third is not None
    assert second is None
    assert (first.first_id, first.last_id) == (2, 4)
    assert (third.first_id, third.last_id, third.ts_ns) == (5, 5, 3)


def test_the_mark_is_the_last_trade_until_the_book_has_two_sides() -> None:
    fresh = Market(contract())
    before = fresh.mark_px()
    fresh.last_px = Decimal(7)

    assert before is None
    assert fresh.mark_px() == 7
    assert market().mark_px() == 100


def test_the_last_middle_stays_while_a_side_is_empty() -> None:
    fresh = market()
    fresh.mid_px()

    fresh.apply(DepthDelta(SYMBOL, 0, levels((99, 0)), ()))

    assert fresh.mid_px() == 100


def test_matchable_quantity_stops_at_the_limit() -> None:
    fresh = market()

    assert matchable_qty(fresh, Side.BUY, Decimal(101)) == 5
    assert matchable_qty(fresh, Side.BUY, None) == 10
    assert matchable_qty(fresh, Side.SELL, Decimal(100)) == 0


def test_an_order_reaches_its_limit_and_better() -> None:
    assert reaches(Side.BUY, Decimal(100), Decimal(100))
    assert not reaches(Side.BUY, Decimal(100), Decimal(101))
    assert reaches(Side.SELL, Decimal(100), Decimal(101))
    assert not reaches(Side.SELL, Decimal(100), Decimal(99))


def test_leaving_the_book_twice_is_harmless() -> None:
    engine = engine_with_book()
    order = place(engine, ALICE, buy(1, 98))
    fresh = market()
    fresh.rest(order, Decimal(98))

    fresh.unrest(order.order_id)
    fresh.unrest(order.order_id)

    assert fresh.levels(Side.BUY) == levels((99, 5))
