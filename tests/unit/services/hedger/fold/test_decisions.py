from tandem.domain import ids
from tandem.domain.order import OrderStatus
from tandem.messages import subjects
from tandem.messages.hedges import Decision
from tandem.messages.intents import LegSpec
from tandem.runtime.fold.port import Head
from tests.unit.services.hedger.desk import (
    BINANCE,
    HYPERLIQUID,
    SOL,
    SOLUSDT,
    STRATEGY,
    Desk,
    d,
    instrument,
    two_venues,
)


def test_a_decision_names_its_place_its_cause_and_its_hedges() -> None:
    desk = two_venues(lot="0.5")
    first, second = desk.hedge("h1", "-1"), desk.hedge("h2", "-1")
    desk.maker_fill(first, "0.3")
    fill = desk.maker_fill(second, "0.4")

    (proposal,) = desk.fold.propose(desk.state, desk.head)

    decision = proposal.fact
    assert isinstance(decision, Decision)
    assert proposal.subject == subjects.decision((HYPERLIQUID, SOL, decision.pool), 0, 1)
    assert (decision.as_of, decision.need, decision.ordinal) == (desk.seq, d("0.7"), 1)
    assert decision.hedge_ids == (first, second)
    assert decision.cause == subjects.fill_report(fill.exc, fill.ticker, fill.exec_id)
    assert decision.rules == desk.fold.rules


def test_a_takers_client_id_tells_bucket_epoch_ordinal_and_index() -> None:
    desk = two_venues(max_qty=d("0.5"))
    desk.maker_fill(desk.hedge("h1", "-1"), "1")

    (proposal,) = desk.fold.propose(desk.state, Head(3, desk.seq, desk.now_ns))

    assert isinstance(proposal.fact, Decision)
    name = ids.bucket_hash(HYPERLIQUID, SOL, ids.Pool(STRATEGY))
    assert [taker.client_order_id for taker in proposal.fact.takers] == [
        ids.taker_cloid(name, 3, 1, 0),
        ids.taker_cloid(name, 3, 1, 1),
    ]


def test_legs_are_decided_side_by_side() -> None:
    desk = Desk()
    eth = ids.Ticker("ETH")
    desk.specs(
        instrument(BINANCE, SOLUSDT), instrument(HYPERLIQUID, SOL), instrument(HYPERLIQUID, eth)
    )
    legs = (LegSpec(exc=HYPERLIQUID, ticker=SOL), LegSpec(exc=HYPERLIQUID, ticker=eth, ratio=d(2)))
    desk.maker_fill(desk.hedge("h1", "-1", *legs, cross_asset=True), "1")

    assert sorted(desk.amounts()) == [d(-2), d(1)]


def test_a_timer_is_armed_once_for_each_time() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1", coalesce_ms=50)
    desk.maker_fill(hedge, "0.2")

    desk.maker_fill(hedge, "0.2")

    assert len(desk.armed) == 1


def test_remainders_are_counted_when_held_and_when_they_go_out() -> None:
    desk = two_venues(lot="0.5")
    hedge = desk.hedge("h1", "-9")
    for size in ("0.2", "0.2", "0.7", "0.1", "0.3"):
        desk.maker_fill(hedge, size)
        desk.hedge_all()

    bucket = desk.bucket()

    assert (bucket.remainders_held, bucket.remainders_flushed) == (2, 2)
    assert desk.naked() == 0


def test_a_remainder_that_is_netted_away_is_not_flushed() -> None:
    desk = two_venues(lot="0.5")
    desk.maker_fill(desk.hedge("h1", "-1"), "0.2")

    desk.maker_fill(desk.hedge("h2", "1"), "0.2")

    assert not desk.bucket().holds_remainder
    assert desk.bucket().remainders_flushed == 0


def test_the_ladder_starts_anew_once_only_dust_is_left() -> None:
    desk = two_venues(lot="0.5")
    desk.maker_fill(desk.hedge("h1", "-1"), "0.7")
    (decision,) = desk.decide()
    desk.taker_report(decision.takers[0].client_order_id, OrderStatus.EXPIRED, "0")
    (again,) = desk.decide()
    assert desk.bucket().pace.tries == 1

    desk.fill_takers([again])

    assert desk.naked() == d("0.2")
    assert desk.bucket().pace.tries == 0
