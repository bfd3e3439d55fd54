from decimal import Decimal

from services.paper_exchange.engine.events import Amended, Cancelled, Expired
from services.paper_exchange.engine.orders import EndReason, OrderStatus, PositionSide, Side
from services.paper_exchange.market.events import DepthDelta
from services.paper_exchange.market.instruments import HYPERLIQUID_POLICY
from tests.unit.services.paper_exchange.builders import (
    ALICE,
    BOB,
    FEES,
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


def test_capped_reducing_orders_together_cover_no_more_than_the_position() -> None:
    engine = engine_with_book(HYPERLIQUID_POLICY)
    engine.place(ALICE, buy(4), 1)
    older = place(engine, ALICE, sell(3, 110, reduce_only=True))

    events = engine.place(ALICE, sell(3, 111, reduce_only=True), 2)

    assert of_kind(events, Cancelled)[0].order.order_id == older.order_id
    assert engine.order(older.order_id).reason is EndReason.REDUCE_ONLY
    assert engine.order(engine.orders()[-1].order_id).leaves_qty == 3


def test_capped_reducing_orders_that_fit_together_stay() -> None:
    engine = engine_with_book(HYPERLIQUID_POLICY)
    engine.place(ALICE, buy(4), 1)
    orders = [place(engine, ALICE, sell(2, px, reduce_only=True)) for px in (110, 111)]

    assert all(engine.order(order.order_id).is_open for order in orders)


def test_a_capped_reducing_order_shrinks_with_its_position() -> None:
    engine = engine_with_book(HYPERLIQUID_POLICY)
    engine.place(ALICE, buy(4), 1)
    resting = place(engine, ALICE, sell(4, 110, reduce_only=True))

    events = engine.place(ALICE, sell(1), 2)

    assert of_kind(events, Amended)[0].order.order_id == resting.order_id
    assert engine.order(resting.order_id).leaves_qty == 3
    assert engine.book(SYMBOL).asks[-1].qty == 3


def test_capped_reducing_orders_are_cancelled_with_the_position() -> None:
    engine = engine_with_book(HYPERLIQUID_POLICY)
    engine.place(ALICE, buy(4), 1)
    resting = place(engine, ALICE, sell(4, 110, reduce_only=True))

    engine.place(ALICE, sell(4), 2)

    assert engine.order(resting.order_id).status is OrderStatus.CANCELLED


def test_expiring_reducing_orders_keep_their_size_until_the_position_is_flat() -> None:
    engine = engine_with_book()
    engine.place(ALICE, buy(4), 1)
    resting = place(engine, ALICE, sell(4, 110, reduce_only=True))

    engine.place(ALICE, sell(1), 2)
    kept = engine.order(resting.order_id)
    events = engine.place(ALICE, sell(3), 3)

    assert kept.leaves_qty == 4
    assert of_kind(events, Expired)[-1].order.order_id == resting.order_id
    assert engine.order(resting.order_id).reason is EndReason.REDUCE_ONLY


def test_only_orders_of_the_shrunk_position_side_end() -> None:
    engine = engine_with_book()
    engine.place(ALICE, buy(2, position_side=PositionSide.LONG), 1)
    engine.place(ALICE, sell(2, position_side=PositionSide.SHORT), 1)
    long_close = place(engine, ALICE, sell(2, 110, position_side=PositionSide.LONG))
    short_close = place(engine, ALICE, buy(2, 90, position_side=PositionSide.SHORT))

    engine.apply_market(trade(Side.BUY, 110, 9), 2)

    assert engine.order(long_close.order_id).status is OrderStatus.FILLED
    assert engine.order(short_close.order_id).is_open


def test_a_taker_passes_a_reducing_order_whose_account_was_started_afresh() -> None:
    engine = engine_with_book()
    engine.place(ALICE, buy(2), 1)
    stale = place(engine, ALICE, sell(2, 100, reduce_only=True))
    engine.open_account(ALICE, Decimal(1000), FEES)

    taker = place(engine, BOB, buy(1, 101))

    assert engine.order(stale.order_id).reason is EndReason.REDUCE_ONLY
    assert taker.status is OrderStatus.FILLED
    assert taker.avg_px == 101


def test_a_trade_passes_a_reducing_order_whose_account_was_started_afresh() -> None:
    engine = engine_with_book()
    engine.place(ALICE, buy(2), 1)
    stale = place(engine, ALICE, sell(2, 100, reduce_only=True))
    engine.open_account(ALICE, Decimal(1000), FEES)

    engine.apply_market(trade(Side.BUY, 100, 1), 2)

    assert engine.order(stale.order_id).reason is EndReason.REDUCE_ONLY


def test_a_crossing_book_passes_a_reducing_order_whose_account_was_started_afresh() -> None:
    engine = engine_with_book()
    engine.place(ALICE, buy(2), 1)
    stale = place(engine, ALICE, sell(2, 100, reduce_only=True))
    engine.open_account(ALICE, Decimal(1000), FEES)

    events = engine.apply_market(DepthDelta(SYMBOL, 0, levels((100, 4)), ()), 2)

    assert engine.order(stale.order_id).reason is EndReason.REDUCE_ONLY
    assert blocks(events) == []
    assert engine.book(SYMBOL).bids[0] == levels((100, 4))[0]
