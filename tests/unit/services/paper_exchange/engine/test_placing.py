import pytest

from services.paper_exchange.engine.events import Accepted, Expired
from services.paper_exchange.engine.orders import (
    EndReason,
    NewOrder,
    OrderRefused,
    OrderStatus,
    Refusal,
    StpMode,
    TimeInForce,
)
from services.paper_exchange.market.instruments import HYPERLIQUID_POLICY
from tests.unit.services.paper_exchange.builders import (
    ALICE,
    BOB,
    SYMBOL,
    blocks,
    buy,
    contract,
    engine_with_book,
    of_kind,
    place,
    sell,
)


def test_an_accepted_order_is_reported_before_its_fills() -> None:
    engine = engine_with_book()

    accepted = engine.place(ALICE, buy(2, label="note", client_id="mine"), 7)[0]

    assert isinstance(accepted, Accepted)
    assert accepted.order.status is OrderStatus.NEW
    assert accepted.order.filled_qty == 0
    assert (accepted.order.label, accepted.order.client_id) == ("note", "mine")
    assert accepted.order.created_ns == 7


@pytest.mark.parametrize(
    ("new", "reason", "filled"),
    [
        (buy(9, 101, tif=TimeInForce.IOC), EndReason.IOC_REMAINDER, 5),
        (buy(99), EndReason.MARKET_REMAINDER, 15),
        (buy(2, 100, tif=TimeInForce.IOC), EndReason.IOC_REMAINDER, 0),
    ],
    ids=("ioc", "market", "unmatched ioc"),
)
def test_what_may_not_rest_expires(new: NewOrder, reason: EndReason, filled: int) -> None:
    engine = engine_with_book()

    events = engine.place(ALICE, new, 1)

    ended = of_kind(events, Expired)[0].order
    assert ended.reason is reason
    assert ended.filled_qty == filled
    assert engine.open_orders(ALICE) == []


def test_a_market_order_trades_no_further_than_its_bound() -> None:
    engine = engine_with_book(market_take_bound=contract().tick / 100)

    order = place(engine, ALICE, buy(9))

    assert order.filled_qty == 5
    assert order.reason is EndReason.MARKET_REMAINDER


@pytest.mark.parametrize(
    ("new", "refusal"),
    [
        (buy(1, 101, tif=TimeInForce.POST_ONLY), Refusal.WOULD_CROSS),
        (sell(1, 99, tif=TimeInForce.POST_ONLY), Refusal.WOULD_CROSS),
        (buy(11, 102, tif=TimeInForce.FOK), Refusal.FOK_UNFILLABLE),
    ],
)
def test_what_the_book_forbids_is_refused_and_leaves_no_trace(
    new: NewOrder, refusal: Refusal
) -> None:
    engine = engine_with_book()

    with pytest.raises(OrderRefused) as refused:
        engine.place(ALICE, new, 1)

    assert refused.value.refusal is refusal
    assert engine.orders() == []


def test_a_post_only_order_that_does_not_cross_rests() -> None:
    engine = engine_with_book()

    assert place(engine, ALICE, buy(1, 100, tif=TimeInForce.POST_ONLY)).is_open


def test_a_fok_that_fits_fills_whole() -> None:
    engine = engine_with_book()

    events = engine.place(ALICE, buy(10, 102, tif=TimeInForce.FOK), 1)

    assert blocks(events) == [(101, 5), (102, 5)]


def test_a_fok_does_not_count_what_self_trade_prevention_would_remove() -> None:
    engine = engine_with_book()
    engine.place(ALICE, sell(3, 101), 1)
    fok = buy(7, 101, tif=TimeInForce.FOK, stp=StpMode.EXPIRE_MAKER)

    with pytest.raises(OrderRefused, match="must fill at once"):
        engine.place(ALICE, fok, 2)

    assert len(blocks(engine.place(BOB, fok, 3))) > 0


def test_a_reducing_fok_is_no_larger_than_its_position() -> None:
    engine = engine_with_book()
    engine.place(ALICE, buy(2), 1)

    with pytest.raises(OrderRefused, match="must fill at once"):
        engine.place(ALICE, sell(3, 98, reduce_only=True, tif=TimeInForce.FOK), 2)


@pytest.mark.parametrize(
    ("new", "refusal"),
    [
        (buy(1, 100, tif=TimeInForce.IOC), Refusal.IOC_NO_MATCH),
        (buy(1), Refusal.NO_LIQUIDITY),
    ],
)
def test_where_unmatched_orders_are_refused(new: NewOrder, refusal: Refusal) -> None:
    engine = engine_with_book(HYPERLIQUID_POLICY)
    if new.px is None:
        engine.rewind(SYMBOL)

    with pytest.raises(OrderRefused) as refused:
        engine.place(ALICE, new, 1)

    assert refused.value.refusal is refusal


def test_a_resting_limit_order_needs_no_match_where_unmatched_ones_are_refused() -> None:
    engine = engine_with_book(HYPERLIQUID_POLICY)

    assert place(engine, ALICE, buy(1, 100)).is_open


def test_a_market_order_on_an_empty_book_expires_where_that_is_the_rule() -> None:
    engine = engine_with_book()
    engine.rewind()

    assert place(engine, ALICE, buy(1)).reason is EndReason.MARKET_REMAINDER
