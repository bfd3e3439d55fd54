from decimal import Decimal

import pytest

from services.paper_exchange.engine.events import Filled, Printed
from services.paper_exchange.engine.forcing import lots_of_half
from services.paper_exchange.engine.orders import OrderRefused, OrderStatus
from services.paper_exchange.market.events import Mark
from tests.unit.services.paper_exchange.builders import (
    ALICE,
    SYMBOL,
    buy,
    engine_with_book,
    of_kind,
    place,
)

NAMES = ("forced", "label")


def test_a_resting_order_can_be_filled_past_the_queue() -> None:
    engine = engine_with_book()
    resting = place(engine, ALICE, buy(4, 99))

    events = engine.fill_resting(resting.order_id, Decimal(3), 2)

    (fill,) = of_kind(events, Filled)
    assert (int(fill.px), int(fill.qty), fill.is_maker) == (99, 3, True)
    assert engine.order(resting.order_id).filled_qty == 3
    assert engine.account(ALICE).position(SYMBOL).amount == 3
    assert engine.fills(ALICE) == [fill]
    assert len(of_kind(events, Printed)) == 1


@pytest.mark.parametrize("qty", [0, 5])
def test_no_more_is_filled_than_rests(qty: int) -> None:
    engine = engine_with_book()
    resting = place(engine, ALICE, buy(4, 99))

    with pytest.raises(OrderRefused, match="above 0 and at most 4"):
        engine.fill_resting(resting.order_id, Decimal(qty), 2)

    assert engine.fills() == []


@pytest.mark.parametrize(("qty", "left"), [(None, 0), (Decimal(2), 3)])
def test_a_position_is_closed_at_mark(qty: Decimal | None, left: int) -> None:
    engine = engine_with_book()
    place(engine, ALICE, buy(5))
    engine.apply_market(Mark(SYMBOL, 0, Decimal("100.4")), 2)

    events = engine.force_close((ALICE, SYMBOL), qty, NAMES, 3)

    (fill,) = of_kind(events, Filled)
    assert (int(fill.px), fill.order.client_id, fill.order.label) == (100, *NAMES)
    assert fill.order.status is OrderStatus.FILLED
    assert engine.account(ALICE).position(SYMBOL).amount == left


@pytest.mark.parametrize("qty", [None, Decimal(1), Decimal("0.5")])
def test_nothing_is_closed_beyond_the_position(qty: Decimal | None) -> None:
    engine = engine_with_book()

    with pytest.raises(OrderRefused, match="at most the position of 0"):
        engine.force_close((ALICE, SYMBOL), qty, NAMES, 3)


def test_half_of_a_lot_is_nothing() -> None:
    halves = [lots_of_half(Decimal(qty), Decimal("0.1")) for qty in ("0.1", "0.2", "0.5", "7")]

    assert halves == [0, Decimal("0.1"), Decimal("0.2"), Decimal("3.5")]


def test_an_account_may_be_denied_margin() -> None:
    engine = engine_with_book()
    engine.deny_margin(lambda account_id: account_id == ALICE)

    with pytest.raises(OrderRefused, match="at most 0 available"):
        engine.place(ALICE, buy(1, 99), 1)

    assert engine.orders() == []
