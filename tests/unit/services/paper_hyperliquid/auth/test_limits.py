"""Budgets; numbers refer to the module's invariants."""

from decimal import Decimal

import pytest

from services.paper_hyperliquid.auth.limits import (
    AddressBudget,
    Window,
    action_count,
    action_weight,
)
from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.wire.errors import RequestError
from services.paper_hyperliquid.wire.schemas import (
    BatchModifyAction,
    CancelAction,
    CancelWire,
    LimitKind,
    ModifyWire,
    NoopAction,
    OrderAction,
    OrderKind,
    OrderWire,
)
from tests.unit.services.paper_hyperliquid.floor import Floor, limit

ALICE = "0xa"
ORDER = OrderWire(5, True, "1", "1", False, OrderKind(LimitKind("Gtc")))


def orders(count: int) -> OrderAction:
    return OrderAction([ORDER] * count, "na")


def cancels(count: int) -> CancelAction:
    return CancelAction([CancelWire(5, 1)] * count)


def test_a_window_starts_again_every_minute() -> None:
    window = Window(2)
    assert [window.take(1, 0), window.take(1, 59_999), window.take(1, 59_999)] == [
        True, True, False,
    ]  # fmt: skip
    assert window.take(2, 60_000)


def test_a_refused_weight_leaves_room_for_a_smaller_one() -> None:
    window = Window(2)
    assert not window.take(3, 0)
    assert window.take(2, 0)


def test_a_batch_counts_its_orders_for_the_address_and_less_for_the_ip() -> None:
    assert [action_count(a) for a in (orders(3), cancels(2), NoopAction())] == [3, 2, 1]
    assert action_count(BatchModifyAction([ModifyWire(1, ORDER)] * 4)) == 4
    assert [action_weight(orders(n)) for n in (1, 39, 40, 80)] == [1, 1, 2, 3]


def spent(free: int = 1) -> AddressBudget:
    budget = AddressBudget(Settings(address_free_requests=free))
    budget.take(ALICE, orders(free), Decimal(0), 0)
    return budget


def test_a_spent_budget_allows_one_action_in_ten_seconds() -> None:
    budget = spent()
    with pytest.raises(RequestError, match=r"cumulative requests sent \(2 > 1\)"):
        budget.take(ALICE, orders(1), Decimal(0), 9_999)
    budget.take(ALICE, orders(1), Decimal(0), 10_000)


def test_the_refusal_names_the_volume() -> None:
    with pytest.raises(RequestError) as caught:
        spent(100).take(ALICE, orders(1), Decimal("0.919"), 1)
    assert str(caught.value) == (
        "Too many cumulative requests sent (101 > 100) for cumulative volume traded $0.92. "
        "Place taker orders to free up 1 request per USDC traded."
    )


def test_a_dollar_traded_buys_a_request() -> None:
    spent().take(ALICE, orders(1), Decimal("1.5"), 1)


def test_reserved_weight_buys_requests() -> None:
    budget = spent()
    budget.reserve(ALICE, 5)
    budget.take(ALICE, orders(5), Decimal(0), 1)


def test_cancels_have_more_room() -> None:
    budget = spent()
    budget.take(ALICE, cancels(1), Decimal(0), 1)
    with pytest.raises(RequestError):
        budget.take(ALICE, cancels(1), Decimal(0), 2)


def test_the_limit_can_be_switched_off() -> None:
    budget = AddressBudget(Settings(address_limits=False, address_free_requests=0))
    budget.take(ALICE, orders(9), Decimal(0), 0)
    assert budget.usage(ALICE).sent == 9


def test_the_budget_can_be_asked_for_and_extended() -> None:
    floor = Floor()
    floor.order(limit("buy", "149", "1"), limit("buy", "148", "1"))
    floor.post({"type": "reserveRequestWeight", "weight": 7})
    limits = floor.ask_mine("userRateLimit")
    assert limits == {
        "cumVlm": "0.0", "nRequestsUsed": 3, "nRequestsCap": 10_007, "nRequestsSurplus": 0,
    }  # fmt: skip
