"""What a refusal is about, and how its words reach whoever must act on them."""

import pytest

from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, HedgeId, Ticker, maker_cloid
from tandem.domain.order import OrderStatus, RejectReason
from tandem.messages.deltas import HedgeState
from tandem.messages.intents import LegSpec
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

ETH = Ticker("ETH")
WORDS = "HTTP 400 -4202 a new rule of this symbol"
ONE, TWO = HedgeId("h1"), HedgeId("h2")
LOCAL = ReportSource.LOCAL


def two_symbols() -> Desk:
    """A maker of each of two hedges rests, one hedged on SOL and one on ETH."""
    desk = Desk()
    desk.specs(
        instrument(BINANCE, SOLUSDT), instrument(HYPERLIQUID, SOL), instrument(HYPERLIQUID, ETH)
    )
    desk.hedge("h1", "-5")
    desk.hedge("h2", "-5", LegSpec(exc=HYPERLIQUID, ticker=ETH), cross_asset=True)
    return desk


def only_taker(desk: Desk) -> ClientOrderId:
    ((taker,),) = (one.takers for one in desk.decide())
    return taker.client_order_id


def refuse(desk: Desk, reason: RejectReason, times: int = 1, text: str = WORDS) -> None:
    """Refuse the next takers, each as soon as it goes out."""
    for _ in range(times):
        desk.reject(only_taker(desk), reason, text)
        desk.wait(1)


def test_c3_a_refusal_is_of_its_bucket_and_not_of_the_account() -> None:
    desk = two_symbols()
    desk.maker_fill(ONE, "1")

    refuse(desk, RejectReason.OTHER, 2)

    assert desk.cancels() == [maker_cloid(ONE)]
    assert desk.bucket().suspended
    assert HYPERLIQUID not in desk.state.accounts
    desk.maker_fill(TWO, "1")
    assert desk.amounts() == [d(1)]


@pytest.mark.parametrize("reason", [RejectReason.AUTH, RejectReason.ACCOUNT])
def test_c3_a_refusal_about_the_account_bars_all_of_it(reason: RejectReason) -> None:
    desk = two_symbols()
    desk.maker_fill(ONE, "1")

    refuse(desk, reason)

    assert sorted(desk.cancels()) == sorted([maker_cloid(ONE), maker_cloid(TWO)])
    assert any(f"{reason}: {WORDS}" in text for text in desk.alarms())


def test_c3_the_venues_words_reach_the_hedge_the_bucket_and_the_alarm() -> None:
    desk = two_symbols()
    desk.maker_fill(ONE, "1")

    refuse(desk, RejectReason.OTHER, 2)

    assert f"hyperliquid SOL: OTHER: {WORDS}" in desk.view(ONE).text
    assert desk.bucket_views[-1].held_reason == f"waiting to try again: OTHER: {WORDS}, try 3"
    assert any(WORDS in text for text in desk.alarms())
    assert WORDS not in desk.view(TWO).text


def test_c3_retries_of_what_nobody_understands_back_off() -> None:
    desk = two_symbols()
    desk.maker_fill(ONE, "1")
    tried = 0

    for _ in range(120):
        desk.wait(1_000)
        for decision in desk.decide():
            tried += 1
            desk.reject(decision.takers[0].client_order_id, RejectReason.OTHER, WORDS)

    assert tried == 7  # at once, once more, then 10, 15, 20, 25 and 30 s apart
    assert desk.naked() == d(1)


def test_c3_a_barred_account_is_tried_ever_more_slowly() -> None:
    desk = two_symbols()
    desk.maker_fill(ONE, "1")
    tried = 0

    for _ in range(120):
        desk.wait(1_000)
        for decision in desk.decide():
            tried += 1
            desk.reject(decision.takers[0].client_order_id, RejectReason.ACCOUNT, WORDS)

    assert 2 < tried <= 7


def test_c3_the_words_go_when_a_taker_has_filled() -> None:
    desk = two_symbols()
    desk.maker_fill(ONE, "1")
    refuse(desk, RejectReason.OTHER)

    desk.fill_takers(desk.decide())

    assert WORDS not in desk.view(ONE).text
    assert WORDS not in desk.bucket_views[-1].held_reason


def test_c3_a_doubt_carries_words_to_the_hedge_and_the_alarm() -> None:
    desk = two_symbols()
    said = "unknown: HTTP 503 -1000 Unknown error"
    for hedge in (ONE, TWO):
        desk.maker_fill(hedge, "1")
        cloid = only_taker(desk)
        desk.taker_report(cloid, OrderStatus.PENDING, in_doubt=True, source=LOCAL, text=said)

    assert said in desk.view(ONE).text
    assert [said in text for text in desk.alarms()] == [True]


def test_c3_a_doubt_of_the_maker_is_told_until_it_is_resolved() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_report(
        hedge, OrderStatus.PENDING, in_doubt=True, source=LOCAL, text="unknown: HTTP 502"
    )
    assert desk.view(hedge).text == "unknown: HTTP 502"

    desk.maker_report(hedge, OrderStatus.NEW)

    assert desk.view(hedge).text == ""


def test_c3_the_fuller_words_for_a_refusal_stay_whichever_comes_last() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    said = "Insufficient margin to place order. asset=5"
    desk.maker_report(hedge, OrderStatus.REJECTED, reason=RejectReason.MARGIN, text=said)

    desk.maker_report(
        hedge, OrderStatus.REJECTED, reason=RejectReason.MARGIN, text="perpMarginRejected"
    )

    assert desk.view(hedge).text == said


# How a maker ends with nothing filled, and what its hedge says of it.
ENDS = [
    (
        OrderStatus.REJECTED,
        {"reason": RejectReason.OTHER, "text": WORDS},
        HedgeState.REFUSED,
        WORDS,
    ),
    (
        OrderStatus.CANCELLED,
        {"reason": RejectReason.MARKET_STATE, "text": "delistedCanceled"},
        HedgeState.DONE,
        "delistedCanceled",
    ),
    (
        OrderStatus.CANCELLED,
        {"text": "cancelled before it was sent"},
        HedgeState.DONE,
        "cancelled before it was sent",
    ),
    (OrderStatus.CANCELLED, {}, HedgeState.DONE, "maker cancelled, and not by the hedge"),
    (OrderStatus.EXPIRED, {}, HedgeState.DONE, "maker expired at the venue"),
    (OrderStatus.REJECTED, {}, HedgeState.REFUSED, "maker refused, without a reason"),
]


@pytest.mark.parametrize(("status", "words", "state", "text"), ENDS)
def test_c3_a_hedge_that_ends_with_nothing_filled_says_why(
    status: OrderStatus, words: dict[str, object], state: HedgeState, text: str
) -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")

    desk.maker_report(hedge, status, "0", **words)

    assert (desk.view(hedge).state, desk.view(hedge).text) == (state, text)


def test_c3_a_stopped_hedge_says_that_it_was_stopped() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.stop(hedge)
    assert desk.view(hedge).text == "stopping"

    desk.maker_report(hedge, OrderStatus.CANCELLED, "0")

    assert desk.view(hedge).text == "maker cancelled: the hedge was stopped"


def test_c3_a_hedge_whose_maker_filled_whole_has_nothing_to_explain() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_fill(hedge, "1")
    desk.maker_report(hedge, OrderStatus.FILLED, "1")
    desk.fill_takers(desk.decide())

    assert (desk.view(hedge).state, desk.view(hedge).text) == (HedgeState.DONE, "")
