"""An order whose facts prove more than it was for is shown so, with an alarm."""

from decimal import Decimal as D

import pytest

from tandem.domain.execution import ReportSource
from tandem.domain.ids import ExecId
from tandem.domain.order import OrderStatus, Side
from tandem.messages.codec import Fact
from tandem.messages.deltas import OrderDelta
from tandem.messages.hedges import Alarm
from tandem.messages.reports import FillReport, OrderReport
from tandem.runtime.fold.port import Append, Publish
from tests.unit.services.order_state.test_fold import CLOID, EXC, OID, TICKER, World


@pytest.mark.parametrize("by", ["fill", "report"])
def test_e10_an_order_that_is_told_to_have_filled_more_is_shown_so_with_an_alarm(by: str) -> None:
    world = World()
    world.place()
    if by == "fill":
        fact: Fact = FillReport(
            exc=EXC,
            ticker=TICKER,
            exec_id=ExecId("1"),
            venue_order_id=OID,
            client_order_id=CLOID,
            side=Side.SELL,
            last_qty=D(8),
            last_px=D(150),
            source=ReportSource.EVENT,
            ts_event_ns=1,
        )
    else:
        fact = OrderReport(
            exc=EXC,
            ticker=TICKER,
            order_status=OrderStatus.PARTIAL,
            source=ReportSource.EVENT,
            ts_event_ns=1,
            client_order_id=CLOID,
            venue_order_id=OID,
            cum_qty=D(8),
        )

    effects = world.read(fact)

    alarms = [one.fact for one in effects if isinstance(one, Append)]
    assert len(alarms) == 1
    assert isinstance(alarms[0], Alarm)
    assert "has filled 8 by what is told of it, and is for 5" in alarms[0].text
    deltas = [one.delta for one in effects if isinstance(one, Publish)]
    assert [one.order.cum_qty for one in deltas if isinstance(one, OrderDelta)][-1] == D(8)
