"""Which changes get a line of the log, and what it says."""

from decimal import Decimal as D

import structlog
from msgspec.structs import replace
from structlog.testing import capture_logs

from tandem.domain.ids import HedgeId
from tandem.domain.order import OrderStatus, RejectReason
from tandem.messages.codec import AnyDelta
from tandem.messages.deltas import HedgeState, LegView
from tandem.runtime.trade_log import TradeLog, ending
from tests.unit.tandem.client.rows import (
    EXC,
    SOL,
    bucket_delta,
    fill_delta,
    hedge,
    hedge_delta,
    order,
    order_delta,
    position_delta,
)

FILLED, CANCELLED = OrderStatus.FILLED, OrderStatus.CANCELLED


def said(*deltas: AnyDelta) -> list[dict[str, object]]:
    """Return the fields of each line that a service says of these deltas."""
    with capture_logs() as lines:
        trades = TradeLog(structlog.get_logger())
        for delta in deltas:
            trades.stored(delta)
    return [dict(line) for line in lines]


def test_f7_an_order_that_ended_is_told_with_what_came_of_it() -> None:
    row = order("c1", FILLED, "7", cum_qty=D(1), avg_px=D("100.50"), strategy="s")
    found = ending(order_delta(12, row, "0.11.0"))
    assert found is not None
    assert found[1] == {
        "exc": EXC,
        "ticker": SOL,
        "cloid": "c1",
        "oid": "7",
        "ord_status": "FILLED",
        "amount": "1",
        "filled_sz": "1",
        "price": "100",
        "avg_px": "100.50",
        "strategy": "s",
    }


def test_f7_a_refusal_is_told_in_the_venue_s_words() -> None:
    row = order("c1", OrderStatus.REJECTED, reason=RejectReason.MARGIN, text="-2019 margin")
    found = ending(order_delta(12, row))
    assert found is not None
    assert (found[1]["reason"], found[1]["text"]) == ("MARGIN", "-2019 margin")


def test_f7_a_hedge_that_ended_is_told_with_its_legs() -> None:
    leg = LegView(exc=EXC, ticker=SOL, target=D(3), covered=D(3), owed=D(0), avg_px=D("99.9"))
    found = ending(hedge_delta(12, replace(hedge(state=HedgeState.DONE), legs=(leg,))))
    assert found is not None
    assert (found[1]["hedge_id"], found[1]["state"]) == (HedgeId("h1"), "DONE")
    assert found[1]["legs"] == [
        {
            "exc": EXC,
            "ticker": SOL,
            "target": "3",
            "covered": "3",
            "owed": "0",
            "avg_px": "99.9",
            "slippage_qty": "0",
        }
    ]


def test_f7_what_goes_on_is_not_told() -> None:
    working = (
        order_delta(11, order("c1", OrderStatus.PARTIAL)),
        hedge_delta(11, hedge()),
        hedge_delta(12, hedge(state=HedgeState.HEDGING)),
        fill_delta(11, "e1"),
        position_delta(11, "1"),
        bucket_delta(11),
    )
    assert said(*working) == []


def test_f7_each_end_is_told_once_and_a_late_fill_again() -> None:
    cancelled = order("c1", CANCELLED, "7")
    lines = said(
        order_delta(11, cancelled),
        order_delta(12, order("c1", CANCELLED, "7", avg_px=D(1)), "0.11.0"),
        order_delta(13, order("c1", FILLED, "7", cum_qty=D(1)), "0.12.0"),
        order_delta(14, order(None, CANCELLED, "8")),
        order_delta(15, order(None, CANCELLED, "9")),
        hedge_delta(16, hedge(state=HedgeState.DONE)),
        hedge_delta(17, hedge(state=HedgeState.DONE), "0.16.0"),
    )
    ended = [(line.get("oid"), line.get("ord_status", line.get("state"))) for line in lines]
    assert ended == [
        ("7", "CANCELLED"),
        ("7", "FILLED"),
        ("8", "CANCELLED"),
        ("9", "CANCELLED"),
        (None, "DONE"),
    ]
    assert {line["log_level"] for line in lines} == {"info"}
