"""What a fold sees of a log in which fills go by a former identity and by the present one."""

from decimal import Decimal

import pytest

from services.order_state.fold import OrderFold
from services.position_state.fold import PositionFold
from tandem.bus.port import Entry
from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus, Side
from tandem.messages import codec, subjects
from tandem.messages.message import Message
from tandem.messages.reports import FillCost, FillReport, OrderReport
from tandem.runtime.fold.state import FoldCopy

EXC, SOL = Exc("hyperliquid"), Ticker("SOL")
FORMER, PRESENT = ExecId("1790000000000-7-10"), ExecId("7-10")


def fill(exec_id: ExecId, ts_event_ns: int = 1_790_000_000_000_000_000) -> FillReport:
    return FillReport(
        exc=EXC,
        ticker=SOL,
        exec_id=exec_id,
        venue_order_id=VenueOrderId("7"),
        client_order_id=ClientOrderId("0x" + "1" * 32),
        side=Side.BUY,
        last_qty=Decimal("0.4"),
        last_px=Decimal(150),
        source=ReportSource.EVENT,
        ts_event_ns=ts_event_ns,
    )


def order() -> OrderReport:
    return OrderReport(
        exc=EXC,
        ticker=SOL,
        order_status=OrderStatus.NEW,
        source=ReportSource.ACK,
        ts_event_ns=1_790_000_000_000_000_000,
        venue_order_id=VenueOrderId("7"),
        client_order_id=ClientOrderId("0x" + "1" * 32),
        amount=Decimal(1),
    )


def entry(seq: int, subject: str, fact: Message) -> Entry:
    return Entry(seq, 1_790_000_000_000_000_000 + seq, subject, codec.encode(fact))


def filled(seq: int, fact: FillReport) -> Entry:
    return entry(seq, subjects.fill_report(EXC, SOL, fact.exec_id), fact)


@pytest.mark.parametrize("names", [(FORMER, PRESENT), (PRESENT, FORMER), (PRESENT, PRESENT)])
def test_e10_fill_under_both_identities_counts_once(names: tuple[ExecId, ExecId]) -> None:
    orders = FoldCopy(OrderFold(), 0, frozenset())
    positions = FoldCopy(PositionFold(), 0, frozenset())
    for copy in (orders, positions):
        copy.read(entry(1, subjects.order_report(order()), order()))
        copy.read(filled(2, fill(names[0])))
        copy.read(filled(3, fill(names[1], ts_event_ns=1_790_000_000_001_000_000)))
    (record,) = orders.state.live.values()
    assert record.fills.qty == Decimal("0.4")
    (holding,) = positions.state.held.values()
    assert [one.signed_qty for one in holding.fills] == [Decimal("0.4")]


def test_e10_cost_of_a_fill_finds_it_under_either_identity() -> None:
    copy = FoldCopy(OrderFold(), 0, frozenset())
    copy.read(filled(1, fill(FORMER)))
    cost = FillCost(
        exc=EXC, ticker=SOL, exec_id=PRESENT, fee=Decimal(1), fee_asset="USDC", ts_event_ns=1
    )
    copy.read(entry(2, subjects.fill_cost(EXC, SOL, PRESENT), cost))
    (known,) = copy.state.fills[EXC].values()
    assert (known.view.exec_id, known.view.fee) == (PRESENT, Decimal(1))


def test_what_is_no_fill_is_read_as_it_is() -> None:
    copy = FoldCopy(OrderFold(), 0, frozenset())
    assert copy.read(entry(1, subjects.order_report(order()), order())).fact == order()
