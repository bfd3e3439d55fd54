from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import pytest

from services.paper_exchange.market.instruments import px_increment, round_px
from tests.unit.services.paper_exchange.builders import contract


@pytest.mark.parametrize(
    ("px", "increment"),
    [("64000", "1"), ("105055", "1"), ("2680.6", "0.1"), ("150.25", "0.01"), ("1.2", "0.01")],
)
def test_significant_figures_coarsen_the_tick_but_integers_stay_legal(
    px: str, increment: str
) -> None:
    listed = contract(tick=Decimal("0.01"), significant_digits=5)

    assert px_increment(listed, Decimal(px)) == Decimal(increment)


def test_without_significant_figures_the_tick_is_the_increment() -> None:
    assert px_increment(contract(tick=Decimal("0.5")), Decimal(64000)) == Decimal("0.5")
    assert px_increment(contract(significant_digits=5), Decimal(0)) == 1


def test_rounding_goes_to_the_next_legal_price() -> None:
    listed = contract(tick=Decimal("0.01"), significant_digits=5)

    assert round_px(listed, Decimal("2680.66"), ROUND_FLOOR) == Decimal("2680.6")
    assert round_px(listed, Decimal("2680.61"), ROUND_CEILING) == Decimal("2680.7")
    assert str(round_px(listed, Decimal(150), ROUND_FLOOR)) == "150.00"
