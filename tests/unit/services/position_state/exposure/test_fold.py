"""What the log alone says of exposure; tests/unit/services/hedger/desk.py compares all the rest."""

from decimal import Decimal as D

from services.position_state.exposure import fold as exposure
from services.position_state.exposure.state import Exposure
from services.position_state.fold import PositionFold
from tandem.domain.execution import ReportSource
from tandem.domain.ids import (
    ExecId,
    HedgeId,
    Pool,
    Ticker,
    VenueOrderId,
    bucket_hash,
    maker_cloid,
    taker_cloid,
)
from tandem.domain.order import OrderStatus, Side
from tandem.messages import subjects
from tandem.messages.hedges import Carried, HedgeRefused
from tandem.messages.intents import LegSpec, RatioKind
from tandem.messages.reports import FillReport
from tandem.runtime.fold.port import LogEvent
from tests.unit.services.hedger.desk import (
    BINANCE,
    HYPERLIQUID,
    SOL,
    SOLUSDT,
    STRATEGY,
    Desk,
    d,
    instrument,
    two_venues,
)

NAME = bucket_hash(HYPERLIQUID, SOL, Pool(STRATEGY))


def lots(state: Exposure) -> list[tuple[str, D]]:
    return [(lot.hedge_id, lot.amount) for lot in state.buckets[NAME].lots]


def reread(desk: Desk, count: int | None = None) -> Exposure:
    """Return exposure as another copy of position-state has it, from the log alone."""
    state = Exposure()
    for event in desk.log[:count]:
        exposure.apply(state, event)
    return state


def test_a_fill_is_naked_though_no_hedger_lives() -> None:
    desk = two_venues()
    desk.hedge("h1", "-3")
    desk.maker_fill(HedgeId("h1"), "2")
    assert lots(reread(desk)) == [("h1", D(2))]


def test_a_fill_is_covered_by_what_the_venue_proves_and_not_by_what_is_decided() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")
    desk.maker_fill(hedge, "2")
    (decision,) = desk.decide()
    assert lots(reread(desk)) == [("h1", D(2))]
    desk.taker_fill(decision.takers[0].client_order_id, "0.5")
    assert lots(reread(desk)) == [("h1", D("1.5"))]


def test_a_taker_whose_decision_was_lost_covers_all_the_same() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")
    desk.maker_fill(hedge, "2")
    state = reread(desk)
    cloid = taker_cloid(NAME, 0, 77, 0)
    fill = FillReport(
        exc=HYPERLIQUID,
        ticker=SOL,
        exec_id=ExecId("t1"),
        venue_order_id=VenueOrderId("o-lost"),
        client_order_id=cloid,
        side=Side.BUY,
        last_qty=D(2),
        last_px=D(100),
        source=ReportSource.EVENT,
        ts_event_ns=desk.now_ns,
    )
    subject = subjects.fill_report(HYPERLIQUID, SOL, fill.exec_id)
    exposure.apply(state, LogEvent(99, desk.now_ns, subject, fill))
    assert lots(state) == []


def test_fills_that_come_before_their_hedge_and_before_their_name_count_once_it_is_known() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")
    desk.maker_fill(hedge, "1", client_order_id=None)
    assert lots(desk.exposure) == []
    desk.maker_report(hedge, OrderStatus.PARTIAL, "1")
    assert lots(desk.exposure) == [("h1", D(1))]

    tables, intent, *rest = desk.log[1:]
    late = Exposure()
    for event in (tables, *rest, intent):
        exposure.apply(late, event)
    assert lots(late) == [("h1", D(1))]


def test_what_waits_for_its_table_counts_once_it_is_there() -> None:
    desk = two_venues()
    desk.hedge("h1", "-3")
    desk.maker_fill(HedgeId("h1"), "2")
    rules, first, second, *rest = desk.log
    state = Exposure()
    for event in (rules, *rest, first, second):
        exposure.apply(state, event)
    assert lots(state) == [("h1", D(2))]


def test_a_maker_that_was_refused_is_naked_where_it_fills_all_the_same() -> None:
    desk = two_venues()
    desk.hedge("h1", "-3")
    desk.maker_fill(HedgeId("h1"), "2")
    *before, fill = desk.log
    state = Exposure()
    refused = HedgeRefused(hedge_id=HedgeId("h1"), field_name="maker", rule="no")
    for event in before:
        exposure.apply(state, event)
    exposure.apply(state, LogEvent(90, desk.now_ns, subjects.hedge_refused(HedgeId("h1")), refused))
    assert state.hedges == {}
    exposure.apply(state, fill)
    assert lots(state) == [("h1", D(2))]


