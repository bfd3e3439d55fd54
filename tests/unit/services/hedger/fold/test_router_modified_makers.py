"""Case 16: a Hyperliquid modify gives an order of one client id a new number at the venue.

Our gateways do not modify; a person may. What such an order fills is the sum over its numbers.
"""

import itertools

import pytest

from tandem.domain.ids import ExecId, HedgeId, VenueOrderId
from tandem.domain.order import OrderStatus
from tandem.messages.deltas import HedgeState
from tests.unit.services.hedger.desk import Desk, d, two_venues

OLD, NEW_ONE = VenueOrderId("old"), VenueOrderId("new")
NEW, CANCELLED, FILLED = OrderStatus.NEW, OrderStatus.CANCELLED, OrderStatus.FILLED


def quoted() -> tuple[Desk, HedgeId]:
    """Return a desk whose maker rests under its old number with 1 of 3 filled and hedged."""
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")
    desk.maker_report(hedge, NEW, amount=d(-3), venue_order_id=OLD)
    desk.maker_fill(hedge, "1", venue_order_id=OLD)
    assert desk.hedge_all() == [d(1)]
    return desk, hedge


def test_case_16_a_fill_of_the_replacement_before_its_acknowledgement_joins_the_order() -> None:
    desk, hedge = quoted()

    desk.maker_fill(hedge, "0.5", venue_order_id=NEW_ONE)

    assert desk.hedge_all() == [d("0.5")]
    desk.maker_report(hedge, CANCELLED, "1", venue_order_id=OLD)
    desk.maker_report(hedge, NEW, amount=d(-2), venue_order_id=NEW_ONE, replaces_oid=OLD)
    assert desk.decide() == []
    assert desk.view(hedge).state is HedgeState.WORKING
    assert desk.view(hedge).maker_filled == d("1.5")


def test_case_16_the_acknowledgement_of_the_replacement_may_be_missing() -> None:
    desk, hedge = quoted()
    desk.maker_report(hedge, CANCELLED, "1", venue_order_id=OLD)

    desk.maker_fill(hedge, "2", venue_order_id=NEW_ONE)

    assert desk.hedge_all() == [d(2)]
    assert desk.view(hedge).state is HedgeState.DONE


def test_case_16_the_cancel_of_the_old_number_closes_nothing_for_good() -> None:
    desk, hedge = quoted()

    desk.maker_report(hedge, CANCELLED, "1", venue_order_id=OLD)
    desk.maker_report(hedge, NEW, amount=d(-2), venue_order_id=NEW_ONE, replaces_oid=OLD)

    assert desk.view(hedge).state is HedgeState.WORKING
    desk.maker_fill(hedge, "2", venue_order_id=NEW_ONE)
    assert desk.hedge_all() == [d(2)]
    assert desk.view(hedge).text == ""  # not late: it was never over


def test_case_16_a_replacement_for_more_is_watched_to_its_own_end() -> None:
    desk, hedge = quoted()
    desk.maker_report(hedge, NEW, amount=d(-7), venue_order_id=NEW_ONE, replaces_oid=OLD)
    desk.maker_report(hedge, CANCELLED, "1", venue_order_id=OLD)

    desk.maker_fill(hedge, "2", venue_order_id=NEW_ONE)  # 3 of 3, as first asked for

    assert desk.view(hedge).state is HedgeState.WORKING
    desk.maker_fill(hedge, "5", venue_order_id=NEW_ONE)
    desk.maker_report(hedge, FILLED, "7", venue_order_id=NEW_ONE)
    assert desk.hedge_all() == [d(7)]
    assert desk.view(hedge).state is HedgeState.DONE


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_case_16_any_order_of_a_modifys_facts_hedges_the_same(order: tuple[int, ...]) -> None:
    desk, hedge = quoted()
    fill = {"exec_id": ExecId("e-new"), "venue_order_id": NEW_ONE}
    facts = (
        lambda: desk.maker_report(hedge, CANCELLED, "1", venue_order_id=OLD),
        lambda: desk.maker_report(hedge, NEW, amount=d(-2), venue_order_id=NEW_ONE),
        lambda: desk.maker_fill(hedge, "0.4", **fill),
        lambda: desk.maker_report(hedge, CANCELLED, "0.4", venue_order_id=NEW_ONE),
    )

    for index in order:
        facts[index]()

    assert sum(desk.hedge_all()) == d("0.4")
    assert desk.view(hedge).state is HedgeState.DONE
    assert desk.bucket().target == d("1.4")
