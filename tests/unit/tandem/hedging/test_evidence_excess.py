"""What is proven beyond an order's amount is an alarm and is not hedged (E10)."""

from collections.abc import Callable
from decimal import Decimal
from itertools import permutations

import pytest

from tandem.domain.ids import ExecId, HedgeId, VenueOrderId
from tandem.domain.order import OrderStatus
from tandem.messages.intents import LegSpec, RatioKind
from tests.unit.services.hedger.desk import HYPERLIQUID, SOL, Desk, d, two_venues

WORDS = "by what is told of it, and is for"


def excesses(desk: Desk) -> list[str]:
    return [text for text in desk.alarms() if WORDS in text]


def test_e10_a_trade_told_twice_under_two_names_is_hedged_as_far_as_its_order_goes() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-0.5")
    for name in ("1700-7-9", "1701-7-9"):
        desk.maker_fill(hedge, "0.4", exec_id=ExecId(name))

    assert desk.naked() == d("0.5")
    assert desk.hedge_all() == [d("0.5")]
    assert len(excesses(desk)) == 1
    assert "0.8" in excesses(desk)[0]
    assert desk.view(hedge).maker_filled == d("0.8")


@pytest.mark.parametrize("again", [1, 2])
def test_e10_a_trade_told_twice_is_hedged_once_however_often_its_orders_end_is_told(
    again: int,
) -> None:
    """The stream, an answer and the backfill each tell an end."""
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_fill(hedge, "1", exec_id=ExecId("1700-7-9"))
    desk.maker_report(hedge, OrderStatus.FILLED, "1", amount=d(-1))
    desk.maker_fill(hedge, "1", exec_id=ExecId("1701-7-9"))
    for _ in range(again):
        desk.maker_report(hedge, OrderStatus.FILLED, "1", amount=d(-1))

    assert desk.naked() == d("1")
    assert desk.hedge_all() == [d("1")]
    assert len(excesses(desk)) == 1


def test_e10_a_trade_of_an_order_that_was_replaced_takes_no_room_of_the_next() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_report(hedge, OrderStatus.NEW, amount=d(-1), venue_order_id=VenueOrderId("1"))
    for name in ("a", "b", "c"):
        desk.maker_fill(hedge, "0.6", exec_id=ExecId(name), venue_order_id=VenueOrderId("1"))
    desk.maker_report(
        hedge, OrderStatus.CANCELLED, "1", amount=d(-1), venue_order_id=VenueOrderId("1")
    )
    desk.maker_report(hedge, OrderStatus.NEW, amount=d(-2), venue_order_id=VenueOrderId("2"))
    assert desk.naked() == d("1")

    desk.maker_fill(hedge, "2", exec_id=ExecId("d"), venue_order_id=VenueOrderId("2"))

    assert desk.naked() == d("3")


def test_e10_a_replaced_order_of_unknown_size_counts_in_any_order_of_what_is_told() -> None:
    old, new = VenueOrderId("1"), VenueOrderId("2")
    told: tuple[Callable[[Desk, HedgeId], object], ...] = (
        lambda desk, hedge: desk.maker_fill(hedge, "0.4", exec_id=ExecId("a"), venue_order_id=old),
        lambda desk, hedge: desk.maker_report(
            hedge, OrderStatus.CANCELLED, "0.4", venue_order_id=old
        ),
        lambda desk, hedge: desk.maker_report(
            hedge, OrderStatus.NEW, amount=d(-1), venue_order_id=new
        ),
        lambda desk, hedge: desk.maker_fill(hedge, "1", exec_id=ExecId("b"), venue_order_id=new),
    )
    for facts in permutations(told):
        desk = two_venues()
        hedge = desk.hedge("h1", "-1")
        for tell in facts:
            tell(desk, hedge)
        assert desk.naked() == d("1.4")


def test_e10_a_cumulative_beyond_the_order_is_not_hedged_and_told_once() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    for cum in ("5", "6", "7"):
        desk.maker_report(hedge, OrderStatus.PARTIAL, cum)

    assert desk.naked() == d("1")
    assert len(excesses(desk)) == 1


def test_e10_an_order_that_was_amended_to_more_is_hedged_as_far_as_it_goes_now() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_fill(hedge, "3")
    assert desk.naked() == d("1")

    desk.maker_report(hedge, OrderStatus.PARTIAL, amount=d("-2.5"))
    assert desk.naked() == d("2.5")

    desk.maker_report(hedge, OrderStatus.PARTIAL, amount=d("-4"))
    assert desk.naked() == d("3")


def test_e10_fills_for_legs_by_price_are_given_as_far_as_the_order_goes() -> None:
    desk = two_venues()
    leg = LegSpec(exc=HYPERLIQUID, ticker=SOL, ratio_kind=RatioKind.QUOTE_OF_FILL, ratio=d("-0.01"))
    hedge = desk.hedge("h1", "-1", leg, cross_asset=True)
    desk.maker_fill(hedge, "0.6", px="100")
    desk.maker_fill(hedge, "0.6", px="200")
    desk.maker_fill(hedge, "0.6", px="300")

    assert desk.naked() == d("0.6") + d("0.8")
    assert desk.bucket().unpriced == 0

    desk.maker_report(hedge, OrderStatus.PARTIAL, amount=d("-1.5"))

    assert desk.naked() == d("0.6") + d("1.2") + d("0.9")
    assert len(excesses(desk)) == 1


def test_e10_a_taker_that_is_told_to_have_filled_more_makes_no_opposite_need() -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "0.4")
    (decision,) = desk.decide()
    cloid = decision.takers[0].client_order_id

    desk.taker_fill(cloid, "0.3")
    desk.taker_fill(cloid, "0.3")

    assert desk.naked() == 0
    assert desk.hedge_all() == []
    assert len(excesses(desk)) == 1


def test_e10_a_taker_that_the_venue_shrank_keeps_what_it_had_filled() -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    (decision,) = desk.decide()
    cloid = decision.takers[0].client_order_id
    desk.taker_fill(cloid, "0.6")

    desk.taker_report(cloid, OrderStatus.EXPIRED, "0.6", amount=d("0.5"))

    assert desk.naked() == d("0.4")
    assert excesses(desk) == []


def test_e10_an_adopted_taker_counts_as_far_as_its_decision_goes_once_that_is_read() -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "0.4")
    (decision,) = desk.decide()
    cloid = decision.takers[0].client_order_id
    back = two_venues()
    back.maker_fill(back.hedge("h1", "-1"), "0.4")
    back.foreign_fill(HYPERLIQUID, SOL, "0.4", cloid)
    back.foreign_fill(HYPERLIQUID, SOL, "0.4", cloid)
    assert back.naked() == Decimal("-0.4")

    back.read(decision, desk.log[-1].subject)

    assert back.naked() == 0
