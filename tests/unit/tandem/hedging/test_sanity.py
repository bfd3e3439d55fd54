from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.hedger.fold import prices
from tandem.domain.execution import ReportSource
from tandem.domain.ids import ExecId, HedgeId, Pool, Token, VenueOrderId, maker_cloid
from tandem.domain.order import OrderStatus, Side
from tandem.hedging import sanity
from tandem.messages import subjects
from tandem.messages.codec import Fact
from tandem.messages.hedges import Alarm, Decision, TakerOrder
from tandem.messages.intents import StopHedge
from tandem.messages.reports import FillReport, MarkReport, OrderReport, SpecsReport
from tests.unit.services.hedger.desk import HYPERLIQUID, SOL, STRATEGY, d, instrument, two_venues

HEDGE = HedgeId("h")
FILL = FillReport(
    exc=HYPERLIQUID,
    ticker=SOL,
    exec_id=ExecId("1"),
    venue_order_id=VenueOrderId("1"),
    side=Side.BUY,
    last_qty=d(1),
    last_px=d(1),
    source=ReportSource.EVENT,
    ts_event_ns=1,
)
ORDER = OrderReport(
    exc=HYPERLIQUID,
    ticker=SOL,
    order_status=OrderStatus.NEW,
    source=ReportSource.EVENT,
    ts_event_ns=1,
)
MARK = MarkReport(exc=HYPERLIQUID, ticker=SOL, mid=d(1), ts_event_ns=1)
TAKER = TakerOrder(client_order_id="t", amount=d(1), band_bp=d(5), hard_cap_bp=d(50))  # type: ignore[arg-type]
DECISION = Decision(
    exc=HYPERLIQUID,
    ticker=SOL,
    pool=Pool("p"),
    epoch=0,
    ordinal=1,
    as_of=1,
    need=d(1),
    attempt=0,
    rules="r",
    takers=(TAKER,),
)
NOW_NS = 1_000_000_000
NAN, HUGE = Decimal("NaN"), Decimal("1e40")


@pytest.mark.parametrize(
    ("fact", "changes", "field"),
    [
        (FILL, {"last_qty": d(0)}, "last_fill_sz"),
        (FILL, {"last_qty": NAN}, "last_fill_sz"),
        (FILL, {"last_px": d(-1)}, "last_px"),
        (FILL, {"last_px": d(0)}, "last_px"),
        (
            FILL,
            {"last_px": d(0), "is_system": True, "client_order_id": maker_cloid(HEDGE)},
            "last_px",
        ),
        (FILL, {"cum_qty": HUGE}, "filled_sz"),
        (ORDER, {"cum_qty": d(-1)}, "filled_sz"),
        (ORDER, {"amount": NAN}, "amount"),
        (ORDER, {"price": HUGE}, "price"),
        (ORDER, {"avg_px": NAN}, "avg_px"),
        (MARK, {"mid": d(0)}, "mid"),
        (MARK, {"mark": NAN}, "mark"),
        (DECISION, {"takers": (msgspec.structs.replace(TAKER, amount=NAN),)}, "takers"),
    ],
)
def test_a_poisonous_number_is_named(fact: Any, changes: dict[str, Any], field: str) -> None:
    assert sanity.fault(msgspec.structs.replace(fact, **changes), NOW_NS).startswith(f"{field}=")


@pytest.mark.parametrize("field", ["amount", "band_bp", "hard_cap_bp"])
def test_a_decision_that_no_gateway_will_read_puts_nothing_in_flight(field: str) -> None:
    taker = msgspec.structs.replace(TAKER, **{field: NAN})
    decision = msgspec.structs.replace(DECISION, takers=(taker,))
    assert sanity.fault(decision, NOW_NS).startswith("takers=NaN")


def test_a_poisonous_instrument_is_named() -> None:
    specs = SpecsReport(exc=HYPERLIQUID, instruments=(instrument(HYPERLIQUID, SOL, max_qty=HUGE),))

    assert sanity.fault(specs, NOW_NS).startswith("instruments=")


@pytest.mark.parametrize(
    "fact",
    [
        FILL,
        msgspec.structs.replace(FILL, cum_qty=d(1)),
        msgspec.structs.replace(FILL, is_system=True, last_px=d(0)),
        ORDER,
        msgspec.structs.replace(ORDER, cum_qty=d(0), amount=d(-1)),
        msgspec.structs.replace(ORDER, cum_qty=d(1), avg_px=Decimal("1.2345678901234567e-5")),
        MARK,
        msgspec.structs.replace(MARK, mark=d(2)),
        DECISION,
        SpecsReport(exc=HYPERLIQUID, instruments=(instrument(HYPERLIQUID, SOL),)),
        StopHedge(hedge_id="h", token=Token("t"), strategy=STRATEGY),  # type: ignore[arg-type]
    ],
)
def test_a_sound_fact_passes(fact: Fact) -> None:
    assert sanity.fault(fact, NOW_NS) == ""


def test_a_poisonous_fact_is_an_alarm_and_stops_nothing() -> None:
    desk = two_venues()

    desk.fill(msgspec.structs.replace(FILL, last_px=NAN))

    alarm = desk.appended[subjects.alarm("hedger", f"0.{desk.seq}")]
    assert isinstance(alarm, Alarm)
    assert "last_px=NaN" in alarm.text


def test_e4_what_the_venue_closes_at_no_price_is_taken_for_what_it_is() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")

    desk.fill(msgspec.structs.replace(FILL, last_px=d(0), is_system=True))

    assert desk.cancels() == [maker_cloid(hedge)]
    assert desk.alarms()[0].startswith("L3 hyperliquid: EXTERNAL")


def test_e4_an_end_whose_average_has_many_decimals_counts() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")

    desk.maker_report(hedge, OrderStatus.CANCELLED, "2", avg_px=Decimal("1.2345678901234567e-5"))

    assert desk.naked() == d(2)


def test_no_price_is_no_reference() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")
    before = dict(desk.state.lent)

    prices.lend_reference(desk.state, desk.state.links[hedge], d(0))
    prices.note_trade(desk.state, (HYPERLIQUID, SOL), d(0))

    assert desk.state.lent == before
    assert desk.state.references.get((HYPERLIQUID, SOL)) != 0
