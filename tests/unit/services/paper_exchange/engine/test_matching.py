from decimal import Decimal

import pytest

from services.paper_exchange.engine.accounts import MarginMode
from services.paper_exchange.engine.events import (
    Accepted,
    BalanceChanged,
    BookChanged,
    Cancelled,
    Expired,
    MarkChanged,
    Printed,
)
from services.paper_exchange.engine.matching import Engine
from services.paper_exchange.engine.orders import (
    EndReason,
    OrderId,
    OrderRefused,
    OrderStatus,
    Refusal,
    Side,
    TimeInForce,
)
from services.paper_exchange.market.events import DepthDelta, Mark
from services.paper_exchange.market.instruments import BINANCE_POLICY
from tests.unit.services.paper_exchange.builders import (
    ALICE,
    BOB,
    FEES,
    SYMBOL,
    blocks,
    buy,
    contract,
    engine_with_book,
    levels,
    of_kind,
    place,
    sell,
    snapshot,
    trade,
)


def test_ids_begin_where_the_venue_says() -> None:
    engine = Engine([contract()], BINANCE_POLICY, first_order_id=900, first_exec_id=70)
    engine.open_account(ALICE, Decimal(1000), FEES)
    engine.apply_market(snapshot(levels((99, 5)), levels((101, 5))), 0)

    order = place(engine, ALICE, buy(1))

    assert order.order_id == 900
    assert engine.fills()[0].exec_id == 70


def test_cancelling_takes_the_order_off_the_book() -> None:
    engine = engine_with_book()
    order = place(engine, ALICE, buy(2, 100))

    events = engine.cancel(ALICE, order.order_id, 9, EndReason.SCHEDULED)

    ended = of_kind(events, Cancelled)[0].order
    assert (ended.status, ended.reason) == (OrderStatus.CANCELLED, EndReason.SCHEDULED)
    assert ended.updated_ns == 9
    assert ended.leaves_qty == 0
    assert engine.book(SYMBOL).bids[0].px == 99


@pytest.mark.parametrize("order_id", [1, 99])
def test_an_order_that_is_not_open_cannot_be_cancelled(order_id: int) -> None:
    engine = engine_with_book()
    order = place(engine, ALICE, buy(2))
    assert order.order_id == 1

    with pytest.raises(OrderRefused) as refused:
        engine.cancel(ALICE, OrderId(order_id), 2)

    assert refused.value.refusal is Refusal.UNKNOWN_ORDER


def test_cancel_all_leaves_other_accounts_alone() -> None:
    engine = engine_with_book()
    for px in (97, 98):
        engine.place(ALICE, buy(1, px), 1)
    kept = place(engine, BOB, buy(1, 98))

    events = engine.cancel_all(ALICE, SYMBOL, 2)

    assert len(of_kind(events, Cancelled)) == 2
    assert engine.open_orders(BOB) == [kept]
    assert engine.cancel_all(ALICE, None, 3) == []


def test_replacing_gives_a_new_id_and_keeps_the_client_id_usable() -> None:
    engine = engine_with_book()
    old = place(engine, ALICE, buy(2, 98, client_id="mine"))

    done = engine.replace(ALICE, old.order_id, buy(3, 97, client_id="mine"), 2)

    new = of_kind(done.events, Accepted)[0].order
    assert done.refused is None
    assert engine.order(old.order_id).reason is EndReason.REPLACED
    assert engine.order_of_client(ALICE, "mine").order_id == new.order_id != old.order_id


def test_a_refused_replacement_has_lost_the_old_order() -> None:
    engine = engine_with_book()
    old = place(engine, ALICE, buy(2, 98))

    done = engine.replace(ALICE, old.order_id, buy(2, 101, tif=TimeInForce.POST_ONLY), 2)

    assert done.refused is not None
    assert done.refused.refusal is Refusal.WOULD_CROSS
    assert engine.open_orders(ALICE) == []
    assert len(of_kind(done.events, Cancelled)) == 1


