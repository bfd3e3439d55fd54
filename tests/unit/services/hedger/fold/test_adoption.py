import msgspec
import pytest

from services.hedger.book import ledger
from services.hedger.fold import adoption
from services.hedger.fold.state import dump, load
from tandem.domain import ids
from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, HedgeId, Pool, VenueOrderId, maker_cloid
from tandem.domain.order import OrderStatus, Side
from tandem.messages import subjects
from tandem.messages.hedges import Alarm, Decision, TakerOrder
from tandem.messages.reports import FillReport, OrderReport
from tests.unit.services.hedger.desk import HYPERLIQUID, SOL, STRATEGY, Desk, d, two_venues

BUCKET = ids.bucket_hash(HYPERLIQUID, SOL, Pool(STRATEGY))
LOST = ids.taker_cloid(BUCKET, 0, 7, 0)


def owing(amount: str = "1") -> tuple[Desk, HedgeId]:
    """A desk whose maker has sold, and whose decision to buy the hedge is lost."""
    desk = two_venues()
    hedge_id = desk.hedge("h1", "-2")
    desk.maker_fill(hedge_id, amount)
    return desk, hedge_id


def told(status: OrderStatus, cum: str | None, amount: str | None = "1") -> OrderReport:
    return OrderReport(
        exc=HYPERLIQUID,
        ticker=SOL,
        order_status=status,
        source=ReportSource.QUERY,
        ts_event_ns=1,
        venue_order_id=VenueOrderId("v7"),
        client_order_id=LOST,
        amount=None if amount is None else d(amount),
        cum_qty=None if cum is None else d(cum),
    )


def filled(desk: Desk, qty: str, cloid: ClientOrderId | None = LOST) -> FillReport:
    return FillReport(
        exc=HYPERLIQUID,
        ticker=SOL,
        exec_id=desk.next_exec(),
        venue_order_id=VenueOrderId("v7"),
        client_order_id=cloid,
        side=Side.BUY,
        last_qty=d(qty),
        last_px=d(100),
        source=ReportSource.QUERY,
        ts_event_ns=1,
    )


def test_a_report_of_a_taker_whose_decision_was_lost_covers_what_is_owed() -> None:
    desk, _ = owing()

    desk.report(told(OrderStatus.FILLED, "1"))

    assert desk.naked() == 0
    assert desk.amounts() == []


def test_an_adopted_taker_is_told_once() -> None:
    desk, _ = owing()
    desk.report(told(OrderStatus.PARTIAL, "0.4"))
    desk.report(told(OrderStatus.FILLED, "1"))

    alarms = [fact for fact in desk.appended.values() if isinstance(fact, Alarm)]

    assert [alarm.key for alarm in alarms] == [f"adopted-{LOST}"]


def test_an_adopted_taker_is_in_flight_until_its_end_is_proven() -> None:
    desk, _ = owing()

    desk.report(told(OrderStatus.PARTIAL, "0.4"))

    assert ledger.in_flight(desk.bucket()) == d("0.6")
    assert desk.amounts() == []
    desk.report(told(OrderStatus.EXPIRED, "0.4"))
    assert desk.amounts() == [d("0.6")]


def test_a_fill_without_its_order_holds_the_bucket_until_the_order_is_told() -> None:
    desk, _ = owing()

    desk.fill(filled(desk, "0.4"))

    assert desk.naked() == d("0.6")
    assert desk.amounts() == []
    desk.report(told(OrderStatus.EXPIRED, "0.4"))
    assert desk.amounts() == [d("0.6")]


def test_fills_that_name_only_the_venues_number_follow_their_order() -> None:
    desk, _ = owing()
    desk.fill(filled(desk, "1", cloid=None))

    desk.report(told(OrderStatus.FILLED, "1"))

    taker = desk.bucket().ended[LOST]
    assert taker.order.venue_orders[VenueOrderId("v7")].filled == 1


def test_an_ordinal_of_an_adopted_taker_is_never_used_again() -> None:
    desk, _ = owing()
    desk.report(told(OrderStatus.EXPIRED, "0.4"))

    (decision,) = desk.decide()

    assert decision.ordinal == 8


def test_a_taker_that_was_sealed_is_not_adopted_again() -> None:
    desk, _ = owing()
    (decision,) = desk.decide()
    desk.fill_takers([decision])
    (taker,) = decision.takers
    assert taker.client_order_id not in desk.bucket().ended
    again = msgspec.structs.replace(
        told(OrderStatus.FILLED, "1"), client_order_id=taker.client_order_id
    )

    desk.report(again)

    assert desk.naked() == 0
    assert not desk.bucket().ended


