from decimal import Decimal

from services.paper_exchange.engine.events import Filled, Printed
from services.paper_exchange.engine.orders import EndReason, OrderStatus, Side
from services.paper_exchange.market.events import DepthDelta
from tests.unit.services.paper_exchange.builders import (
    ALICE,
    BOB,
    SYMBOL,
    blocks,
    buy,
    engine_with_book,
    levels,
    of_kind,
    place,
    sell,
    trade,
)


def test_a_trade_at_the_price_consumes_the_queue_before_the_order() -> None:
    engine = engine_with_book()
    order = place(engine, ALICE, buy(3, 99))

    before = engine.apply_market(trade(Side.SELL, 99, 5), 2)
    after = engine.apply_market(trade(Side.SELL, 99, 2), 3)

    assert blocks(before) == []
    assert blocks(after) == [(99, 2)]
    assert engine.order(order.order_id).status is OrderStatus.PARTIALLY_FILLED


def test_a_trade_through_the_price_fills_at_the_orders_price_up_to_what_traded() -> None:
    engine = engine_with_book()
    place(engine, ALICE, buy(3, 99))

    events = engine.apply_market(trade(Side.SELL, 98, 2), 2)

    assert blocks(events) == [(99, 2)]


def test_after_a_trade_through_nothing_is_ahead_any_more() -> None:
    engine = engine_with_book()
    place(engine, ALICE, buy(3, 99))
    engine.apply_market(trade(Side.SELL, 98, 2), 2)

    events = engine.apply_market(trade(Side.SELL, 99, 1), 3)

    assert blocks(events) == [(99, 1)]


def test_a_trade_short_of_the_price_fills_nobody() -> None:
    engine = engine_with_book()
    place(engine, ALICE, buy(3, 98))

    events = engine.apply_market(trade(Side.SELL, 99, 50), 2)

    assert blocks(events) == []
    assert len(of_kind(events, Printed)) == 1


def test_a_buyer_does_not_fill_bids() -> None:
    engine = engine_with_book()
    place(engine, ALICE, buy(3, 100))

    assert blocks(engine.apply_market(trade(Side.BUY, 101, 9), 2)) == []


def test_a_cancelled_level_shortens_the_queue() -> None:
    engine = engine_with_book()
    place(engine, ALICE, buy(3, 99))
    engine.apply_market(DepthDelta(SYMBOL, 0, levels((99, 1)), ()), 2)

    events = engine.apply_market(trade(Side.SELL, 99, 2), 3)

    assert blocks(events) == [(99, 1)]


def test_size_that_joins_later_stands_behind() -> None:
    engine = engine_with_book()
    place(engine, ALICE, buy(3, 99))
    engine.apply_market(DepthDelta(SYMBOL, 0, levels((99, 50)), ()), 2)

    events = engine.apply_market(trade(Side.SELL, 99, 6), 3)

    assert blocks(events) == [(99, 1)]


def test_better_prices_then_earlier_orders_fill_first() -> None:
    engine = engine_with_book()
    late, early = place(engine, ALICE, buy(2, 98)), place(engine, BOB, buy(2, 100))
    last = place(engine, ALICE, buy(2, 100))

    events = engine.apply_market(trade(Side.SELL, 98, 3), 2)

    filled = [(fill.order.order_id, int(fill.qty)) for fill in of_kind(events, Filled)]
    assert filled == [(early.order_id, 2), (last.order_id, 1)]
    assert engine.order(late.order_id).filled_qty == 0


def test_a_book_that_crosses_fills_at_the_orders_price_and_is_consumed() -> None:
    engine = engine_with_book()
    place(engine, ALICE, buy(3, 100))

    events = engine.apply_market(DepthDelta(SYMBOL, 0, (), levels((99, 2))), 2)

    assert blocks(events) == [(100, 2)]
    assert engine.book(SYMBOL).asks[0].px == 101
    assert engine.book(SYMBOL).bids[0] == levels((100, 1))[0]
    assert of_kind(events, Printed)[0].side is Side.SELL


def test_crossing_asks_fill_from_several_levels() -> None:
    engine = engine_with_book()
    place(engine, ALICE, sell(3, 100))

    events = engine.apply_market(DepthDelta(SYMBOL, 0, levels((101, 2), (100, 4)), ()), 2)

    assert blocks(events) == [(100, 2), (100, 1)]
    assert engine.book(SYMBOL).bids[0] == levels((100, 3))[0]


def test_a_maker_pays_the_maker_fee() -> None:
    engine = engine_with_book()
    place(engine, ALICE, buy(3, 100))

    fill = of_kind(engine.apply_market(trade(Side.SELL, 100, 3), 2), Filled)[0]

    assert fill.is_maker
    assert fill.fee == Decimal("0.3")
    assert fill.counterparty_order_id is None


def test_a_reducing_order_stops_when_the_position_is_flat() -> None:
    engine = engine_with_book()
    engine.place(ALICE, buy(2), 1)
    order = place(engine, ALICE, sell(5, 100, reduce_only=True))

    engine.apply_market(trade(Side.BUY, 100, 9), 2)

    ended = engine.order(order.order_id)
    assert ended.filled_qty == 2
    assert ended.reason is EndReason.REDUCE_ONLY
