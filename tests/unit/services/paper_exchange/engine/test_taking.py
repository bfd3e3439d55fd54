from decimal import Decimal

import pytest

from services.paper_exchange.engine.events import BookChanged, Cancelled, Expired, Filled, Printed
from services.paper_exchange.engine.orders import EndReason, OrderStatus, StpMode, TimeInForce
from services.paper_exchange.market.events import DepthDelta
from services.paper_exchange.market.instruments import HYPERLIQUID_POLICY
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
)


def test_a_market_order_fills_level_by_level() -> None:
    engine = engine_with_book()

    events = engine.place(ALICE, buy(7), 1)

    assert blocks(events) == [(101, 5), (102, 2)]
    assert engine.account(ALICE).position(SYMBOL).amount == 7


def test_a_limit_order_stops_at_its_price_and_rests() -> None:
    engine = engine_with_book()

    order = place(engine, ALICE, buy(8, 101))

    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert order.filled_qty == 5
    assert engine.book(SYMBOL).bids[0] == levels((101, 3))[0]


def test_displayed_size_before_an_order_trades_before_it_and_size_behind_it_after() -> None:
    engine = engine_with_book()
    engine.place(BOB, sell(2, 101), 1)
    engine.apply_market(DepthDelta(SYMBOL, 0, (), levels((101, 8))), 2)

    events = engine.place(ALICE, buy(10, 101), 3)

    fills = [fill for fill in of_kind(events, Filled) if not fill.is_maker]
    assert [int(fill.qty) for fill in fills] == [5, 2, 3]
    assert [fill.counterparty_order_id is None for fill in fills] == [True, False, True]


def test_better_prices_of_other_accounts_trade_before_the_tape() -> None:
    engine = engine_with_book()
    engine.place(BOB, sell(2, 100), 1)

    events = engine.place(ALICE, buy(3), 2)

    assert blocks(events) == [(100, 2), (100, 2), (101, 1)]


def test_both_sides_of_a_match_share_its_id_and_name_each_other() -> None:
    engine = engine_with_book()
    maker = place(engine, BOB, sell(2, 100))

    events = engine.place(ALICE, buy(2, 100), 2)

    made, took = of_kind(events, Filled)
    printed = of_kind(events, Printed)[0]
    assert made.match_id == took.match_id == printed.trade_id
    assert took.counterparty_order_id == maker.order_id
    assert made.counterparty_order_id == took.order.order_id
    assert (made.is_maker, took.is_maker) == (True, False)
    assert made.fee == Decimal("0.2")
    assert took.fee == Decimal("0.4")


def test_earlier_orders_at_one_price_fill_first() -> None:
    engine = engine_with_book()
    first, second = place(engine, ALICE, sell(2, 100)), place(engine, BOB, sell(2, 100))

    engine.place(BOB, buy(3, 100), 2)

    assert engine.order(first.order_id).status is OrderStatus.FILLED
    assert engine.order(second.order_id).filled_qty == 1


def test_consumed_size_leaves_the_published_book() -> None:
    engine = engine_with_book()

    changed = of_kind(engine.place(ALICE, buy(7), 1), BookChanged)

    assert changed[0].asks == levels((101, 0), (102, 3))
    assert engine.book(SYMBOL).asks == levels((102, 3), (103, 5))


def test_without_prevention_an_account_trades_with_itself() -> None:
    engine = engine_with_book()
    engine.place(ALICE, sell(2, 100), 1)

    events = engine.place(ALICE, buy(2, 100), 2)

    assert len(of_kind(events, Filled)) == 2
    assert engine.account(ALICE).position(SYMBOL).amount == 0


@pytest.mark.parametrize(
    ("mode", "maker_ends", "taker_ends"),
    [
        (StpMode.EXPIRE_TAKER, False, True),
        (StpMode.EXPIRE_MAKER, True, False),
        (StpMode.EXPIRE_BOTH, True, True),
    ],
)
def test_self_trade_prevention_ends_whom_the_takers_mode_says(
    mode: StpMode, maker_ends: bool, taker_ends: bool
) -> None:
    engine = engine_with_book()
    maker = place(engine, ALICE, sell(2, 100))

    taker = place(engine, ALICE, buy(2, 100, stp=mode))

    ended = [engine.order(o.order_id).reason is EndReason.SELF_TRADE for o in (maker, taker)]
    assert ended == [maker_ends, taker_ends]
    assert engine.fills() == []


def test_the_taker_goes_on_after_its_own_order_expired() -> None:
    engine = engine_with_book()
    engine.place(ALICE, sell(2, 100), 1)

    events = engine.place(ALICE, buy(2, 101, stp=StpMode.EXPIRE_MAKER), 2)

    assert blocks(events) == [(101, 2)]
    assert len(of_kind(events, Expired)) == 1


def test_a_reducing_maker_fills_no_more_than_its_position() -> None:
    engine = engine_with_book()
    engine.place(ALICE, buy(2), 1)
    maker = place(engine, ALICE, sell(5, 100, reduce_only=True))

    engine.place(BOB, buy(5, 100, tif=TimeInForce.IOC), 2)

    ended = engine.order(maker.order_id)
    assert ended.filled_qty == 2
    assert ended.reason is EndReason.REDUCE_ONLY
    assert engine.account(ALICE).position(SYMBOL).amount == 0


def test_a_reducing_taker_never_flips_its_position() -> None:
    engine = engine_with_book()
    engine.place(ALICE, buy(2), 1)

    order = place(engine, ALICE, sell(5, reduce_only=True))

    assert order.filled_qty == 2
    assert order.status is OrderStatus.EXPIRED
    assert order.reason is EndReason.REDUCE_ONLY
    assert engine.account(ALICE).position(SYMBOL).amount == 0


def test_a_capped_reducing_taker_is_as_large_as_its_position() -> None:
    engine = engine_with_book(HYPERLIQUID_POLICY)
    engine.place(ALICE, buy(2), 1)

    events = engine.place(ALICE, sell(5, 99, reduce_only=True, tif=TimeInForce.IOC), 2)

    assert blocks(events) == [(99, 2)]
    assert of_kind(events, Cancelled) == []
    assert engine.orders(ALICE)[-1].status is OrderStatus.FILLED
