from typing import Any

import pytest

from services.hedger.fold import admission
from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import Exc, HedgeId, Pool, Strategy, Ticker, maker_cloid
from tandem.domain.order import OrderStatus, PriceMatch
from tandem.messages import subjects
from tandem.messages.deltas import HedgeState
from tandem.messages.hedges import Alarm, HedgeRefused
from tandem.messages.intents import CancelOrder, HedgeOrder, LegSpec, MakerSpec, NewOrder
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


def maker_order(desk: Desk, hedge: HedgeId) -> NewOrder | None:
    found = desk.appended.get(subjects.new_order(BINANCE, STRATEGY, maker_cloid(hedge)))
    return found if isinstance(found, NewOrder) else None


def cancels(desk: Desk) -> list[CancelOrder]:
    return [fact for fact in desk.appended.values() if isinstance(fact, CancelOrder)]


def maker(amount: str = "-1", **more: object) -> MakerSpec:
    values: dict[str, object] = {"price": d(100), **more}
    return MakerSpec(exc=BINANCE, ticker=SOLUSDT, amount=d(amount), **values)  # type: ignore[arg-type]


def test_a_hedge_order_ends_in_its_maker_order() -> None:
    desk = two_venues()

    hedge = desk.hedge("h1", "-3", maker=maker("-3", price=None, price_match=PriceMatch.QUEUE_5))

    order = maker_order(desk, hedge)
    assert order is not None
    assert (order.amount, order.price_match, order.hedge_id) == (d(-3), PriceMatch.QUEUE_5, hedge)
    assert order.valid_for_ms == 5_000
    assert desk.view(hedge).state is HedgeState.WORKING
    assert desk.refusal("h1") is None


