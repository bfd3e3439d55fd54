from decimal import Decimal

import msgspec
import pytest

from services.paper_exchange.engine.matching import Engine
from services.paper_exchange.engine.orders import (
    AccountId,
    NewOrder,
    OrderRefused,
    PositionSide,
    Refusal,
    TimeInForce,
)
from services.paper_exchange.market.events import Mark
from services.paper_exchange.market.instruments import HYPERLIQUID_POLICY, NotionalExemption
from tests.unit.services.paper_exchange.builders import (
    ALICE,
    SYMBOL,
    buy,
    contract,
    engine_with_book,
    place,
    sell,
)

STRICT = {
    "tick": Decimal(2),
    "lot": Decimal(2),
    "min_px": Decimal(10),
    "max_px": Decimal(1000),
    "min_qty": Decimal(2),
    "max_qty": Decimal(40),
    "market_max_qty": Decimal(20),
    "min_notional": Decimal(300),
    "band_up": Decimal("1.05"),
    "band_down": Decimal("0.95"),
}


def refusal_of(engine: Engine, new: NewOrder, account_id: AccountId = ALICE) -> Refusal | None:
    try:
        engine.check(account_id, new, 100)
    except OrderRefused as refused:
        return refused.refusal
    return None


@pytest.mark.parametrize(
    ("new", "refusal"),
    [
        (buy(4, 100), None),
        (buy(4, 99), Refusal.TICK),
        (buy(4, 0), Refusal.MIN_PRICE),
        (buy(4, 8), Refusal.MIN_PRICE),
        (buy(4, 1002), Refusal.MAX_PRICE),
        (buy(0, 100), Refusal.MIN_QTY),
        (buy(1, 100), Refusal.MIN_QTY),
        (buy(42, 100), Refusal.MAX_QTY),
        (buy(40, 100), None),
        (buy(22), Refusal.MAX_QTY),
        (buy(5, 100), Refusal.LOT),
        (buy(2, 100), Refusal.MIN_NOTIONAL),
        (buy(2), Refusal.MIN_NOTIONAL),
        (buy(4), None),
        (buy(4, 106), Refusal.PRICE_BAND),
        (buy(6, 94), None),
        (sell(4, 94), Refusal.PRICE_BAND),
        (sell(4, 106), None),
        (buy(4, 100, tif=TimeInForce.GTD, expire_at_ns=100), Refusal.GTD_BOUNDS),
        (buy(4, 100, tif=TimeInForce.GTD, expire_at_ns=101), None),
        (buy(4, 100, symbol="ABC"), Refusal.UNKNOWN_SYMBOL),
        (sell(4, 100, reduce_only=True), Refusal.REDUCE_ONLY),
    ],
)
def test_terms_are_checked(new: NewOrder, refusal: Refusal | None) -> None:
    assert refusal_of(engine_with_book(**STRICT), new) is refusal


def test_a_two_sided_band_bounds_both_sides() -> None:
    engine = engine_with_book(HYPERLIQUID_POLICY, **STRICT)

    assert refusal_of(engine, buy(6, 94)) is Refusal.PRICE_BAND
    assert refusal_of(engine, sell(4, 106)) is Refusal.PRICE_BAND


def test_without_a_mark_there_is_no_band() -> None:
    engine = Engine([contract(**STRICT)], HYPERLIQUID_POLICY)
    engine.open_account(ALICE, Decimal(100_000), engine_with_book().account(ALICE).fees)

    assert refusal_of(engine, buy(4, 900)) is None


def test_an_account_that_was_never_opened_is_refused() -> None:
    engine = engine_with_book()

    assert refusal_of(engine, buy(1, 100), AccountId("carol")) is Refusal.UNKNOWN_ACCOUNT


def test_a_client_id_is_free_again_once_its_order_has_ended() -> None:
    engine = engine_with_book()
    order = place(engine, ALICE, buy(1, 98, client_id="mine"))

    while_open = refusal_of(engine, buy(1, 98, client_id="mine"))
    engine.cancel(ALICE, order.order_id, 2)

    assert while_open is Refusal.DUPLICATE_OPEN_CLIENT_ID
    assert refusal_of(engine, buy(1, 98, client_id="mine")) is None


def test_open_orders_are_counted_by_symbol() -> None:
    engine = engine_with_book(max_open_orders=1)
    place(engine, ALICE, buy(1, 98))

    assert refusal_of(engine, buy(1, 98)) is Refusal.TOO_MANY_OPEN


@pytest.mark.parametrize(
    ("exemption", "part", "whole"),
    [
        (NotionalExemption.NONE, Refusal.MIN_NOTIONAL, Refusal.MIN_NOTIONAL),
        (NotionalExemption.FULL_CLOSE, Refusal.MIN_NOTIONAL, None),
        (NotionalExemption.REDUCE_ONLY, None, None),
    ],
)
def test_reducing_orders_below_the_minimum(
    exemption: NotionalExemption, part: Refusal | None, whole: Refusal | None
) -> None:
    policy = msgspec.structs.replace(HYPERLIQUID_POLICY, notional_exemption=exemption)
    engine = engine_with_book(policy, min_notional=Decimal(150))
    engine.place(ALICE, buy(2), 1)
    engine.apply_market(Mark(SYMBOL, 0, Decimal(50)), 2)

    assert refusal_of(engine, sell(1, 99, reduce_only=True)) is part
    assert refusal_of(engine, sell(2, 60, reduce_only=True)) is whole


def test_reducing_orders_that_already_cover_the_position_leave_no_room() -> None:
    engine = engine_with_book()
    engine.place(ALICE, buy(2), 1)
    place(engine, ALICE, sell(2, 110, reduce_only=True))

    assert refusal_of(engine, sell(1, 110, reduce_only=True)) is Refusal.REDUCE_ONLY_COVERED


def test_a_hedge_side_is_closed_by_no_more_than_it_holds() -> None:
    engine = engine_with_book()
    engine.place(ALICE, buy(2, position_side=PositionSide.LONG), 1)

    close = sell(3, 110, position_side=PositionSide.LONG)

    assert refusal_of(engine, close) is Refusal.REDUCE_ONLY
    assert refusal_of(engine, sell(2, 110, position_side=PositionSide.LONG)) is None


def test_an_order_needs_free_margin_but_a_reducing_one_does_not() -> None:
    engine = engine_with_book(default_leverage=1)
    engine.account(ALICE).wallet_balance = Decimal(500)

    assert refusal_of(engine, buy(6, 100)) is Refusal.INSUFFICIENT_MARGIN
    assert refusal_of(engine, buy(5, 100)) is None


def test_closing_passes_even_without_free_margin() -> None:
    engine = engine_with_book(default_leverage=1)
    engine.place(ALICE, buy(5), 1)
    engine.account(ALICE).wallet_balance = Decimal(0)

    assert refusal_of(engine, sell(5)) is None
    assert refusal_of(engine, sell(5, reduce_only=True)) is None


def test_a_refusal_names_the_field_the_value_and_the_rule() -> None:
    with pytest.raises(OrderRefused, match=r"^qty=3: a multiple of 2$") as refused:
        engine_with_book(lot=Decimal(2)).check(ALICE, buy(3, 100), 1)

    assert (refused.value.field, refused.value.value) == ("qty", 3)
