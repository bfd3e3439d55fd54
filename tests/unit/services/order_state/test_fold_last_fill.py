"""Which size an order tells as that of its last fill, whether that or its end comes first."""

from decimal import Decimal as D

import pytest

from tandem.domain.order import OrderStatus
from tandem.messages.deltas import OrderDelta
from tandem.runtime.fold.port import Effect, Publish
from tests.unit.services.order_state.test_fold import World, _fill, _report


def _told(effects: list[Effect]) -> list[tuple[str, D, D]]:
    deltas = [effect.delta for effect in effects if isinstance(effect, Publish)]
    orders = [delta.order for delta in deltas if isinstance(delta, OrderDelta)]
    return [(one.order_status.value, one.cum_qty, one.last_qty) for one in orders]


@pytest.mark.parametrize("cum", [5, None])
def test_f5_an_order_that_is_filled_ahead_of_its_fill_tells_the_fills_size(cum: int | None) -> None:
    """Hyperliquid: the acknowledgement, or the word of the stream, comes before the fill."""
    world = World()
    world.place()

    told = _report(OrderStatus.FILLED, cum, avg_px=None if cum is None else D(150))
    filled = _told(world.read(told))
    followed = _told(world.read(_fill("1", 5)))

    assert filled[-1] == ("FILLED", D(cum or 0), D(5))
    assert [one[2] for one in followed] == [D(5)] * (cum is None)


def test_f5_the_last_of_several_fills_is_told_with_the_order() -> None:
    world = World()
    world.place()
    first = _told(world.read(_report(OrderStatus.FILLED, 5, avg_px=D(150))))
    between = _told(world.read(_fill("1", 2)))
    last = _told(world.read(_fill("2", 3)))

    assert first[-1] == ("FILLED", D(5), D(5))
    assert between == []
    assert last == [("FILLED", D(5), D(3))]


def test_f5_what_filled_before_is_not_of_the_last_fill() -> None:
    world = World()
    world.place()
    world.read(_fill("1", 2))

    filled = _report(OrderStatus.FILLED, 5, avg_px=D(150))
    assert _told(world.read(filled))[-1] == ("FILLED", D(5), D(3))
    assert _told(world.read(_fill("2", 3))) == [("FILLED", D(5), D(3))]
