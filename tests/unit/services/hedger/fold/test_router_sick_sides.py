"""The listed cases in which a side is sick: makers are suspended, what is owed is kept."""

from services.hedger.policy.rules import HedgeRules
from tandem.domain.execution import ReportSource
from tandem.domain.ids import HedgeId, maker_cloid
from tandem.domain.order import OrderStatus, RejectReason
from tandem.messages.deltas import HedgeState
from tandem.messages.intents import LegSpec
from tandem.messages.reports import LinkState
from tests.unit.services.hedger.desk import (
    BINANCE,
    HYPERLIQUID,
    SOL,
    SOLUSDT,
    Desk,
    d,
    instrument,
    two_venues,
)

ONE, TWO = HedgeId("h1"), HedgeId("h2")


def test_case_19_a_hedge_venue_down_for_a_minute_suspends_makers_and_keeps_the_need() -> None:
    desk = two_venues()
    desk.session(HYPERLIQUID, LinkState.RESYNCED)
    hedge = desk.hedge("h1", "-3")
    desk.maker_fill(hedge, "1")
    desk.fill_takers(desk.decide())

    desk.session(HYPERLIQUID, LinkState.DOWN, text="channel user: silent")
    desk.maker_fill(hedge, "0.4")  # the cancel is on its way, the maker still fills

    assert desk.cancels() == [maker_cloid(ONE)]
    assert desk.decide() == []
    assert desk.naked() == d("0.4")
    assert desk.bucket().held_reason.startswith("the hedge account is sick: no session")
    desk.maker_report(hedge, OrderStatus.CANCELLED, "1.4")
    desk.wait(60_000)
    assert desk.decide() == []

    desk.session(HYPERLIQUID, LinkState.UP)
    assert desk.decide() == []  # what happened meanwhile is not known yet
    desk.session(HYPERLIQUID, LinkState.RESYNCED)

    assert desk.hedge_all() == [d("0.4")]
    assert desk.view(hedge).state is HedgeState.DONE
    assert len(desk.alarms()) == 1


def test_f6_orderly_starts_and_stops_of_an_idle_desk_raise_no_alarm() -> None:
    desk = two_venues()
    for _ in range(2):
        for state in (LinkState.DOWN, LinkState.UP, LinkState.RESYNCED, LinkState.DOWN):
            desk.session(BINANCE, state)
            desk.session(HYPERLIQUID, state)
    assert desk.alarms() == []


def test_f6_what_a_finished_hedge_leaves_raises_none_either() -> None:
    desk = two_venues()
    desk.session(HYPERLIQUID, LinkState.RESYNCED)
    hedge = desk.hedge("h1", "-1")
    desk.maker_fill(hedge, "1")
    desk.maker_report(hedge, OrderStatus.FILLED, "1")
    desk.hedge_all()
    assert desk.view(hedge).state is HedgeState.DONE
    desk.session(HYPERLIQUID, LinkState.DOWN)
    assert desk.alarms() == []


def test_f6_a_hedge_that_waits_for_an_account_is_reason_for_an_alarm() -> None:
    desk = two_venues()
    desk.session(HYPERLIQUID, LinkState.RESYNCED)
    desk.hedge("h1", "-1")
    desk.session(HYPERLIQUID, LinkState.DOWN)
    assert [text.split()[0] for text in desk.alarms()] == ["L2"]


def test_case_19_every_copy_asks_for_the_same_cancels() -> None:
    first, second = two_venues(), two_venues()
    for desk in (first, second):
        desk.session(HYPERLIQUID, LinkState.RESYNCED)
        desk.hedge("h1", "-1")
        desk.hedge("h2", "1")
        desk.session(HYPERLIQUID, LinkState.DOWN)

    assert first.cancels() == [maker_cloid(ONE), maker_cloid(TWO)]
    assert first.appended == second.appended


def test_case_19_one_of_two_sessions_down_is_no_sickness() -> None:
    desk = two_venues()
    for run in ("one", "two"):
        desk.session(HYPERLIQUID, LinkState.RESYNCED, run)
    hedge = desk.hedge("h1", "-1")

    desk.session(HYPERLIQUID, LinkState.DOWN, "one")
    desk.maker_fill(hedge, "1")

    assert desk.cancels() == []
    assert desk.hedge_all() == [d(1)]


