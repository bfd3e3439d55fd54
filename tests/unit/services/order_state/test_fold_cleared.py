"""An order that its gateway cancels unasked says why, while it goes and once it is gone."""

import pytest

from tandem.domain.ids import ClientOrderId
from tandem.domain.order import OrderStatus
from tandem.messages.deltas import OrderDelta, OrderView
from tandem.messages.reports import OrderCleared
from tandem.runtime.fold.port import Effect, Publish
from tests.unit.services.order_state.test_fold import CLOID, EXC, TICKER, World, _report

WHY = "no client of strategy alpha was heard for 5000 ms"
CANCELLED, FILLED, NEW = OrderStatus.CANCELLED, OrderStatus.FILLED, OrderStatus.NEW


def cleared(cloid: ClientOrderId = CLOID, text: str = WHY) -> OrderCleared:
    return OrderCleared(exc=EXC, ticker=TICKER, client_order_id=cloid, text=text)


def told(effects: list[Effect]) -> list[OrderView]:
    deltas = [one.delta for one in effects if isinstance(one, Publish)]
    return [one.order for one in deltas if isinstance(one, OrderDelta)]


def test_order_on_its_way_out_says_why_and_keeps_it_when_it_is_cancelled() -> None:
    world = World()
    world.place()
    world.read(_report(NEW))

    [going] = told(world.read(cleared()))
    [gone] = told(world.read(_report(CANCELLED, ts_event_ns=20)))

    assert (going.order_status, going.cancel_pending, going.text) == (NEW, True, WHY)
    assert (gone.order_status, gone.cancel_pending, gone.text) == (CANCELLED, False, WHY)


def test_reason_that_is_read_after_the_end_is_told_as_well() -> None:
    world = World()
    world.place()
    world.read(_report(CANCELLED, ts_event_ns=20))
    [gone] = told(world.read(cleared()))
    assert (gone.order_status, gone.text) == (CANCELLED, WHY)
    assert told(world.read(cleared(text="another"))) == []


@pytest.mark.parametrize("is_late", [False, True])
def test_order_that_filled_first_was_not_cancelled(is_late: bool) -> None:
    world = World()
    world.place()
    filled = _report(FILLED, 5, ts_event_ns=20)
    effects = [] if is_late else world.read(cleared())
    effects += world.read(filled)
    effects += world.read(cleared()) if is_late else []
    assert [view.text for view in told(effects) if view.order_status is FILLED] == [""]
    assert world.page() == ()


def test_reason_of_an_order_that_nobody_knows_changes_nothing() -> None:
    world = World()
    assert world.read(cleared()) == []
    assert world.page() == ()