def test_pools_keep_remainders_apart_and_default_to_the_strategy() -> None:
    desk = two_venues()

    desk.hedge("h1", "-1")
    desk.hedge("h2", "-1", pool=Pool("other"))

    assert {key[2] for key in desk.state.buckets} == {STRATEGY, "other"}


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"maker": maker("0")}, "maker.amount", "finite decimal other than 0"),
        ({"maker": maker("-0.015")}, "maker.amount", "multiple of the lot 0.01"),
        ({"maker": maker("-0.5")}, "maker.amount", "below the minimum quantity 1"),
        ({"maker": maker("-2000")}, "maker.amount", "above the maximum quantity 1000"),
        ({"maker": maker(price=d("100.001"))}, "maker.price", "multiple of the tick 0.01"),
        ({"maker": maker(price=d("4"))}, "maker.amount", "notional 4 is below the minimum 5"),
        ({"coalesce_ms": -1}, "coalesce_ms", "0 to"),
        (
            {"maker": MakerSpec(exc=BINANCE, ticker=Ticker("SOLUSD"), amount=d(1), price=d(1))},
            "maker.ticker",
            "not listed on binance; nearest: SOLUSDT",
        ),
        (
            {"maker": MakerSpec(exc=BINANCE, ticker=Ticker("HALTED"), amount=d(1), price=d(1))},
            "maker.ticker",
            "not tradable",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_once_naming_field_and_rule(
    changes: dict[str, object], field: str, rule: str
) -> None:
    limits: dict[str, Any] = {"min_qty": d(1), "max_qty": d(1000), "min_notional": d(5)}
    desk = Desk()
    desk.specs(
        instrument(BINANCE, SOLUSDT, **limits),
        instrument(BINANCE, Ticker("HALTED"), is_tradable=False),
        instrument(HYPERLIQUID, SOL),
    )

    hedge = desk.hedge("h1", "-1", **changes)

    refusal = desk.refusal("h1")
    assert refusal is not None
    assert refusal.field_name == field
    assert rule in refusal.rule
    assert maker_order(desk, hedge) is None
    assert desk.view(hedge).state is HedgeState.REFUSED
    assert not desk.state.links


def test_a_small_reduce_only_maker_is_exempt_from_the_minimum_notional() -> None:
    desk = Desk()
    desk.specs(instrument(BINANCE, SOLUSDT, min_notional=d(500)), instrument(HYPERLIQUID, SOL))

    hedge = desk.hedge("h1", "-1", maker=maker(reduce_only=True))

    assert maker_order(desk, hedge) is not None


def test_the_worth_of_an_inverse_maker_is_its_face() -> None:
    desk = Desk()
    desk.specs(
        instrument(BINANCE, SOLUSDT, inverse=True, multiplier=d(10), min_notional=d(20)),
        instrument(HYPERLIQUID, SOL),
    )

    desk.hedge("h1", "-1")

    refusal = desk.refusal("h1")
    assert refusal is not None
    assert "notional 10" in refusal.rule


def test_an_unknown_leg_is_refused_by_its_place() -> None:
    desk = two_venues()

    desk.hedge("h1", "-1", LegSpec(exc=HYPERLIQUID, ticker=Ticker("SOLL")))

    refusal = desk.refusal("h1")
    assert refusal is not None
    assert refusal.field_name == "legs[0].ticker"


def test_malformed_bytes_are_refused_under_the_id_of_their_subject() -> None:
    desk = two_venues()
    error = MalformedMessageError("maker.amount", "Expected `decimal`")

    desk.read(error, subjects.hedge_intent(STRATEGY, HedgeId("a.b")))

    assert desk.refusal("a.b") == HedgeRefused(
        hedge_id=HedgeId("a.b"), field_name="maker.amount", rule="Expected `decimal`"
    )


def test_another_message_under_a_hedge_intents_subject_is_refused() -> None:
    desk = two_venues()
    order = CancelOrder(exc=BINANCE, token="t", strategy=Strategy("s"))  # type: ignore[arg-type]

    desk.read(order, subjects.hedge_intent(STRATEGY, HedgeId("h1")))

    refusal = desk.refusal("h1")
    assert refusal is not None
    assert refusal.field_name == "type"


def test_an_intent_under_another_ids_subject_is_refused() -> None:
    desk = two_venues()
    leg = LegSpec(exc=HYPERLIQUID, ticker=SOL)
    hedge = HedgeOrder(hedge_id=HedgeId("h2"), strategy=STRATEGY, maker=maker(), legs=(leg,))

    desk.read(hedge, subjects.hedge_intent(STRATEGY, HedgeId("h1")))

    refusal = desk.refusal("h1")
    assert refusal is not None
    assert refusal.field_name == "hedge_id"
    assert not desk.state.links


def test_a_repeated_intent_changes_nothing() -> None:
    desk = two_venues()
    desk.hedge("h1", "-1")

    desk.hedge("h1", "-2")

    assert desk.effects == ()


def test_an_intent_waits_for_the_instrument_table() -> None:
    desk = Desk()
    desk.specs(instrument(HYPERLIQUID, SOL))
    hedge = desk.hedge("h1", "-1")
    assert desk.view(hedge).text == "waiting for the instrument table of binance"
    assert desk.page().hedges == (desk.view(hedge),)
    desk.now_ns += 2_000_000_000

    desk.specs(instrument(BINANCE, SOLUSDT))

    order = maker_order(desk, hedge)
    assert order is not None
    assert order.valid_for_ms == 3_000
    assert desk.view(hedge).text == ""
    desk.wait(5_000)
    assert desk.refusal("h1") is None


@pytest.mark.parametrize(("known", "field"), [(HYPERLIQUID, "maker.exc"), (BINANCE, "legs.exc")])
def test_an_intent_that_waited_in_vain_is_refused(known: Exc, field: str) -> None:
    desk = Desk()
    desk.specs(instrument(known, SOLUSDT), instrument(known, SOL))
    hedge = desk.hedge("h1", "-1")
    desk.specs(instrument(known, SOLUSDT), instrument(known, SOL, "0.1"))
    desk.wait(4_999)
    assert desk.refusal("h1") is None

    desk.wait(1)

    refusal = desk.refusal("h1")
    assert refusal is not None
    assert refusal.field_name == field
    assert "5000 ms" in refusal.rule
    assert desk.view(hedge).state is HedgeState.REFUSED


def test_e12_so_many_hedges_of_one_strategy_wait_and_those_of_others_do_all_the_same() -> None:
    """Each is looked at again whenever an obstacle goes away, and is on the page meanwhile."""
    desk = Desk()
    for n in range(admission.MOST_WAITING):
        desk.hedge(f"h{n}", "1")
    more, other = desk.hedge("more", "1"), desk.hedge("other", "1", strategy=Strategy("other"))

    refused = desk.refusal(more)
    assert refused is not None
    assert refused.rule.endswith(
        f"at most {admission.MOST_WAITING} of {STRATEGY} waiting; "
        "here for the instrument table of binance"
    )
    assert desk.refusal(other) is None
    assert len(desk.state.pending) == admission.MOST_WAITING + 1


def test_an_intent_that_waited_is_refused_when_the_table_lacks_it() -> None:
    desk = Desk()
    desk.specs(instrument(HYPERLIQUID, SOL))
    hedge = desk.hedge("h1", "-1")

    desk.specs(instrument(BINANCE, Ticker("BTCUSDT")))

    assert desk.view(hedge).state is HedgeState.REFUSED
    assert not desk.state.pending


def test_a_stop_cancels_the_maker_and_hedges_what_it_filled() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_fill(hedge, "0.3")

    desk.stop(hedge)

    assert [(one.client_order_id, one.token) for one in cancels(desk)] == [
        (maker_cloid(hedge), "stop1-1")
    ]
    assert desk.view(hedge).text == "stopping"
    desk.maker_report(hedge, OrderStatus.CANCELLED, "0.4")
    assert desk.hedge_all() == [d("0.4")]
    assert desk.view(hedge).state is HedgeState.DONE
    desk.wait(60_000)
    assert len(cancels(desk)) == 1


def test_a_second_stop_and_a_stop_after_the_end_ask_for_nothing() -> None:
    desk = two_venues()
    hedge, ended = desk.hedge("h1", "-1"), desk.hedge("h2", "-1")
    desk.maker_report(ended, OrderStatus.CANCELLED, "0")
    desk.stop(hedge)

    desk.stop(hedge, "stop2")
    desk.stop(ended, "stop3")
    desk.stop(HedgeId("unknown"), "stop4")

    assert len(cancels(desk)) == 1


def alarms(desk: Desk) -> int:
    return sum(isinstance(fact, Alarm) for fact in desk.appended.values())


def test_a_cancel_without_effect_is_asked_for_again_and_then_alarmed() -> None:
    desk = two_venues()
    desk.stop(desk.hedge("h1", "-1"))

    for _ in range(admission.QUICK_STOPS + 3):
        desk.wait(admission.STOP_AGAIN_MS)
    assert (len(cancels(desk)), alarms(desk)) == (admission.QUICK_STOPS, 0)
    desk.wait(admission.STOP_LATER_MS)

    assert (len(cancels(desk)), alarms(desk)) == (admission.QUICK_STOPS + 1, 1)

    for _ in range(3 * admission.QUICK_STOPS):
        desk.wait(admission.STOP_LATER_MS)

    # Told again after 20 in vain, and after 40: a thousand makers may wait for the same.
    assert (len(cancels(desk)), alarms(desk)) == (4 * admission.QUICK_STOPS + 1, 3)


def test_a_maker_of_a_venue_that_was_away_for_an_hour_is_cancelled_when_it_returns() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.stop(hedge)

    hour_ms = 3_600_000
    for _ in range(hour_ms // admission.STOP_LATER_MS):
        desk.wait(admission.STOP_LATER_MS)
    unheard = len(cancels(desk))
    desk.wait(admission.STOP_LATER_MS)
    assert len(cancels(desk)) == unheard + 1

    desk.maker_report(hedge, OrderStatus.CANCELLED, "0")
    desk.wait(hour_ms)
    assert len(cancels(desk)) == unheard + 1


def test_e3_a_hedge_is_stopped_by_its_own_strategy_only() -> None:
    """The gateway refuses the cancel in another's name; asked again it was in the owner's."""
    desk = Desk()
    waiting = desk.hedge("waits", "1")
    desk.stop(waiting, "t1", Strategy("other"))
    assert desk.refusal(waiting) is None
    desk.specs(instrument(BINANCE, SOLUSDT), instrument(HYPERLIQUID, SOL))
    hedge = desk.hedge("works", "1")

    desk.stop(hedge, "t2", Strategy("other"))
    desk.wait(admission.STOP_LATER_MS)

    assert desk.cancels() == []
    assert len(desk.alarms()) == 1
    assert "strategy=other: the hedge is another strategy's" in desk.alarms()[0]
    desk.stop(hedge)
    assert len(desk.cancels()) == 1


def test_e3_a_hedge_under_the_id_of_another_strategy_s_is_told_and_changes_nothing() -> None:
    desk = Desk()
    desk.specs(instrument(BINANCE, SOLUSDT), instrument(HYPERLIQUID, SOL))
    hedge = desk.hedge("one", "1")
    desk.hedge("one", "2", strategy=Strategy("other"))
    desk.hedge("one", "2")

    assert desk.view(hedge).maker_amount == 1
    assert desk.view(hedge).strategy == STRATEGY
    assert desk.refusal(hedge) is None
    assert len(desk.alarms()) == 1
    assert "hedge_id=one" in desk.alarms()[0]


def test_a_stop_of_a_waiting_intent_refuses_it() -> None:
    desk = Desk()
    hedge = desk.hedge("h1", "-1")

    desk.stop(hedge)

    refusal = desk.refusal("h1")
    assert refusal is not None
    assert "stopped" in refusal.rule
    desk.wait(5_000)
    assert not desk.state.pending


def test_a_stop_that_contradicts_its_subject_is_an_alarm() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.stop(hedge)
    stop = desk.log[-1].fact
    assert not isinstance(stop, MalformedMessageError)

    desk.read(stop, "oms.control.stop.other")

    assert any(isinstance(fact, Alarm) for fact in desk.appended.values())