def test_case_19_makers_that_hedge_elsewhere_stay() -> None:
    desk = Desk()
    desk.specs(instrument(BINANCE, SOLUSDT), instrument(HYPERLIQUID, SOL))
    desk.hedge("h1", "-1", LegSpec(exc=BINANCE, ticker=SOLUSDT))

    desk.session(HYPERLIQUID, LinkState.DOWN)

    assert desk.cancels() == []


def test_case_19_a_hedge_asked_for_meanwhile_waits_and_is_quoted_on_return() -> None:
    desk = two_venues()
    desk.session(HYPERLIQUID, LinkState.DOWN, text="started")

    desk.hedge("h1", "-1", valid_for_ms=5_000)

    assert desk.hedge_views[ONE].text.startswith("waiting for hyperliquid to be well")
    assert ONE not in desk.state.links
    desk.wait(4_000)
    desk.session(HYPERLIQUID, LinkState.RESYNCED)
    assert desk.link(ONE).cloid == maker_cloid(ONE)


def test_case_19_a_hedge_asked_for_meanwhile_is_refused_once_its_validity_is_over() -> None:
    desk = two_venues()
    desk.session(HYPERLIQUID, LinkState.DOWN, text="started")
    desk.hedge("h1", "-1", valid_for_ms=5_000)

    desk.wait(5_000)

    refused = desk.refusal("h1")
    assert refused is not None
    assert refused.field_name == "legs[0].exc"
    assert "waited 5000 ms for hyperliquid to be well" in refused.rule


def test_case_19_two_unknown_takers_within_three_seconds_suspend_and_resolve_first() -> None:
    desk = two_venues(HedgeRules(clip_notional=d(50)), lot="0.25")
    hedge = desk.hedge("h1", "-3")
    desk.mark(HYPERLIQUID, SOL, "100")
    desk.maker_fill(hedge, "1")
    (decision,) = desk.decide()
    first, second = (taker.client_order_id for taker in decision.takers)

    desk.doubt(first)
    assert desk.cancels() == []
    desk.doubt(second)
    desk.maker_fill(hedge, "1")

    assert desk.cancels() == [maker_cloid(ONE)]
    assert desk.decide() == []
    desk.wait(3_000)
    assert desk.decide() == []  # both are still unknown
    desk.taker_report(first, OrderStatus.FILLED, "0.5")
    desk.reject(second, RejectReason.NOT_SENT)
    desk.wait(3_000)
    assert sum(desk.hedge_all()) == d("1.5")
    assert desk.naked() == 0
    assert [text.split()[0] for text in desk.alarms()] == ["L2", "L3"]


def test_case_21_margin_gone_after_two_of_three_fills() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-4")
    for _ in range(2):
        desk.maker_fill(hedge, "1")
        desk.fill_takers(desk.decide())
    desk.maker_fill(hedge, "1")
    (refused,) = desk.decide()

    desk.reject(refused.takers[0].client_order_id, RejectReason.MARGIN, "Insufficient margin")

    assert desk.cancels() == [maker_cloid(ONE)]
    assert desk.alarms() == ["L3 hyperliquid SOL basis: MARGIN: Insufficient margin"]
    assert desk.decide() == []
    assert desk.bucket_views[-1].owed == 1
    assert desk.bucket_views[-1].suspended == "MARGIN: Insufficient margin"

    desk.wait(5_000)
    (half,) = desk.decide()  # never the same size again
    assert [taker.amount for taker in half.takers] == [d("0.5")]
    desk.fill_takers([half])
    assert desk.hedge_all() == [d("0.5")]
    assert desk.naked() == 0


def test_case_21_while_margin_is_short_a_new_hedge_of_the_bucket_waits() -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    (refused,) = desk.decide()
    desk.reject(refused.takers[0].client_order_id, RejectReason.MARGIN, "Insufficient margin")

    desk.hedge("h2", "-1", valid_for_ms=60_000)
    assert TWO not in desk.state.links
    desk.wait(5_000)
    desk.hedge_all()

    assert TWO in desk.state.links
    assert desk.bucket().suspended == ""


