import pytest

from services.hedger import ledger, upkeep
from tandem.domain.execution import ReportSource
from tandem.domain.order import OrderStatus, RejectReason
from tandem.runtime.effects import SetRow
from tests.unit.services.hedger.desk import HYPERLIQUID, SOL, Desk, d, two_venues

HOUR_NS = 3_600_000_000_000


def later(desk: Desk, hours: int) -> None:
    desk.now_ns += hours * HOUR_NS
    desk.mark(HYPERLIQUID, SOL, "100")


def test_a_hedge_whose_maker_filled_whole_is_forgotten() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_fill(hedge, "1")
    desk.maker_report(hedge, OrderStatus.FILLED, "1")
    desk.hedge_all()

    later(desk, 1)

    assert SetRow(upkeep.HEDGES_PAGE, hedge, None) in desk.effects
    assert not desk.state.links
    assert not desk.state.makers
    assert not desk.state.shelf
    assert not desk.state.oids


def test_a_cancelled_maker_is_watched_until_the_retention_ends() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_report(hedge, OrderStatus.CANCELLED, "0")
    later(desk, 1)
    assert len(desk.state.shelf) == 1
    later(desk, 47)
    assert len(desk.state.shelf) == 1

    later(desk, 2)

    assert not desk.state.shelf
    assert not desk.state.oids


def test_a_hedge_with_dust_owed_stays() -> None:
    desk = two_venues(lot="0.5")
    hedge = desk.hedge("h1", "-1")
    desk.maker_fill(hedge, "0.2")
    desk.maker_report(hedge, OrderStatus.CANCELLED, "0.2")

    later(desk, 30)

    assert hedge in desk.state.links


def test_a_working_hedge_stays() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")

    later(desk, 30)

    assert hedge in desk.state.links


def test_a_taker_that_did_not_fill_whole_is_watched_until_the_retention_ends() -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    (decision,) = desk.decide()
    cloid = decision.takers[0].client_order_id
    desk.taker_report(cloid, OrderStatus.EXPIRED, "0.5")
    later(desk, 47)
    assert ledger.find(desk.bucket(), cloid) is not None

    later(desk, 2)

    assert ledger.find(desk.bucket(), cloid) is None
    assert desk.naked() == d("0.5")


def test_nothing_happens_twice_in_one_minute() -> None:
    desk = two_venues()
    later(desk, 1)

    assert upkeep.sweep(desk.state) == ()


@pytest.mark.parametrize(
    ("source", "is_known"), [(ReportSource.LOCAL, False), (ReportSource.ACK, True)]
)
def test_a_taker_that_was_never_sent_is_let_go_soon(source: ReportSource, is_known: bool) -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    (decision,) = desk.decide()
    cloid = decision.takers[0].client_order_id
    desk.taker_report(cloid, OrderStatus.REJECTED, "0", reason=RejectReason.STALE, source=source)

    later(desk, 1)

    assert (ledger.find(desk.bucket(), cloid) is not None) is is_known
    assert desk.amounts() == [d(1)]
