import pytest
from msgspec import Struct

from services.paper_hyperliquid.info.info import weight_of
from services.paper_hyperliquid.info.markets import InfoError
from services.paper_hyperliquid.service import MASTER
from services.paper_hyperliquid.wire.info_requests import (
    AllMids,
    HistoricalOrders,
    InfoRequest,
    OpenOrders,
    UserFills,
    UserRole,
)
from tests.unit.services.paper_hyperliquid.floor import Floor


class Unheard(Struct):
    """A question that nobody answers."""


@pytest.mark.parametrize(
    ("question", "rows", "weight"),
    [(AllMids(), 0, 2), (UserRole(MASTER), 0, 60), (OpenOrders(MASTER), 90, 20),
     (HistoricalOrders(MASTER), 2_000, 120),
     (UserFills(MASTER), 39, 21), (UserFills(MASTER), 40, 22)],
)  # fmt: skip
def test_weights(question: InfoRequest, rows: int, weight: int) -> None:
    assert weight_of(question, rows) == weight


def test_every_part_refuses_a_question_that_is_not_its_own() -> None:
    info = Floor().info
    for part in (info.markets, info.orders, info.accounts):
        with pytest.raises(InfoError, match="Unheard"):
            part.answer(Unheard(), 0)
