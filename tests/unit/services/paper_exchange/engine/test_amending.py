from decimal import Decimal

import pytest

from services.paper_exchange.engine.events import Amended
from services.paper_exchange.engine.orders import (
    Amendment,
    EndReason,
    OrderRefused,
    OrderStatus,
    Refusal,
    Side,
    StpMode,
    TimeInForce,
)
from tests.unit.services.paper_exchange.builders import (
    ALICE,
    BOB,
    SYMBOL,
    blocks,
    buy,
    engine_with_book,
    of_kind,
    place,
    sell,
    trade,
)


def terms(px: int, qty: int) -> Amendment:
    return Amendment(px=Decimal(px), qty=Decimal(qty))


def test_an_amended_order_keeps_its_ids_and_counts_the_amendments() -> None:
    engine = engine_with_book()
    order = place(engine, ALICE, buy(2, 98, client_id="mine", stp=StpMode.EXPIRE_BOTH))

    amended = of_kind(engine.amend(ALICE, order.order_id, terms(97, 3), 5), Amended)[0].order

    assert (amended.order_id, amended.client_id) == (order.order_id, "mine")
    assert amended.px == 97
    assert amended.qty == 3
    assert amended.amend_count == 1
    assert (amended.stp, amended.updated_ns) == (StpMode.NONE, 5)
    assert engine.book(SYMBOL).bids[2].qty == 8


def test_a_smaller_quantity_keeps_the_place_in_the_queue() -> None:
    engine = engine_with_book()
    first, second = place(engine, ALICE, buy(4, 100)), place(engine, BOB, buy(4, 100))

    engine.amend(ALICE, first.order_id, terms(100, 2), 2)
    engine.apply_market(trade(Side.SELL, 100, 3), 3)

    assert engine.order(first.order_id).filled_qty == 2
    assert engine.order(second.order_id).filled_qty == 1


@pytest.mark.parametrize(("px", "qty"), [(100, 5), (99, 4)])
def test_anything_else_goes_to_the_end_of_the_queue(px: int, qty: int) -> None:
    engine = engine_with_book()
    first, second = place(engine, ALICE, buy(4, 100)), place(engine, BOB, buy(4, 100))

    engine.amend(ALICE, first.order_id, terms(px, qty), 2)
    engine.apply_market(trade(Side.SELL, 100, 3), 3)

    assert engine.order(first.order_id).filled_qty == 0
    assert engine.order(second.order_id).filled_qty == 3


def test_a_price_across_the_book_trades_at_once() -> None:
    engine = engine_with_book()
    order = place(engine, ALICE, buy(4, 100))

    assert blocks(engine.amend(ALICE, order.order_id, terms(101, 6), 2)) == [(101, 5)]
    assert engine.book(SYMBOL).bids[0].qty == 1


def test_a_post_only_order_amended_across_the_book_is_cancelled() -> None:
    engine = engine_with_book()
    order = place(engine, ALICE, buy(4, 100, tif=TimeInForce.POST_ONLY))

    engine.amend(ALICE, order.order_id, terms(101, 4), 2)

    assert engine.order(order.order_id).reason is EndReason.AMEND_WOULD_CROSS


def test_a_quantity_no_larger_than_what_is_filled_cancels() -> None:
    engine = engine_with_book()
    order = place(engine, ALICE, buy(4, 100))
    engine.apply_market(trade(Side.SELL, 100, 3), 2)

    engine.amend(ALICE, order.order_id, terms(100, 3), 3)

    ended = engine.order(order.order_id)
    assert ended.status is OrderStatus.CANCELLED
    assert ended.filled_qty == 3
    assert ended.reason is EndReason.AMEND_BELOW_FILLED


def test_unchanged_terms_are_refused() -> None:
    engine = engine_with_book()
    order = place(engine, ALICE, buy(4, 100))

    with pytest.raises(OrderRefused) as refused:
        engine.amend(ALICE, order.order_id, terms(100, 4), 2)

    assert refused.value.refusal is Refusal.AMEND_UNCHANGED


def test_refused_terms_leave_the_order_as_it_was() -> None:
    engine = engine_with_book(max_qty=Decimal(50))
    order = place(engine, ALICE, buy(4, 100))

    with pytest.raises(OrderRefused):
        engine.amend(ALICE, order.order_id, terms(100, 51), 2)

    assert engine.order(order.order_id) == order


def test_margin_is_checked_without_the_order_that_is_amended() -> None:
    engine = engine_with_book(default_leverage=1)
    engine.account(ALICE).wallet_balance = Decimal(500)
    order = place(engine, ALICE, buy(5, 100))

    engine.amend(ALICE, order.order_id, terms(99, 5), 2)
    with pytest.raises(OrderRefused) as refused:
        engine.amend(ALICE, order.order_id, terms(99, 6), 3)

    assert refused.value.refusal is Refusal.INSUFFICIENT_MARGIN


def test_the_reducing_order_itself_does_not_use_up_the_position() -> None:
    engine = engine_with_book()
    engine.place(ALICE, buy(3), 1)
    order = place(engine, ALICE, sell(3, 110, reduce_only=True))

    engine.amend(ALICE, order.order_id, terms(111, 3), 2)

    assert engine.order(order.order_id).px == 111


def test_another_accounts_order_is_unknown() -> None:
    engine = engine_with_book()
    order = place(engine, ALICE, buy(4, 100))

    with pytest.raises(OrderRefused) as refused:
        engine.amend(BOB, order.order_id, terms(99, 4), 2)

    assert refused.value.refusal is Refusal.UNKNOWN_ORDER


def test_a_market_order_has_no_terms_to_amend() -> None:
    engine = engine_with_book()
    order = place(engine, ALICE, buy(1))

    with pytest.raises(OrderRefused) as refused:
        engine.amend(ALICE, order.order_id, terms(99, 4), 2)

    assert refused.value.refusal is Refusal.AMEND_NOT_LIMIT