def test_case_22_a_crossed_or_stale_hedge_book_suspends_after_four_tries_and_is_retried() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-2")
    desk.maker_fill(hedge, "1")
    bands = []

    for _ in range(4):
        desk.wait(500)
        (decision,) = desk.decide()
        (taker,) = decision.takers
        bands.append(taker.band_bp)
        desk.reject(taker.client_order_id, RejectReason.NO_REFERENCE, "the book is crossed")

    assert set(bands) == {d(5)}  # the market was not out of reach
    assert desk.cancels() == [maker_cloid(ONE)]
    assert desk.naked() == 1
    desk.wait(500)
    assert desk.hedge_all() == [d(1)]


def test_case_08_a_refused_key_takes_the_account_out() -> None:
    desk = two_venues()
    desk.hedge("h2", "-1", pool="other")
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    (decision,) = desk.decide()

    desk.reject(decision.takers[0].client_order_id, RejectReason.AUTH, "agent expired")

    assert sorted(desk.cancels()) == sorted([maker_cloid(ONE), maker_cloid(TWO)])
    desk.wait(5_000)
    assert desk.hedge_all() == [d(1)]


def test_a_doubt_about_a_taker_that_has_ended_is_no_sign_of_sickness() -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    (decision,) = desk.decide()
    cloid = decision.takers[0].client_order_id
    desk.reject(cloid, RejectReason.NO_MATCH)

    desk.doubt(cloid)
    desk.taker_report(cloid, OrderStatus.PENDING, source=ReportSource.LOCAL)
    desk.doubt(cloid)

    assert desk.state.accounts == {}


def test_case_23_a_liquidation_is_no_hedge_and_suspends_makers_for_a_while() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")
    desk.maker_fill(hedge, "1")
    desk.fill_takers(desk.decide())
    desk.maker_fill(hedge, "0.5")

    desk.foreign_fill(HYPERLIQUID, SOL, "-1", is_system=True)

    assert desk.naked() == d("0.5")  # neither covered nor reopened by it
    assert desk.cancels() == [maker_cloid(ONE)]
    assert desk.alarms()[0].startswith("L3 hyperliquid: EXTERNAL SELL 1 SOL by the venue itself")
    assert desk.hedge_all() == [d("0.5")]
    desk.hedge("h2", "-1", valid_for_ms=120_000)
    assert TWO not in desk.state.links
    desk.wait(60_000)
    assert TWO in desk.state.links


def test_case_23_a_liquidation_where_nothing_is_hedged_is_not_ours_to_judge() -> None:
    desk = two_venues()
    desk.hedge("h1", "-3")

    desk.foreign_fill(BINANCE, SOLUSDT, "-1", is_system=True)

    assert desk.cancels() == desk.alarms() == []


def test_case_24_a_manual_trade_during_a_hedge_changes_nothing_owed() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-2")
    desk.maker_fill(hedge, "1")
    decisions = desk.decide()

    desk.foreign_fill(HYPERLIQUID, SOL, "1")
    desk.foreign_fill(HYPERLIQUID, SOL, "-4", cloid="web_1")

    assert desk.naked() == 1
    assert desk.decide() == []
    desk.fill_takers(decisions)
    desk.maker_fill(hedge, "1")
    assert desk.hedge_all() == [d(1)]
    assert desk.bucket().done == 2


def test_takers_in_doubt_while_the_session_was_down_keep_no_account_sick_for_ever() -> None:
    """Found by simulation seed 2026: nobody looked again after the session had come back."""
    desk = two_venues(HedgeRules(clip_notional=d(50)), lot="0.25")
    desk.session(HYPERLIQUID, LinkState.RESYNCED)
    hedge = desk.hedge("h1", "-3")
    desk.mark(HYPERLIQUID, SOL, "100")
    desk.maker_fill(hedge, "1")
    (decision,) = desk.decide()
    first, second = (taker.client_order_id for taker in decision.takers)
    desk.session(HYPERLIQUID, LinkState.DOWN)
    desk.doubt(first)
    desk.doubt(second)
    desk.session(HYPERLIQUID, LinkState.RESYNCED)

    desk.taker_report(first, OrderStatus.FILLED, "0.5")
    desk.reject(second, RejectReason.NOT_SENT)
    desk.wait(3_000)

    assert sum(desk.hedge_all()) == d("0.5")