def test_a_taker_of_a_bucket_that_is_not_known_yet_waits_for_it() -> None:
    desk = two_venues()
    desk.report(told(OrderStatus.FILLED, "1"))
    assert LOST in desk.state.strays

    desk.maker_fill(desk.hedge("h1", "-2"), "1")

    assert desk.naked() == 0
    assert not desk.state.strays


def test_a_makers_fill_that_comes_before_its_hedge_is_hedged() -> None:
    desk, _ = owing()
    fill = desk.log[-1].fact
    assert isinstance(fill, FillReport)
    returned = two_venues()
    returned.fill(fill)

    returned.hedge("h1", "-2")

    assert returned.amounts() == [d(1)]


def test_an_adopted_taker_makes_no_need_while_a_filled_maker_has_no_hedge() -> None:
    desk, _ = owing()
    fill = desk.log[-1].fact
    assert isinstance(fill, FillReport)
    returned = two_venues()
    returned.hedge("h2", "-2")
    lost = msgspec.structs.replace(fill, client_order_id=maker_cloid(HedgeId("h1")))
    returned.fill(lost)

    returned.report(told(OrderStatus.FILLED, "1"))

    assert returned.naked() == -1
    assert returned.amounts() == []
    assert returned.bucket().held_reason == "makers of adopted takers are not known"
    returned.hedge("h1", "-2")
    assert returned.naked() == 0


def test_what_a_makers_fills_call_for_goes_out_beside_lost_hedges() -> None:
    desk = two_venues()
    hedge_id = desk.hedge("h2", "-2")
    desk.report(told(OrderStatus.FILLED, "0.4", "0.4"))
    desk.maker_fill(hedge_id, "1")

    assert desk.amounts() == [d("0.6")]


def test_a_decision_read_after_its_taker_was_adopted_takes_it_over() -> None:
    desk, _ = owing()
    (decision,) = desk.decide()
    story = desk.log[:-1]
    late = two_venues()
    for event in story[len(late.log) :]:
        assert not isinstance(event.fact, Exception)
        late.read(event.fact, event.subject)
    (taker,) = decision.takers
    late.report(
        msgspec.structs.replace(
            told(OrderStatus.PARTIAL, "0.4"), client_order_id=taker.client_order_id
        )
    )

    late.read(decision, subjects.decision(late.bucket().key, 0, decision.ordinal))

    assert not late.bucket().flying[taker.client_order_id].is_adopted
    assert ledger.in_flight(late.bucket()) == d("0.6")


@pytest.mark.parametrize("cloid", ["0x7a4d" + "00" * 14, f"{LOST}", "0x1", LOST[:-1] + "g"])
def test_a_decision_with_client_ids_of_another_is_refused(cloid: str) -> None:
    desk, _ = owing()
    order = TakerOrder(
        client_order_id=ClientOrderId(cloid), amount=d(1), band_bp=d(5), hard_cap_bp=d(50)
    )
    decision = Decision(
        exc=HYPERLIQUID,
        ticker=SOL,
        pool=Pool(STRATEGY),
        epoch=0,
        ordinal=1,
        as_of=1,
        need=d(1),
        attempt=0,
        rules="",
        takers=(order,),
    )

    desk.read(decision, subjects.decision(desk.bucket().key, 0, 1))

    assert not desk.bucket().flying
    assert any(isinstance(fact, Alarm) for fact in desk.appended.values())
    (next_one,) = desk.decide()
    assert next_one.ordinal == 2


def test_too_many_strays_lose_the_oldest_with_an_alarm() -> None:
    desk = two_venues()
    for number in range(adoption.MAX_STRAYS + 1):
        cloid = ids.taker_cloid("0" * 12, 0, number, 0)
        report = told(OrderStatus.FILLED, "1")
        desk.report(msgspec.structs.replace(report, client_order_id=cloid))

    assert len(desk.state.strays) == adoption.MAX_STRAYS
    assert any(isinstance(fact, Alarm) for fact in desk.appended.values())


def test_adopted_takers_and_strays_are_part_of_the_snapshot() -> None:
    desk, _ = owing()
    desk.report(told(OrderStatus.PARTIAL, "0.4"))
    desk.maker_report(HedgeId("unknown"), OrderStatus.PARTIAL, "0.2")

    assert load(dump(desk.state)) == desk.state
    assert desk.state.strays
