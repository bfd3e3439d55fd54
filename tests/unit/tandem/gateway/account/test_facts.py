"""Under which subject each fact of a gateway is logged."""

from decimal import Decimal

import pytest

from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus, Side
from tandem.gateway.account.facts import (
    GatewayFact,
    may_follow,
    stamped,
    venue_ns,
    without_passed_stages,
)
from tandem.messages.reports import (
    FillCost,
    FillReport,
    IntentRefused,
    LinkReport,
    LinkState,
    OrderReport,
    PositionReport,
)

EXC, SOL = Exc("v"), Ticker("SOL")
ORDER = OrderReport(
    exc=EXC,
    ticker=SOL,
    order_status=OrderStatus.NEW,
    source=ReportSource.ACK,
    ts_event_ns=5,
    client_order_id=ClientOrderId("c"),
)
FILL = FillReport(
    exc=EXC,
    ticker=SOL,
    exec_id=ExecId("7"),
    venue_order_id=VenueOrderId("1"),
    side=Side.BUY,
    last_qty=Decimal(1),
    last_px=Decimal(1),
    source=ReportSource.EVENT,
    ts_event_ns=6,
)
COST = FillCost(
    exc=EXC, ticker=SOL, exec_id=ExecId("7"), fee=Decimal(1), fee_asset="USD", ts_event_ns=7
)
POSITION = PositionReport(
    exc=EXC,
    ticker=SOL,
    amount=Decimal("-1.50"),
    entry=Decimal(9),
    source=ReportSource.QUERY,
    ts_event_ns=8,
)
REFUSED = IntentRefused(exc=EXC, subject="a.b", field_name="f", rule="r")
LINK = LinkReport(exc=EXC, run="run", n=3, state=LinkState.UP)


@pytest.mark.parametrize(
    ("fact", "happened_ns"),
    [(ORDER, 5), (FILL, 6), (COST, 7), (POSITION, 8), (REFUSED, None), (LINK, None)],
)
def test_a_venues_fact_says_when_it_happened(fact: GatewayFact, happened_ns: int | None) -> None:
    assert venue_ns(fact) == happened_ns


def test_only_orders_and_fills_say_when_they_were_logged() -> None:
    order = stamped(ORDER, 9)
    assert isinstance(order, OrderReport)
    assert order.ts_sent_ns == 9
    assert stamped(POSITION, 9) is POSITION


@pytest.mark.parametrize(
    ("status", "source", "follows"),
    [
        (OrderStatus.NEW, ReportSource.EVENT, True),
        (OrderStatus.PARTIAL, ReportSource.EVENT, True),
        (OrderStatus.FILLED, ReportSource.EVENT, False),
        (OrderStatus.CANCELLED, ReportSource.EVENT, False),
        (OrderStatus.NEW, ReportSource.ACK, False),
        (OrderStatus.NEW, ReportSource.QUERY, False),
    ],
)
def test_only_an_orders_life_as_the_stream_tells_it_may_follow(
    status: OrderStatus, source: ReportSource, follows: bool
) -> None:
    report = OrderReport(
        exc=Exc("binance"),
        ticker=Ticker("SOLUSDT"),
        order_status=status,
        source=source,
        ts_event_ns=1,
        venue_order_id=VenueOrderId("7"),
    )
    assert may_follow(report) is follows


def _stage(cum: str | None, ts_ns: int, oid: str = "1") -> GatewayFact:
    return OrderReport(
        exc=EXC,
        ticker=SOL,
        order_status=OrderStatus.PARTIAL,
        source=ReportSource.EVENT,
        ts_event_ns=ts_ns,
        venue_order_id=VenueOrderId(oid),
        cum_qty=Decimal(cum) if cum is not None else None,
    )


def test_stage_that_a_later_one_has_passed_is_left_out() -> None:
    first, other, last = _stage("1", 5), _stage("1", 5, oid="2"), _stage("3", 6)
    assert without_passed_stages([first, other, last]) == [other, last]


@pytest.mark.parametrize(
    "stages",
    [
        [_stage("3", 5), _stage("1", 6)],
        [_stage("1", 6), _stage("3", 5)],
        [_stage(None, 5), _stage("3", 6)],
        [_stage("1", 5), _stage(None, 6)],
    ],
    ids=["it had more", "it was later", "its quantity is not told", "the later tells none"],
)
def test_stage_that_says_what_the_later_does_not_is_kept(
    stages: list[GatewayFact],
) -> None:
    assert without_passed_stages(stages) == stages


def test_acceptance_and_costs_are_kept_beside_a_stage() -> None:
    following: list[GatewayFact] = [ORDER, COST, _stage("3", 6)]
    assert without_passed_stages(following) == following