def test_a_good_till_date_order_expires_when_its_date_has_come() -> None:
    engine = engine_with_book()
    order = place(engine, ALICE, buy(2, 98, tif=TimeInForce.GTD, expire_at_ns=50))

    early, late = engine.advance(49), engine.advance(50)

    assert engine.next_expiry_ns() is None
    assert early == []
    assert of_kind(late, Expired)[0].order.order_id == order.order_id
    assert engine.order(order.order_id).reason is EndReason.GOOD_TILL_DATE


def test_an_order_that_ended_before_its_date_does_not_expire() -> None:
    engine = engine_with_book()
    order = place(engine, ALICE, buy(2, 98, tif=TimeInForce.GTD, expire_at_ns=50))
    engine.cancel(ALICE, order.order_id, 2)

    due_ns = engine.next_expiry_ns()

    assert due_ns == 50
    assert engine.advance(50) == []


def test_the_tape_reports_book_and_mark_changes() -> None:
    engine = engine_with_book()

    events = engine.apply_market(DepthDelta(SYMBOL, 0, levels((100, 1)), ()), 2)

    assert of_kind(events, BookChanged)[0].bids == levels((100, 1))
    assert of_kind(events, MarkChanged)[0].px == Decimal("100.5")


def test_an_order_that_moves_the_middle_reports_the_mark_once() -> None:
    engine = engine_with_book()

    first, second = engine.place(ALICE, buy(5), 2), engine.place(ALICE, buy(1, 90), 3)

    assert of_kind(first, MarkChanged) == [MarkChanged(2, SYMBOL, Decimal("100.5"))]
    assert of_kind(second, MarkChanged) == []


def test_a_named_mark_goes_before_the_middle_of_the_book() -> None:
    engine = engine_with_book()

    engine.apply_market(Mark(SYMBOL, 0, Decimal(90)), 2)

    assert engine.mark_px(SYMBOL) == 90
    assert engine.mid_px(SYMBOL) == 100


def test_a_tape_that_says_nothing_new_has_no_events() -> None:
    engine = engine_with_book()

    assert engine.apply_market(DepthDelta(SYMBOL, 0, levels((99, 5)), ()), 2) == []


def test_public_trades_are_printed() -> None:
    engine = engine_with_book()

    printed = of_kind(engine.apply_market(trade(Side.BUY, 101, 3), 2), Printed)[0]

    assert printed.px == 101
    assert printed.qty == 3
    assert printed.side is Side.BUY
    assert engine.last_px(SYMBOL) == 101


def test_skipping_matches_nothing_and_publishes_later() -> None:
    engine = engine_with_book()
    order = place(engine, ALICE, buy(2, 100))

    engine.skip_market(DepthDelta(SYMBOL, 0, levels((90, 4)), levels((99, 1))))
    engine.skip_market(trade(Side.SELL, 90, 50))
    filled_before = engine.order(order.order_id).filled_qty
    events = engine.apply_market(DepthDelta(SYMBOL, 0, (), ()), 3)

    assert filled_before == 0
    assert blocks(events) == [(100, 1)]
    assert levels((90, 4))[0] in of_kind(events, BookChanged)[0].bids


def test_rewinding_forgets_displayed_size_but_not_resting_orders() -> None:
    engine = engine_with_book()
    place(engine, ALICE, buy(2, 99))

    engine.rewind("another symbol")
    kept = len(engine.book(SYMBOL).asks)
    engine.rewind()

    assert kept == 3
    assert engine.book(SYMBOL).bids == levels((99, 2))
    assert engine.book(SYMBOL).asks == ()


def test_levels_count_from_the_best_and_include_resting_orders() -> None:
    engine = engine_with_book()
    place(engine, ALICE, buy(2, 100))

    assert engine.best(SYMBOL, Side.BUY) == levels((100, 2))[0]
    assert engine.level(SYMBOL, Side.BUY, 4) == levels((97, 5))[0]
    assert engine.level(SYMBOL, Side.BUY, 5) is None
    assert engine.book(SYMBOL, 1).asks == levels((101, 5))


def test_lookups_of_what_never_was_are_refused() -> None:
    engine = engine_with_book()

    for lookup in (
        lambda: engine.order(OrderId(5)),
        lambda: engine.order_of_client(ALICE, "nobody"),
        lambda: engine.book("ABC"),
    ):
        with pytest.raises(OrderRefused):
            lookup()


