"""Order state is a join: any order of a venue's reports, with duplicates, ends the same."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.order_state import record as records
from services.order_state.fold import OrderFold
from services.order_state.registry import Registry, find
from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Strategy, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus, OrderType, Side
from tandem.messages import subjects
from tandem.messages.codec import Fact
from tandem.messages.deltas import OrderView
from tandem.messages.intents import NewOrder
from tandem.messages.reports import FillReport, OrderReport
from tandem.runtime.fold.port import LogEvent

EXC, TICKER = Exc("binance"), Ticker("SOLUSDT")
CLOID, OID = ClientOrderId("0x" + "ab" * 16), VenueOrderId("77")
SIZE = Decimal(10)
INTENT = NewOrder(
    exc=EXC,
    ticker=TICKER,
    client_order_id=CLOID,
    amount=SIZE,
    order_type=OrderType.LIMIT,
    price=Decimal(150),
    strategy=Strategy("s"),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    """A venue's reports of one order in true order: accepted, fills, perhaps an early end."""
    lots = draw(st.lists(st.integers(1, 4), max_size=5))
    with_cum, names = draw(st.booleans()), draw(st.lists(st.booleans(), min_size=12, max_size=12))
    facts: list[Fact] = [_report(OrderStatus.NEW, Decimal(0), 1, named=True)]
    filled = Decimal(0)
    for index, lot in enumerate(lots):
        qty = min(Decimal(lot), SIZE - filled)
        if qty == 0:
            break
        filled += qty
        facts.append(_fill(index, qty, filled if with_cum else None, named=names[index]))
        status = OrderStatus.FILLED if filled == SIZE else OrderStatus.PARTIAL
        facts.append(_report(status, filled, index + 2, named=names[index + 6]))
    if filled < SIZE and draw(st.booleans()):
        facts.append(_report(OrderStatus.CANCELLED, filled, 50, named=True))
    return facts


def _report(status: OrderStatus, cum: Decimal, ts: int, *, named: bool) -> OrderReport:
    return OrderReport(
        exc=EXC,
        ticker=TICKER,
        order_status=status,
        source=ReportSource.EVENT,
        ts_event_ns=ts,
        venue_order_id=OID,
        client_order_id=CLOID if named else None,
        amount=SIZE,
        price=Decimal(150) + ts,
        cum_qty=cum,
    )


def _fill(index: int, qty: Decimal, cum: Decimal | None, *, named: bool) -> FillReport:
    return FillReport(
        exc=EXC,
        ticker=TICKER,
        exec_id=ExecId(str(index)),
        venue_order_id=OID,
        client_order_id=CLOID if named else None,
        side=Side.BUY,
        last_qty=qty,
        last_px=Decimal(150 + index),
        cum_qty=cum,
        source=ReportSource.EVENT,
        ts_event_ns=index + 2,
    )


def _folded(facts: list[Fact]) -> OrderView:
    fold, state = OrderFold(), Registry()
    intent = LogEvent(1, 1, subjects.new_order(EXC, INTENT.strategy, CLOID), INTENT)
    fold.apply(state, intent)
    for seq, fact in enumerate(facts, start=2):
        fold.apply(state, LogEvent(seq, seq, "oms.venue.x", fact))
    record = find(state, EXC, CLOID, None)
    assert record is not None
    return records.view(record)


@given(history=histories(), data=st.data())
@settings(max_examples=300, deadline=None)
def test_permuted_and_duplicated_reports_converge(history: list[Fact], data: st.DataObject) -> None:
    truth = _folded(history)
    repeated = history + data.draw(st.lists(st.sampled_from(history), max_size=4))
    shuffled = data.draw(st.permutations(repeated))
    assert _folded(shuffled) == truth


@given(history=histories())
@settings(max_examples=100, deadline=None)
def test_filled_never_exceeds_what_the_venue_proved(history: list[Fact]) -> None:
    proven = [fact.cum_qty for fact in history if isinstance(fact, OrderReport)]
    assert _folded(history).cum_qty == max(cum for cum in proven if cum is not None)


@given(history=histories(), cut=st.integers(0, 12))
@settings(max_examples=100, deadline=None)
def test_a_snapshot_anywhere_changes_nothing(history: list[Fact], cut: int) -> None:
    fold, state = OrderFold(), Registry()
    fold.apply(state, LogEvent(1, 1, subjects.new_order(EXC, INTENT.strategy, CLOID), INTENT))
    for seq, fact in enumerate(history, start=2):
        if seq - 2 == cut:
            state = fold.load(fold.dump(state))
        fold.apply(state, LogEvent(seq, seq, "oms.venue.x", fact))
    record = find(state, EXC, CLOID, None)
    assert record is not None
    assert records.view(record) == _folded(history)


@given(history=histories(), data=st.data())
@settings(max_examples=200, deadline=None)
def test_reports_alone_converge_on_the_highest_proven_quantity(
    history: list[Fact], data: st.DataObject
) -> None:
    """With every fill lost, the venue's cumulative must not fall back to an older report's."""
    reports = [fact for fact in history if isinstance(fact, OrderReport)]
    shuffled: list[Fact] = list(data.draw(st.permutations(reports)))
    highest = max(report.cum_qty for report in reports if report.cum_qty is not None)
    assert _folded(shuffled).cum_qty == highest
