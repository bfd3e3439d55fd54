"""How long fills wait for a decision, and for a taker's fill."""

from tandem.domain.order import OrderStatus
from tandem.domain.units import NS_PER_MS
from tests.unit.services.hedger.desk import Desk, two_venues


def waited_ms(desk: Desk) -> tuple[list[int], list[int]]:
    state = desk.exposure
    taken, covered = state.to_taker.newest_ns, state.to_covered.newest_ns
    return [ns // NS_PER_MS for ns in taken], [ns // NS_PER_MS for ns in covered]


def test_a_fill_is_timed_until_its_decision_and_until_it_is_covered() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")
    desk.maker_fill(hedge, "1")
    desk.now_ns += 3 * NS_PER_MS
    decisions = desk.decide()
    desk.now_ns += 4 * NS_PER_MS
    desk.fill_takers(decisions)
    assert waited_ms(desk) == ([3], [7])


def test_what_a_taker_left_is_taken_up_again_and_no_fill_is_timed_twice_for_it() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")
    desk.maker_fill(hedge, "1")
    (decision,) = desk.decide()
    desk.taker_report(decision.takers[0].client_order_id, OrderStatus.EXPIRED, "0.25")
    desk.now_ns += NS_PER_MS
    desk.maker_fill(hedge, "1")
    desk.now_ns += 5_000 * NS_PER_MS
    desk.hedge_all()
    assert waited_ms(desk) == ([0, 5_000], [0, 5_001, 5_000])


def test_e7_a_taker_filled_whole_is_forgotten_and_its_repetitions_cover_nothing() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-5")
    desk.maker_fill(hedge, "1")
    (decision,) = desk.decide()
    fill = desk.taker_fill(decision.takers[0].client_order_id, "1")
    assert len(desk.exposure.ended) == 0
    desk.maker_fill(hedge, "2")
    desk.fill(fill)
    (bucket,) = desk.exposure.buckets.values()
    assert [str(lot.amount) for lot in bucket.lots] == ["2"]


def test_e7_a_taker_with_fills_still_to_come_is_watched() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-5")
    desk.maker_fill(hedge, "1")
    (decision,) = desk.decide()
    cloid = decision.takers[0].client_order_id
    desk.taker_report(cloid, OrderStatus.FILLED, "1")
    desk.taker_fill(cloid, "1")
    assert len(desk.exposure.ended) == 0
    assert desk.exposure.oids == {} or cloid not in desk.exposure.oids.values()