def test_a_refused_order_can_be_kept_for_queries() -> None:
    engine = engine_with_book()

    kept = engine.record_refused(ALICE, buy(1, 100, client_id="mine"), Refusal.TICK, 3)

    assert engine.order_of_client(ALICE, "mine") == kept
    assert (kept.status, kept.refusal) == (OrderStatus.REJECTED, Refusal.TICK)
    assert engine.open_orders(ALICE) == []


def test_checking_changes_nothing() -> None:
    engine = engine_with_book()

    engine.check(ALICE, buy(1, 100), 1)
    engine.check_terms(ALICE, buy(1, 100), 1)

    assert engine.orders() == []


def test_history_can_be_cleared_but_open_orders_stay() -> None:
    engine = engine_with_book()
    engine.place(ALICE, buy(1, client_id="done"), 1)
    kept = place(engine, ALICE, buy(1, 98, client_id="open"))

    engine.clear_history()

    assert engine.orders() == [kept]
    assert engine.fills() == []
    assert engine.order_of_client(ALICE, "open") == kept


def test_orders_and_fills_are_listed_by_account() -> None:
    engine = engine_with_book()
    engine.place(ALICE, buy(1), 1)
    engine.place(BOB, sell(1), 1)

    assert [fill.account_id for fill in engine.fills(BOB)] == [BOB]
    assert [order.account_id for order in engine.orders(ALICE)] == [ALICE]
    assert [account.account_id for account in engine.accounts()] == [ALICE, BOB]


def test_a_deposit_changes_the_wallet() -> None:
    engine = engine_with_book()

    events = engine.deposit(ALICE, Decimal(-10), 4)

    assert events == [BalanceChanged(4, ALICE, Decimal(999_990), Decimal(-10))]
    assert engine.account(ALICE).wallet_balance == 999_990


def test_leverage_is_bounded_by_the_contract() -> None:
    engine = engine_with_book(max_leverage=10)

    engine.set_leverage(ALICE, SYMBOL, 10, MarginMode.CROSS)
    with pytest.raises(OrderRefused) as refused:
        engine.set_leverage(ALICE, SYMBOL, 11, MarginMode.CROSS)

    assert refused.value.refusal is Refusal.LEVERAGE
    assert engine.settings(ALICE, SYMBOL).leverage == 10
    assert engine.settings(BOB, SYMBOL).leverage == 20


def test_the_margin_mode_is_fixed_while_a_position_is_open() -> None:
    engine = engine_with_book()
    engine.place(ALICE, buy(1), 1)

    with pytest.raises(OrderRefused) as refused:
        engine.set_leverage(ALICE, SYMBOL, 5, MarginMode.ISOLATED)

    assert refused.value.refusal is Refusal.MARGIN_MODE


def test_isolated_margin_can_be_set_aside_and_taken_back() -> None:
    engine = engine_with_book()
    engine.set_leverage(ALICE, SYMBOL, 5, MarginMode.ISOLATED)
    engine.place(ALICE, buy(1), 1)
    free = engine.margin(ALICE).available

    engine.transfer_isolated(ALICE, SYMBOL, Decimal(40), 2)
    position = engine.transfer_isolated(ALICE, SYMBOL, Decimal(-10), 3)

    assert position.isolated_margin == 30
    assert engine.margin(ALICE).available == free - 30


@pytest.mark.parametrize(
    ("change", "isolated", "refusal"),
    [
        (-1, True, Refusal.INSUFFICIENT_MARGIN),
        (10_000_000, True, Refusal.INSUFFICIENT_MARGIN),
        (1, False, Refusal.MARGIN_MODE),
    ],
)
def test_impossible_transfers_are_refused(change: int, isolated: bool, refusal: Refusal) -> None:
    engine = engine_with_book()
    if isolated:
        engine.set_leverage(ALICE, SYMBOL, 5, MarginMode.ISOLATED)
    engine.place(ALICE, buy(1), 1)

    with pytest.raises(OrderRefused) as refused:
        engine.transfer_isolated(ALICE, SYMBOL, Decimal(change), 2)

    assert refused.value.refusal is refusal