def test_a_late_fill_of_an_order_that_was_put_away_is_naked() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")
    desk.maker_fill(hedge, "1")
    desk.maker_report(hedge, OrderStatus.CANCELLED, "1")
    desk.hedge_all()
    assert desk.exposure.hedges == {}
    desk.maker_fill(hedge, "1", client_order_id=None)
    assert lots(desk.exposure) == [("h1", D(1))]


def test_a_leg_by_value_waits_for_the_mark_of_its_minute() -> None:
    desk = Desk()
    desk.specs(instrument(BINANCE, SOLUSDT), instrument(HYPERLIQUID, SOL))
    leg = LegSpec(exc=HYPERLIQUID, ticker=SOL, ratio=d(-1), ratio_kind=RatioKind.VALUE)
    hedge = desk.hedge("h1", "-3", leg)
    desk.maker_fill(hedge, "2", "100")
    assert lots(desk.exposure) == []
    desk.mark(HYPERLIQUID, SOL, "50")
    assert lots(desk.exposure) == [("h1", D(4))]


def test_poison_counts_for_nothing_and_breaks_nothing() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")
    desk.maker_fill(hedge, "NaN")
    desk.maker_fill(hedge, "1")
    assert lots(desk.exposure) == [("h1", D(1))]


def test_a_log_that_begins_anew_says_so() -> None:
    state = Exposure()
    carried = Carried(epoch=3, version="v", state="")
    exposure.apply(state, LogEvent(1, 1, subjects.carried(3), carried))
    assert "epoch 3" in state.partial


def test_on_a_log_that_begins_anew_takers_cover_what_it_has_lost_and_new_fills_are_naked() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")
    desk.maker_fill(hedge, "2")
    desk.hedge_all()
    _, *tables = desk.log[:3]
    anew = Exposure()
    carried = Carried(epoch=1, version="v", state="")
    for event in (*tables, LogEvent(2, 2, subjects.carried(1), carried), *desk.log[-3:]):
        exposure.apply(anew, event)
    assert lots(anew) == []
    later = two_venues()
    later.hedge("h2", "-1")
    later.maker_fill(HedgeId("h2"), "1", exec_id=ExecId("late"))
    for event in later.log[-2:]:
        exposure.apply(anew, event)
    assert lots(anew) == [("h2", D(1))]


def test_a_snapshot_is_the_state() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")
    desk.maker_fill(hedge, "1")
    desk.decide()
    desk.maker_fill(hedge, "1")
    fold = PositionFold()
    state = fold.initial()
    for event in desk.log:
        fold.apply(state, event)
    again = fold.load(fold.dump(state))
    assert again == state
    assert maker_cloid(hedge) in again.exposure.hedges


def test_what_is_told_of_our_taker_counts_whatever_ticker_its_venue_names() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")
    desk.maker_fill(hedge, "2")
    (decision,) = desk.decide()
    cloid = decision.takers[0].client_order_id
    desk.taker_report(cloid, OrderStatus.PARTIAL, "0.5", ticker=Ticker("SOL2"))
    assert lots(desk.exposure) == [("h1", D("1.5"))]


def test_a_refused_hedge_leaves_no_bucket_that_nothing_else_needs() -> None:
    desk = two_venues()
    desk.hedge("h1", "-3")
    for name in ("a", "b"):
        desk.hedge(name, "-3.001", pool=Pool(f"pool-{name}"))
        refused = desk.refusal(name)
        assert refused is not None
        desk.read(refused, subjects.hedge_refused(HedgeId(name)))
    assert list(desk.exposure.buckets) == [NAME]


def test_a_refused_hedge_leaves_the_bucket_that_another_waits_in() -> None:
    desk = two_venues()
    for name in ("h1", "h2"):
        desk.hedge(name, "-3.001")
    refused = desk.refusal("h1")
    assert refused is not None
    desk.read(refused, subjects.hedge_refused(HedgeId("h1")))
    assert list(desk.exposure.buckets) == [NAME]
