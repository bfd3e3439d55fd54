import msgspec
import pytest

from services.hedger.book import ledger
from tandem.domain.execution import ReportSource
from tandem.domain.ids import HedgeId, maker_cloid
from tandem.domain.order import OrderStatus, RejectReason
from tandem.messages import subjects
from tandem.messages.deltas import HedgeState
from tandem.messages.hedges import Alarm, Decision
from tests.unit.services.hedger.desk import Desk, d, two_venues


def in_flight(amount: str = "-1", size: str = "1") -> tuple[Desk, HedgeId, Decision]:
    """Return a desk with one decision for a maker fill of `size`."""
    desk = two_venues()
    hedge = desk.hedge("h1", amount)
    desk.maker_fill(hedge, size)
    (decision,) = desk.decide()
    return desk, hedge, decision


def test_deciding_changes_nothing_until_the_decision_is_read() -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    before = desk.fold.dump(desk.state)

    first = desk.fold.propose(desk.state, desk.head)
    second = desk.fold.propose(desk.state, desk.head)

    assert first == second
    assert desk.fold.dump(desk.state) == before


def test_i2_a_decision_of_another_copy_counts_like_our_own() -> None:
    desk, _, decision = in_flight()

    assert ledger.in_flight(desk.bucket()) == 1
    assert desk.bucket().decisions == decision.ordinal == 1
    assert desk.decide() == []


def test_a_decision_that_contradicts_its_subject_is_an_alarm() -> None:
    desk, _, decision = in_flight()
    other = msgspec.structs.replace(decision, ordinal=7)

    desk.read(other, subjects.decision(desk.bucket().key, 0, 2))

    assert desk.bucket().decisions == 1
    assert any(isinstance(fact, Alarm) for fact in desk.appended.values())


def test_i3_a_doubt_keeps_the_taker_in_flight() -> None:
    desk, _, decision = in_flight()
    cloid = decision.takers[0].client_order_id

    desk.taker_report(cloid, OrderStatus.PENDING, in_doubt=True, source=ReportSource.LOCAL)

    assert desk.decide() == []
    assert cloid in desk.bucket().flying


def test_proven_never_sent_reopens_the_need_at_once_in_the_same_band() -> None:
    desk, _, decision = in_flight()

    desk.reject(decision.takers[0].client_order_id, RejectReason.NOT_SENT)
    (again,) = desk.decide()

    assert again.takers[0].amount == 1
    assert again.takers[0].band_bp == decision.takers[0].band_bp
    assert (again.ordinal, again.attempt) == (2, 1)


def test_stale_reopens_at_once() -> None:
    desk, _, decision = in_flight()

    desk.reject(decision.takers[0].client_order_id, RejectReason.STALE)

    assert desk.amounts() == [d(1)]


def test_a_second_no_match_waits_and_a_timer_brings_it_back() -> None:
    desk, _, decision = in_flight()
    desk.reject(decision.takers[0].client_order_id, RejectReason.NO_MATCH)
    (second,) = desk.decide()

    desk.reject(second.takers[0].client_order_id, RejectReason.NO_MATCH)

    assert desk.decide() == []
    assert "waiting to try again: NO_MATCH" in desk.bucket().held_reason
    desk.wait(50)
    (third,) = desk.decide()
    assert third.takers[0].band_bp == 20


def test_an_ioc_that_expires_with_nothing_is_no_match() -> None:
    desk, _, decision = in_flight()

    desk.taker_report(decision.takers[0].client_order_id, OrderStatus.EXPIRED, "0")

    assert desk.bucket().pace.cause == "NO_MATCH"


def test_a_hyperliquid_ioc_ends_with_the_answer_that_names_its_quantity() -> None:
    desk, _, decision = in_flight()
    cloid = decision.takers[0].client_order_id
    desk.taker_report(cloid, OrderStatus.FILLED)
    assert desk.decide() == []

    desk.taker_report(cloid, OrderStatus.FILLED, "0.6", source=ReportSource.ACK)

    assert desk.amounts() == [d("0.4")]


