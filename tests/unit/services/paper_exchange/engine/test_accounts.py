from decimal import Decimal

import pytest

from services.paper_exchange.engine.accounts import Account, Position, apply_fill
from services.paper_exchange.engine.orders import PositionSide
from tests.unit.services.paper_exchange.builders import ALICE, FEES


def held(amount: int, entry: int) -> Position:
    return Position(symbol="XYZ", amount=Decimal(amount), entry_px=Decimal(entry))


@pytest.mark.parametrize(
    ("start", "entry", "signed", "px", "amount", "new_entry", "realized"),
    [
        (0, 0, 2, 100, 2, 100, 0),
        (2, 100, 2, 110, 4, 105, 0),
        (4, 105, -1, 115, 3, 105, 10),
        (3, 105, -3, 100, 0, 0, -15),
        (3, 105, -5, 115, -2, 115, 30),
        (-2, 115, -2, 105, -4, 110, 0),
        (-4, 110, 1, 100, -3, 110, 10),
        (-3, 110, 5, 100, 2, 100, 30),
    ],
    ids=("open", "add", "reduce", "close", "flip", "add short", "reduce short", "flip short"),
)
def test_a_fill_moves_amount_entry_and_profit(
    start: int, entry: int, signed: int, px: int, amount: int, new_entry: int, realized: int
) -> None:
    booked = apply_fill(held(start, entry), Decimal(signed), Decimal(px), 7)

    assert booked.position.amount == amount
    assert booked.position.entry_px == new_entry
    assert booked.realized_pnl == realized
    assert booked.start_position == start
    assert booked.position.updated_ns == 7


def test_profit_is_kept_to_eight_decimals() -> None:
    third = Position(symbol="XYZ", amount=Decimal(3), entry_px=Decimal(100) / 3)

    booked = apply_fill(third, Decimal(-1), Decimal(100), 0)

    assert booked.realized_pnl == Decimal("66.66666667")


def test_settling_moves_the_wallet_by_profit_less_fee() -> None:
    account = Account(ALICE, Decimal(1000), FEES)
    booked = apply_fill(held(2, 100), Decimal(-1), Decimal(110), 0)

    change = account.settle(booked, Decimal(3))

    assert change == 7
    assert account.wallet_balance == 1007
    assert account.position("XYZ").amount == 1


def test_break_even_covers_the_fees_of_the_open_position() -> None:
    account = Account(ALICE, Decimal(1000), FEES)
    account.settle(apply_fill(account.position("XYZ"), Decimal(2), Decimal(100), 0), Decimal(4))

    assert account.position("XYZ").break_even_px() == 102
    assert Position(symbol="XYZ").break_even_px() == 0


def test_unrealized_profit_of_a_short_rises_as_the_mark_falls() -> None:
    assert held(-2, 100).unrealized_pnl(Decimal(90)) == 20


def test_net_amount_adds_both_hedge_sides() -> None:
    account = Account(ALICE, Decimal(1000), FEES)
    for side, amount in ((PositionSide.LONG, 3), (PositionSide.SHORT, -1)):
        position = Position(symbol="XYZ", position_side=side, amount=Decimal(amount))
        account.positions["XYZ", side] = position

    assert account.net_amount("XYZ") == 2
