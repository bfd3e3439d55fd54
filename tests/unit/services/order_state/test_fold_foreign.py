"""What a fill alone tells: of an order that nobody here asked for, and of no order to show."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tandem.domain.ids import ClientOrderId, VenueOrderId
from tandem.domain.order import OrderStatus
from tandem.messages import subjects
from tandem.messages.hedges import Alarm
from tandem.messages.queries import FillsPage, OrderHistory, OrderHistoryRequest, PageRequest
from tandem.messages.reports import FillReport
from tandem.runtime.fold.port import Append, Effect, SetRow
from tests.unit.services.order_state.test_fold import CLOID, EXC, HEAD, World
from tests.unit.services.order_state.test_fold import _fill as fill
from tests.unit.services.order_state.test_fold import _report as report
from tests.unit.services.order_state.test_fold import _statuses as statuses

OTHERS = VenueOrderId("194000000001")


def others_fill(exec_id: str, **more: object) -> FillReport:
    """A fill of an order that nobody asked for here; it has no client id, and says so."""
    return replace(fill(exec_id, 2, None), **{"venue_order_id": OTHERS, "is_unnamed": True} | more)


def alarms(effects: list[Effect]) -> dict[str, str]:
    found = [one.fact for one in effects if isinstance(one, Append)]
    return {one.key: one.text for one in found if isinstance(one, Alarm)}


def test_c1_fills_of_an_order_that_nobody_tells_of_leave_no_row_that_cannot_end() -> None:
    world = World()

    effects = world.read(others_fill("1")) + world.read(others_fill("2"))

    assert world.page() == ()
    assert not any(isinstance(one, SetRow) for one in effects)
    assert statuses(effects) == []
    fills = world.fold.answer(world.state, HEAD, subjects.FILLS_PAGE, PageRequest(exc=EXC))
    assert isinstance(fills, FillsPage)
    assert [fill.last_qty for fill in fills.fills] == [2, 2]
    asked = OrderHistoryRequest(exc=EXC, oid=OTHERS)
    history = world.fold.answer(world.state, HEAD, subjects.ORDER_HISTORY, asked)
    assert history == OrderHistory(order=None)


def test_c1_what_was_filled_before_its_order_was_told_counts_when_it_is() -> None:
    world = World()
    world.read(others_fill("1"))

    effects = world.read(
        report(
            OrderStatus.FILLED,
            None,
            venue_order_id=OTHERS,
            client_order_id=None,
            amount=Decimal(-2),
        )
    )

    assert statuses(effects) == ["FILLED"]
    assert world.page() == ()


@pytest.mark.parametrize(
    "more",
    [
        {"is_unnamed": True},
        {"is_unnamed": False, "client_order_id": ClientOrderId("adl_autoclose")},
        {"is_unnamed": False, "client_order_id": ClientOrderId("0x" + "bb" * 16)},
        {"is_unnamed": False, "is_system": True},
    ],
)
def test_c1_a_fill_that_is_not_ours_is_noted_at_once_and_under_one_name_an_order(
    more: dict[str, object],
) -> None:
    world = World()

    first, second = world.read(others_fill("1", **more)), world.read(others_fill("2", **more))

    assert list(alarms(first)) == list(alarms(second)) == [f"external-{EXC}-{OTHERS}"]
    assert alarms(first) == alarms(second)


def test_c1_what_the_venue_does_without_an_order_is_noted_by_itsfill() -> None:
    world, none = World(), {"venue_order_id": VenueOrderId("0"), "is_system": True}

    told = [alarms(world.read(others_fill(name, **none))) for name in ("a", "b")]

    assert [list(one) for one in told] == [[f"external-{EXC}-a"], [f"external-{EXC}-b"]]


def test_c1_a_fill_whose_source_names_no_client_ids_is_nobodys_until_its_order_is_told() -> None:
    world = World()

    assert alarms(world.read(others_fill("1", is_unnamed=False))) == {}

    mine = world.read(fill("2", 1, CLOID))
    world.place()
    assert alarms(world.read(fill("3", 1, CLOID))) == {}
    assert len(alarms(mine)) == 1  # nobody had asked for it by then
