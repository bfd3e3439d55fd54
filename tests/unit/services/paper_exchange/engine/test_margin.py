from decimal import Decimal

from services.paper_exchange.engine.orders import PositionSide
from services.paper_exchange.market.events import Mark
from tests.unit.services.paper_exchange.builders import (
    ALICE,
    SYMBOL,
    buy,
    engine_with_book,
    place,
    sell,
)


def test_an_untouched_account_is_all_available() -> None:
    margin = engine_with_book().margin(ALICE)

    assert margin.available == margin.equity == 1_000_000
    assert margin.positions == ()


def test_a_position_is_valued_at_mark() -> None:
    engine = engine_with_book(default_leverage=10, maint_margin_rate=Decimal("0.05"))
    engine.place(ALICE, buy(5), 1)
    engine.apply_market(Mark(SYMBOL, 0, Decimal(111)), 2)

    margin = engine.margin(ALICE)

    row = margin.positions[0]
    assert row.notional == 555
    assert row.unrealized_pnl == 50
    assert margin.position_initial_margin == margin.initial_margin == Decimal("55.5")
    assert margin.maint_margin == Decimal("27.75")
    assert margin.equity == margin.wallet_balance + 50
    assert margin.available == margin.equity - Decimal("55.5")


def test_open_orders_need_margin_on_the_side_that_needs_most() -> None:
    engine = engine_with_book(default_leverage=1)
    place(engine, ALICE, buy(3, 98))
    place(engine, ALICE, sell(2, 110))

    margin = engine.margin(ALICE)

    assert margin.open_order_initial_margin == 294
    assert margin.positions[0].buy_notional == 294
    assert margin.positions[0].sell_notional == 220


def test_orders_that_shrink_the_position_need_no_margin() -> None:
    engine = engine_with_book(default_leverage=1)
    engine.place(ALICE, buy(5), 1)
    place(engine, ALICE, sell(5, 105))
    place(engine, ALICE, sell(2, 110, reduce_only=True))

    assert engine.margin(ALICE).open_order_initial_margin == 0


def test_hedge_sides_need_margin_each() -> None:
    engine = engine_with_book(default_leverage=1)
    engine.place(ALICE, buy(2, position_side=PositionSide.LONG), 1)
    engine.place(ALICE, sell(2, position_side=PositionSide.SHORT), 1)
    mark_px = engine.mark_px(SYMBOL)
    assert mark_px is not None

    assert engine.margin(ALICE).position_initial_margin == 4 * mark_px


def test_free_margin_never_falls_below_zero() -> None:
    engine = engine_with_book(default_leverage=1)
    engine.place(ALICE, buy(5), 1)
    engine.account(ALICE).wallet_balance = Decimal(1)

    assert engine.margin(ALICE).available == 0
