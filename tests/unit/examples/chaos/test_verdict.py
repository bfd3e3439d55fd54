"""The oracle's teeth: each planted wrong is found, and a run without wrong is let pass."""

from dataclasses import replace
from decimal import Decimal as D

import pytest

from examples.chaos.verdict import (
    Cause,
    Evidence,
    Fault,
    Shown,
    VenueOrder,
    VenueTrade,
    View,
    judge,
    stem,
)
from tandem.domain.ids import Exc, HedgeId, Pool, Ticker, bucket_hash, maker_cloid, taker_cloid

BUCKET = ("pool", "hyperliquid", "ETH")
MAKER = maker_cloid(HedgeId("h"))
REQUOTED = maker_cloid(HedgeId("h"), 1)
HASH = bucket_hash(Exc("hyperliquid"), Ticker("ETH"), Pool("pool"))
TAKER = taker_cloid(HASH, 0, 1, 0)
PLAIN = "0x7a4f" + "1" * 28
OTHER_TAKER = taker_cloid(HASH, 0, 2, 0)
BOUGHT = VenueTrade("binance", "1", MAKER, D("0.5"), D(2680), 1_000)
HEDGED = VenueTrade("hyperliquid", "9", TAKER, D("-0.499"), D(2681), 1_020)
MAKER_ORDER = VenueOrder("binance", "1", MAKER, D(2), D("0.5"), is_open=False)
TAKER_ORDER = VenueOrder("hyperliquid", "9", TAKER, D("-0.499"), D("0.499"), is_open=False)
BOOKS = (
    View("venue", "binance", {}, {"ETHUSDT": D("0.5")}),
    View("venue", "hyperliquid", {}, {"ETH": D("-0.499")}),
)
SOUND = Evidence(
    orders=(MAKER_ORDER, TAKER_ORDER),
    trades=(BOUGHT, HEDGED),
    fills=(BOUGHT.what, HEDGED.what),
    makers={stem(MAKER): Cause(D(2), ((BUCKET, D(-1)),))},
    takers={TAKER: Cause(D("-0.499"), ((BUCKET, D(1)),))},
    buckets={BUCKET: Shown(D("-0.001"), D(0), D("0.004"))},
    books=BOOKS,
    views=BOOKS,
)


def faults(evidence: Evidence) -> set[Fault]:
    return {finding.fault for finding in judge(evidence)}


def test_a_run_without_wrong_passes() -> None:
    assert judge(SOUND) == []


def test_a_fill_that_the_log_lacks_is_lost() -> None:
    assert faults(replace(SOUND, fills=(HEDGED.what,))) == {Fault.LOST_FILL}


def test_what_a_venue_closes_by_itself_is_in_the_log_and_moves_no_bucket() -> None:
    closed = VenueTrade("hyperliquid", "8", "", D("0.2"), D(2680), 1_010)
    trades, fills = (*SOUND.trades, closed), (*SOUND.fills, closed.what)
    assert judge(replace(SOUND, trades=trades, fills=fills)) == []
    assert faults(replace(SOUND, trades=trades)) == {Fault.LOST_FILL}
    assert faults(replace(SOUND, fills=fills)) == {Fault.INVENTED_FILL}


def test_one_of_two_equal_fills_is_lost() -> None:
    again = replace(BOUGHT, time_ms=1_001)
    twice = replace(SOUND, trades=(BOUGHT, again, HEDGED))
    assert Fault.LOST_FILL in faults(twice)


def test_a_fill_that_no_venue_knows_is_invented() -> None:
    fills = (BOUGHT.what, HEDGED.what, HEDGED.what)
    assert faults(replace(SOUND, fills=fills)) == {Fault.INVENTED_FILL}


def test_a_strategy_s_own_order_needs_a_cause_and_no_hedge() -> None:
    trade = VenueTrade("hyperliquid", "7", PLAIN, D(4), D(2679), 1_000)
    order = VenueOrder("hyperliquid", "7", PLAIN, D(4), D(4), is_open=False)
    done = replace(
        SOUND,
        orders=(*SOUND.orders, order),
        trades=(*SOUND.trades, trade),
        fills=(*SOUND.fills, trade.what),
        plain={PLAIN: Cause(D(4), ())},
    )
    assert judge(done) == []
    assert faults(replace(done, plain={})) == {Fault.NO_CAUSE}
    assert faults(replace(done, fills=SOUND.fills)) == {Fault.LOST_FILL}
    assert faults(replace(done, orders=(*done.orders, replace(order, oid="8")))) == {
        Fault.DOUBLED_ORDER
    }


def test_a_fill_hidden_from_log_and_ledger_alike_is_lost_and_not_conserved() -> None:
    unseen = replace(BOUGHT, amount=D("0.2"), time_ms=2_000)
    found = faults(replace(SOUND, trades=(BOUGHT, unseen, HEDGED)))
    assert found == {Fault.LOST_FILL, Fault.NOT_CONSERVED}


def test_a_client_id_with_two_orders_is_doubled() -> None:
    twin = replace(TAKER_ORDER, oid="10", filled=D(0))
    assert faults(replace(SOUND, orders=(*SOUND.orders, twin))) == {Fault.DOUBLED_ORDER}


