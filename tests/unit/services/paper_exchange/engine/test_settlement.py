from decimal import Decimal

from services.paper_exchange.engine.events import BalanceChanged, Filled, PositionChanged
from services.paper_exchange.engine.fees import FeeSchedule
from tests.unit.services.paper_exchange.builders import (
    ALICE,
    SYMBOL,
    buy,
    engine_with_book,
    of_kind,
    sell,
)


def test_a_fill_reports_order_position_and_wallet_in_this_order() -> None:
    engine = engine_with_book()

    events = engine.place(ALICE, buy(2), 5)

    kinds = [type(e) for e in events if isinstance(e, Filled | PositionChanged | BalanceChanged)]
    assert kinds == [Filled, PositionChanged, BalanceChanged]
    assert of_kind(events, BalanceChanged)[0].change == Decimal("-0.404")
    assert of_kind(events, PositionChanged)[0].position.amount == 2


def test_a_fill_names_the_position_before_it_and_its_profit() -> None:
    engine = engine_with_book()
    engine.place(ALICE, buy(2), 1)

    fill = of_kind(engine.place(ALICE, sell(1), 2), Filled)[0]

    assert fill.start_position == 2
    assert fill.realized_pnl == fill.order.realized_pnl == -2
    assert fill.order.fee == fill.fee == Decimal("0.198")
    assert fill.order.avg_px == 99


def test_without_fee_and_profit_the_wallet_does_not_move() -> None:
    engine = engine_with_book()
    engine.account(ALICE).fees = FeeSchedule(Decimal(0), Decimal(0))

    events = engine.place(ALICE, buy(2), 1)

    assert of_kind(events, BalanceChanged) == []
    assert engine.account(ALICE).position(SYMBOL).amount == 2
