import json

from services.hedger.fold import views
from services.hedger.fold.step import Turn
from tandem.domain.ids import HedgeId
from tandem.domain.order import OrderStatus, RejectReason
from tandem.gateway.core.pre_trade_checks import check_worth
from tandem.messages.deltas import BucketDelta, HedgeDelta, HedgeState
from tandem.messages.reports import MidAt
from tandem.runtime.fold.port import Publish, SetRow
from tests.unit.services.hedger.desk import HYPERLIQUID, SOL, Desk, d, two_venues


def published(desk: Desk) -> list[Publish]:
    return [effect for effect in desk.effects if isinstance(effect, Publish)]


def test_each_delta_names_the_one_before_it_of_its_entity() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    first = {one.entity: one.delta.delta_id for one in published(desk)}

    desk.maker_fill(hedge, "0.5")

    assert {one.entity: one.delta.prev for one in published(desk)} == first
    assert set(first) == {"hedge:h1", "bucket:hyperliquid:SOL:basis"}


def test_deltas_of_one_fact_differ_by_their_index() -> None:
    desk = two_venues()
    desk.hedge("h1", "-1")

    names = [one.delta.delta_id for one in published(desk)]

    assert names == [f"0.{desk.seq}.0", f"0.{desk.seq}.1"]
    assert [one.subject.endswith(name) for one, name in zip(published(desk), names, strict=True)]


def test_every_change_writes_its_row() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")

    desk.maker_fill(hedge, "0.5")

    rows = [effect for effect in desk.effects if isinstance(effect, SetRow)]
    assert {(row.page, row.row) for row in rows} == {
        (views.HEDGES_PAGE, "h1"),
        (views.BUCKETS_PAGE, "hyperliquid:SOL:basis"),
    }
    known = tuple(SetRow(page, "", None) for page in (views.HEDGES_PAGE, views.BUCKETS_PAGE))
    assert (*known, *rows) == desk.fold.rows(desk.state)
    assert json.loads(rows[1].value or b"")["owed"] == "0.5"


def test_a_bucket_shows_its_three_numbers_and_why_it_waits() -> None:
    desk = two_venues(lot="0.2")
    desk.mark(HYPERLIQUID, SOL, "101")
    desk.maker_fill(desk.hedge("h1", "-1"), "0.5")
    desk.decide()

    view = desk.bucket_views[-1]

    assert (view.maker_target, view.taker_filled, view.owed) == (d("0.5"), d(0), d("0.5"))
    assert (view.in_flight, view.remainder) == (d("0.4"), d("0.1"))
    assert (view.lo, view.hi) == (d("0.1"), d("0.5"))
    assert view.naked_notional == d("50.5")
    assert view.naked_since_ns == desk.now_ns
    assert view.held_reason == "below the lot: 0.2"
    assert view.decisions == 1


def test_a_leg_shows_average_price_slippage_and_time_to_hedge() -> None:
    desk = two_venues()
    desk.mark(HYPERLIQUID, SOL, "90")  # a minute old: nothing is measured against it
    hedge = desk.hedge("h1", "-1")
    desk.maker_fill(hedge, "1", "100.5")
    (decision,) = desk.decide()
    assert decision.fills_ns == (desk.now_ns,)
    mids = (MidAt(at_ns=desk.now_ns, mid=d(100)),)
    desk.now_ns += 3_000_000
    desk.taker_fill(decision.takers[0].client_order_id, "0.5", "100.1", mids=mids)
    desk.now_ns += 2_000_000

    desk.taker_fill(decision.takers[0].client_order_id, "0.5", "100.3", mids=mids)

    leg = desk.view(hedge).legs[0]
    assert (leg.target, leg.covered, leg.owed) == (d(1), d(1), d(0))
    assert leg.avg_px == d("100.2")
    assert (leg.slippage_bp, leg.slippage_qty) == (d(20), d(1))
    assert leg.fill_to_hedge_ns_mean == 4_000_000
    assert desk.view(hedge).maker_avg_px == d("100.5")


def test_slippage_is_of_what_had_a_book_when_its_maker_filled_and_says_how_much_that_was() -> None:
    desk = two_venues()
    desk.mark(HYPERLIQUID, SOL, "90")
    hedge = desk.hedge("h1", "-1")
    desk.maker_fill(hedge, "0.25")
    first = desk.now_ns
    desk.now_ns += 1_000_000
    desk.maker_fill(hedge, "0.75")
    (decision,) = desk.decide()
    assert decision.fills_ns == (first, desk.now_ns)
    cloid = decision.takers[0].client_order_id

    desk.taker_fill(cloid, "0.125", "101")
    leg = desk.view(hedge).legs[0]
    assert (leg.slippage_bp, leg.slippage_qty) == (None, d(0))

    desk.taker_fill(cloid, "0.875", "101", mids=(MidAt(at_ns=first, mid=d(100)),))
    leg = desk.view(hedge).legs[0]
    assert (leg.covered, leg.slippage_bp, leg.slippage_qty) == (d(1), d(100), d("0.125"))


def test_a_maker_that_the_venue_refused_is_a_refused_hedge_with_the_reason() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")

    desk.maker_report(
        hedge, OrderStatus.REJECTED, reason=RejectReason.MARGIN, text="margin is insufficient"
    )

    assert desk.view(hedge).state is HedgeState.REFUSED
    assert desk.view(hedge).text == "margin is insufficient"


def test_a_refused_maker_that_fills_after_all_is_hedged() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_report(hedge, OrderStatus.REJECTED, reason=RejectReason.OTHER)

    desk.maker_fill(hedge, "0.5")

    assert desk.view(hedge).state is HedgeState.HEDGING
    assert desk.hedge_all() == [d("0.5")]
    assert "LATE_FILL 0.5" in desk.view(hedge).text


def test_a_maker_filled_whole_by_its_fills_needs_no_report() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_fill(hedge, "1")
    assert desk.view(hedge).state is HedgeState.HEDGING

    desk.hedge_all()

    assert desk.view(hedge).state is HedgeState.DONE


def test_a_hedge_that_is_nowhere_has_no_view() -> None:
    desk = two_venues()
    turn = Turn(desk.log[-1])
    turn.touch_link(HedgeId("gone"))

    views.publish(desk.state, turn)

    assert turn.effects == []


def test_the_deltas_of_two_copies_are_the_same() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_fill(hedge, "1")
    desk.hedge_all()
    other = desk.fold.initial()

    again = [desk.fold.apply(other, event) for event in desk.log]

    assert again[-1] == desk.effects
    deltas = [e.delta for one in again for e in one if isinstance(e, Publish)]
    assert {type(delta) for delta in deltas} == {HedgeDelta, BucketDelta}
    assert other == desk.state


def test_f8_a_maker_that_is_worth_too_much_is_a_refused_hedge_in_the_gateways_words() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-50000")
    maker = desk.link(hedge).maker
    listed = desk.state.instruments[maker.exc][maker.ticker]
    refused = check_worth(listed, maker.amount, maker.price, d(1_000_000))
    assert refused is not None

    desk.maker_report(hedge, OrderStatus.REJECTED, reason=refused.reason, text=refused.text)

    assert desk.view(hedge).state is HedgeState.REFUSED
    assert desk.view(hedge).text == refused.text
    assert "amount=-50000: notional 5000000 at 100 is above" in refused.text
