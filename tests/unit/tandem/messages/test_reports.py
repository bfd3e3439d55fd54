"""Quantities of fills are positive with a side."""

from decimal import Decimal as D

import pytest

from tandem.domain.execution import ReportSource
from tandem.domain.ids import Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.order import Side
from tandem.messages.reports import FillReport


@pytest.mark.parametrize(("side", "signed"), [(Side.BUY, D(2)), (Side.SELL, D(-2))])
def test_signed_quantity_follows_the_side(side: Side, signed: D) -> None:
    fill = FillReport(
        exc=Exc("venue"),
        ticker=Ticker("SOL"),
        exec_id=ExecId("e"),
        venue_order_id=VenueOrderId("1"),
        side=side,
        last_qty=D(2),
        last_px=D(100),
        source=ReportSource.EVENT,
        ts_event_ns=1,
    )
    assert fill.signed_qty == signed
