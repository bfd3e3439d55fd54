"""Hedges that a cut log got anew, and whose makers turn out to be at the venue."""

import pytest

from services.hedger.fold import state as states
from services.hedger.fold.state import keep_refused, shelve
from tandem.domain.ids import HedgeId, Ticker, maker_cloid
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderStatus
from tandem.messages import facts
from tandem.messages.deltas import HedgeState
from tandem.messages.intents import HedgeOrder
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
from tests.unit.services.hedger.fold.test_carrying import Anew, makers

HEDGE = HedgeId("h1")
MAKER = maker_cloid(HEDGE)
HERE, THERE = instrument(BINANCE, SOLUSDT), instrument(HYPERLIQUID, SOL)


def barred() -> Desk:
    """A desk in a new epoch: nobody has said yet that the hedge account is up."""
    desk = two_venues()
    desk.session(HYPERLIQUID, LinkState.DOWN)
    return desk


def sold(desk: Desk, qty: str = "0.4") -> None:
    desk.foreign_fill(BINANCE, SOLUSDT, f"-{qty}", MAKER)


def test_hedge_that_waits_is_taken_on_and_its_maker_cancelled_once_the_venue_shows_it() -> None:
    desk = barred()
    desk.hedge("h1", "-1")
    assert desk.cancels() == []

    desk.maker_report(HEDGE, OrderStatus.NEW, "0")
    sold(desk)

    assert desk.naked() == d("0.4")
    assert desk.cancels() == [MAKER]
    assert "hyperliquid to be well" in desk.view(HEDGE).text


def test_hedge_whose_maker_was_told_first_is_taken_on_at_once() -> None:
    desk = barred()
    sold(desk)

    desk.hedge("h1", "-1")

    assert desk.naked() == d("0.4")
    assert desk.cancels() == [MAKER]
    assert desk.state.pending == {}


def test_hedge_whose_maker_works_where_it_may_is_left_alone() -> None:
    desk = two_venues()
    sold(desk)

    desk.hedge("h1", "-1")

    assert desk.naked() == d("0.4")
    assert desk.cancels() == []


@pytest.mark.parametrize("how", ["stopped", "waited too long"])
def test_fills_of_a_hedge_that_was_refused_are_hedged_all_the_same(how: str) -> None:
    desk = barred()
    desk.hedge("h1", "-1")
    if how == "stopped":
        desk.stop(HEDGE)
    else:
        desk.wait(5_000)
    assert desk.refusal("h1") is not None

    sold(desk)

    assert desk.naked() == d("0.4")
    assert desk.cancels() == [MAKER]
    assert desk.view(HEDGE).state is HedgeState.WORKING
    desk.session(HYPERLIQUID, LinkState.RESYNCED)
    assert desk.amounts() == [d("0.4")]


@pytest.mark.parametrize("how", ["stopped", "waited too long"])
@pytest.mark.parametrize(
    "table", [(), (THERE,), (THERE, instrument(BINANCE, Ticker("BTCUSDT"), base_asset="BTC"))]
)
def test_hedge_at_work_waits_for_its_instruments_and_is_not_refused(
    how: str, table: tuple[Instrument, ...]
) -> None:
    desk = Desk()
    desk.specs(*table)
    sold(desk)
    desk.hedge("h1", "-1")
    if how == "stopped":
        desk.stop(HEDGE)
    else:
        desk.wait(5_000)

    assert desk.refusal("h1") is None
    desk.specs(HERE, THERE)
    assert desk.naked() == d("0.4")
    assert desk.cancels() == [MAKER]


def test_hedge_refused_before_its_instruments_were_known_is_taken_on_with_them() -> None:
    desk = Desk()
    desk.hedge("h1", "-1")
    desk.stop(HEDGE)
    sold(desk)
    assert desk.state.buckets == {}

    desk.specs(HERE, THERE)

    assert desk.naked() == d("0.4")
    assert desk.cancels() == [MAKER]


def test_a_report_from_another_account_brings_no_hedge_back() -> None:
    desk = barred()
    desk.hedge("h1", "-1")

    desk.foreign_fill(HYPERLIQUID, SOL, "-1", MAKER)

    assert list(desk.state.pending) == [HEDGE]


def test_only_the_latest_refused_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "MAX_REFUSED", 2)
    desk = two_venues()
    waiting = barred()
    for number in range(3):
        waiting.hedge(f"h{number}", "-1")
    hedges: list[HedgeOrder] = [one.hedge for one in waiting.state.pending.values()]

    for hedge in hedges:
        keep_refused(desk.state, hedge)

    assert list(desk.state.refused) == [maker_cloid(one.hedge_id) for one in hedges[1:]]


@pytest.mark.parametrize("is_first", [True, False], ids=["before", "after"])
def test_e5_a_hedge_that_was_put_away_is_not_taken_on_again(is_first: bool) -> None:
    """Its strategy, or a hedger that has heard it, logs it again beside what is carried."""
    desk = two_venues()
    hedge_id = desk.hedge("old", "-2")
    asked = desk.state.links[hedge_id].hedge
    assert asked is not None
    desk.maker_fill(hedge_id, "2")
    for decision in desk.decide():
        for taker in decision.takers:
            desk.taker_fill(taker.client_order_id, taker.amount)
    shelve(desk.state, desk.state.links[hedge_id])
    subject = facts.subject_of(asked)
    anew = Anew()
    anew.specs(HERE, THERE)
    if is_first:
        anew.read(asked, subject)
    anew.offered(desk)
    if not is_first:
        anew.read(asked, subject)
        assert makers(anew) == []
    anew.resynced()

    anew.foreign_fill(BINANCE, SOLUSDT, "-2", cloid=maker_cloid(hedge_id))

    assert anew.naked() == 0
    assert anew.amounts() == []