@pytest.mark.parametrize("first", ["fill", "report"])
def test_a_hyperliquid_ioc_filled_whole_ends_by_its_fills(first: str) -> None:
    desk, hedge, decision = in_flight()
    cloid = decision.takers[0].client_order_id
    if first == "report":
        desk.taker_report(cloid, OrderStatus.FILLED)
    desk.taker_fill(cloid, "1", "101")
    desk.taker_report(cloid, OrderStatus.FILLED)

    assert not desk.bucket().flying
    assert desk.view(hedge).legs[0].avg_px == 101


def test_margin_is_an_alarm_and_the_next_try_is_half_as_large() -> None:
    desk, _, decision = in_flight()

    desk.reject(decision.takers[0].client_order_id, RejectReason.MARGIN, "insufficient margin")

    assert desk.decide() == []
    assert any("insufficient margin" in getattr(f, "text", "") for f in desk.appended.values())
    desk.wait(5_000)
    (half,) = desk.decide()
    assert half.takers[0].amount == d("0.5")
    desk.fill_takers([half])
    assert desk.amounts() == [d("0.5")]


def test_a_quantity_refused_for_its_size_goes_out_with_the_next_fill() -> None:
    desk, hedge, decision = in_flight("-9")
    desk.reject(decision.takers[0].client_order_id, RejectReason.SIZE)
    desk.wait(1_000)
    (again,) = desk.decide()
    desk.reject(again.takers[0].client_order_id, RejectReason.SIZE)
    assert desk.decide() == []

    desk.maker_fill(hedge, "2")

    assert desk.amounts() == [d(3)]


def test_a_taker_filled_whole_is_sealed_and_repetitions_change_nothing() -> None:
    desk, _, decision = in_flight()
    cloid = decision.takers[0].client_order_id
    desk.fill_takers([decision])
    assert ledger.find(desk.bucket(), cloid) is None

    desk.taker_report(cloid, OrderStatus.FILLED, "1", source=ReportSource.QUERY)

    assert desk.effects == ()
    assert desk.naked() == 0


def test_a_known_fill_of_a_taker_counts_and_is_priced_once() -> None:
    desk, hedge, decision = in_flight()
    fill = desk.taker_fill(decision.takers[0].client_order_id, "0.4", "101")

    desk.fill(msgspec.structs.replace(fill, last_px=d(200)))

    assert desk.naked() == d("0.6")
    assert desk.view(hedge).legs[0].avg_px == 101


def test_a_fill_after_a_takers_end_is_booked() -> None:
    desk, _, decision = in_flight()
    cloid = decision.takers[0].client_order_id
    desk.taker_report(cloid, OrderStatus.EXPIRED, "0.2")

    desk.taker_fill(cloid, "0.2")
    desk.taker_fill(cloid, "0.3")

    assert desk.naked() == d("0.5")
    assert desk.amounts() == [d("0.5")]


def test_the_rest_of_a_hedge_is_done_when_its_last_taker_lands() -> None:
    desk, hedge, decision = in_flight(size="1")
    desk.maker_report(hedge, OrderStatus.FILLED, "1")
    cloid = decision.takers[0].client_order_id
    desk.taker_fill(cloid, "0.995")
    assert desk.view(hedge).state is HedgeState.HEDGING

    desk.taker_report(cloid, OrderStatus.EXPIRED, "0.995")

    assert desk.view(hedge).state is HedgeState.DONE
    assert desk.view(hedge).legs[0].owed == d("0.005")


def test_the_client_id_of_a_maker_is_no_takers() -> None:
    desk, hedge, _ = in_flight()

    desk.maker_report(hedge, OrderStatus.PARTIAL, "1")

    assert desk.link(hedge).cloid == maker_cloid(hedge)
    assert desk.bucket().done == 0


def test_a_decision_that_is_read_twice_puts_nothing_in_flight_again() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")
    desk.maker_fill(hedge, "2")
    (decision,) = desk.decide()
    read = desk.log[-1]
    desk.fill_takers([decision])
    desk.read(decision, read.subject)
    assert desk.bucket().flying == {}
    assert desk.naked() == 0