def test_a_doubled_order_that_filled_breaks_every_promise_about_it() -> None:
    twin = replace(HEDGED, oid="10")
    orders = (*SOUND.orders, replace(TAKER_ORDER, oid="10"))
    planted = replace(SOUND, orders=orders, trades=(*SOUND.trades, twin))
    assert faults(planted) == {
        Fault.DOUBLED_ORDER,
        Fault.OVERFILLED,
        Fault.LOST_FILL,
        Fault.NOT_CONSERVED,
    }


def test_an_order_filled_beyond_its_decision_is_found() -> None:
    takers: dict[str, Cause] = {TAKER: Cause(D("-0.4"), ((BUCKET, D(1)),))}
    assert faults(replace(SOUND, takers=takers)) == {Fault.OVERFILLED}


def test_an_order_without_a_decision_has_no_cause() -> None:
    stray = VenueOrder("hyperliquid", "11", OTHER_TAKER, D(-1), D(0), is_open=False)
    assert faults(replace(SOUND, orders=(*SOUND.orders, stray))) == {Fault.NO_CAUSE}


def test_a_requoted_maker_has_the_cause_of_its_hedge() -> None:
    order = VenueOrder("binance", "2", REQUOTED, D("1.5"), D(0), is_open=False)
    assert judge(replace(SOUND, orders=(*SOUND.orders, order))) == []


def test_an_order_of_somebody_else_is_nobodys_fault() -> None:
    stranger = VenueOrder("binance", "3", "by-hand", D(1), D(0), is_open=True)
    assert judge(replace(SOUND, orders=(*SOUND.orders, stranger))) == []


@pytest.mark.parametrize("shown", [D(0), D("-0.002"), D("0.001")])
def test_a_sum_that_is_shown_wrong_is_not_conserved(shown: D) -> None:
    buckets = {BUCKET: Shown(shown, D(0), D("0.004"))}
    assert faults(replace(SOUND, buckets=buckets)) == {Fault.NOT_CONSERVED}


def test_a_bucket_that_is_not_shown_is_not_conserved() -> None:
    assert faults(replace(SOUND, buckets={})) == {Fault.NOT_CONSERVED}


@pytest.mark.parametrize(
    "shown", [Shown(D("-0.001"), D(0), D("0.001")), Shown(D("-0.001"), D("0.1"), D("0.004"))]
)
def test_what_could_be_hedged_or_flies_at_the_end_is_still_owed(shown: Shown) -> None:
    assert faults(replace(SOUND, buckets={BUCKET: shown})) == {Fault.STILL_OWED}


def test_an_order_that_is_open_at_the_end_is_found() -> None:
    orders = (replace(MAKER_ORDER, is_open=True), TAKER_ORDER)
    assert faults(replace(SOUND, orders=orders)) == {Fault.STILL_OPEN}


@pytest.mark.parametrize(
    ("view", "fault"),
    [
        (View("page", "binance", {"5": (D(1), D(0))}, None), Fault.ORDERS_DIFFER),
        (View("redis", "binance", None, {}), Fault.POSITIONS_DIFFER),
        (View("mirror", "hyperliquid", None, {"ETH": D("-0.5")}), Fault.POSITIONS_DIFFER),
    ],
)
def test_a_reader_that_sees_something_else_is_found(view: View, fault: Fault) -> None:
    assert faults(replace(SOUND, views=(*BOOKS, view))) == {fault}


def test_a_run_in_which_nothing_happened_shows_nothing() -> None:
    assert faults(Evidence()) == {Fault.NOTHING_HAPPENED}
    assert Fault.NOTHING_HAPPENED in faults(replace(SOUND, trades=(BOUGHT,)))


def test_a_trade_older_than_what_a_new_log_is_told_again_is_no_lost_fill() -> None:
    """Its hedge is as old: what both come to is forgotten, and less than an order."""
    later = replace(BOUGHT, oid="2", amount=D("0.001"), time_ms=9_000)
    young = replace(
        SOUND,
        trades=(BOUGHT, HEDGED, later),
        fills=(later.what,),
        buckets={BUCKET: Shown(D("-0.001"), D(0), D("0.004"))},
        told_since_ms=5_000,
        forgetful=1,
    )
    assert judge(young) == []
    assert faults(replace(young, fills=())) == {Fault.LOST_FILL}
    assert faults(replace(young, told_since_ms=0)) == {Fault.LOST_FILL}
    assert faults(replace(young, forgetful=0)) == {Fault.NOT_CONSERVED}


def test_a_new_log_forgets_less_than_an_order_each_time_and_no_more() -> None:
    shown = {BUCKET: Shown(D("0.003"), D(0), D("0.004"))}
    assert faults(replace(SOUND, buckets=shown, forgetful=1)) == {Fault.NOT_CONSERVED}
    assert faults(replace(SOUND, buckets=shown, forgetful=2)) == set()
    assert faults(replace(SOUND, buckets={}, forgetful=2)) == {Fault.NOT_CONSERVED}
