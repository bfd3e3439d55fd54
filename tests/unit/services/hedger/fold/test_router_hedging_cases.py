"""The cases that the hedging semantics list by number, each driving the real fold."""

import itertools
from decimal import Decimal

import msgspec
import pytest

from services.hedger.book import ledger
from tandem.domain.execution import ReportSource
from tandem.domain.ids import Exc, Ticker
from tandem.domain.order import OrderStatus, RejectReason
from tandem.messages.deltas import HedgeState
from tandem.messages.intents import LegSpec, RatioKind
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

ETH, BTC = Ticker("ETH"), Ticker("BTC")
PART_SIZES = ("0.1", "0.1", "0.8")


def test_case_01_partial_fills_below_the_lot_wait_and_go_out_together() -> None:
    desk = two_venues(lot="0.5")
    hedge = desk.hedge("h1", "-1")

    sent = [desk.hedge_all() for _ in [desk.maker_fill(hedge, "0.1")]]
    sent += [desk.hedge_all() for _ in [desk.maker_fill(hedge, "0.1")]]
    sent += [desk.hedge_all() for _ in [desk.maker_fill(hedge, "0.8")]]

    assert sent == [[], [], [d(1)]]
    assert desk.naked() == 0


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_case_02_duplicated_and_shuffled_fills_end_the_same(order: tuple[int, ...]) -> None:
    desk = two_venues(lot="0.5")
    hedge = desk.hedge("h1", "-1")
    original = two_venues(lot="0.5")
    original.hedge("h1", "-1")
    fills = [original.maker_fill(hedge, size) for size in PART_SIZES]
    sent: list[Decimal] = []

    for index in (*order, *order):
        desk.fill(fills[index])
        sent += desk.hedge_all()
        desk.fill(fills[index])
        sent += desk.hedge_all()

    assert sum(sent) == 1
    assert desk.naked() == 0
    assert desk.bucket().target == 1


def test_case_03_a_remainder_goes_out_with_another_hedge() -> None:
    desk = two_venues(lot="0.5")
    first, second = desk.hedge("h1", "-0.7"), desk.hedge("h2", "-0.3")
    desk.maker_fill(first, "0.7")
    desk.hedge_all()
    desk.maker_report(first, OrderStatus.FILLED, "0.7")

    desk.maker_fill(second, "0.3")
    sent = desk.hedge_all()

    assert sent == [d("0.5")]
    assert desk.naked() == 0
    assert desk.bucket().remainders_held == desk.bucket().remainders_flushed == 1
    assert desk.view(first).legs[0].owed == desk.view(second).legs[0].owed == 0


def test_case_04_opposite_remainders_net_and_both_hedges_say_so() -> None:
    desk = two_venues(lot="0.5")
    first, second = desk.hedge("h1", "-0.2"), desk.hedge("h2", "0.2")
    desk.mark(HYPERLIQUID, SOL, "101")
    desk.maker_fill(first, "0.2")

    desk.maker_fill(second, "0.2")

    assert desk.hedge_all() == []
    assert desk.naked() == 0
    assert desk.bucket().netted == d("0.2")
    assert desk.view(first).text == "netted 0.2 with h2 at 101"
    assert desk.view(second).text == "netted 0.2 with h1 at 101"
    assert desk.view(first).legs[0].avg_px == 101


def test_case_05_sign_flip_with_a_hedge_in_flight_sends_only_what_is_certain() -> None:
    desk = two_venues()
    short, long = desk.hedge("h1", "-1"), desk.hedge("h2", "3")
    desk.maker_fill(short, "1")
    (first,) = desk.decide()

    desk.maker_fill(long, "1.4")  # needed: -0.4 if nothing filled, -1.4 if all did

    assert ledger.interval(desk.bucket()) == (d("-1.4"), d("-0.4"))
    (second,) = desk.decide()
    assert [taker.amount for taker in second.takers] == [d("-0.4")]
    desk.fill_takers([first, second])
    assert desk.hedge_all() == [d(-1)]
    assert desk.naked() == 0


def test_case_05_sign_flip_inside_the_interval_sends_nothing() -> None:
    desk = two_venues()
    short, long = desk.hedge("h1", "-1"), desk.hedge("h2", "1")
    desk.maker_fill(short, "1")
    (first,) = desk.decide()

    desk.maker_fill(long, "0.6")  # needed: 0.4 if nothing filled, -0.6 if all did

    assert desk.decide() == []
    desk.taker_report(first.takers[0].client_order_id, OrderStatus.EXPIRED, "0.1")
    assert desk.hedge_all() == [d("0.3")]
    assert desk.naked() == 0


def test_case_05_sign_flip_with_an_unknown_hedge_waits_for_the_proof() -> None:
    desk = two_venues()
    short, long = desk.hedge("h1", "-1"), desk.hedge("h2", "1")
    desk.maker_fill(short, "1")
    (first,) = desk.decide()
    cloid = first.takers[0].client_order_id
    desk.taker_report(cloid, OrderStatus.PENDING, in_doubt=True, source=ReportSource.LOCAL)

    desk.maker_fill(long, "1")

    assert desk.decide() == []
    desk.reject(cloid, RejectReason.NOT_SENT)
    assert desk.hedge_all() == []
    assert desk.naked() == 0


def test_case_06_below_minimum_notional_then_the_price_rises() -> None:
    desk = two_venues(min_notional=d(10))
    hedge = desk.hedge("h1", "-1")
    desk.mark(HYPERLIQUID, SOL, "90")

    desk.maker_fill(hedge, "0.11")

    assert desk.decide() == []
    assert "below the minimum notional: 0.11 at 90" in desk.bucket().held_reason
    desk.now_ns += 60_000_000_000
    desk.mark(HYPERLIQUID, SOL, "92")
    assert desk.hedge_all() == [d("0.11")]


def test_case_07_an_ioc_fills_60_percent_and_the_next_one_40() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_fill(hedge, "1")
    (first,) = desk.decide()
    cloid = first.takers[0].client_order_id
    desk.taker_fill(cloid, "0.6")
    assert desk.decide() == []

    desk.taker_report(cloid, OrderStatus.EXPIRED, "0.6")
    (second,) = desk.decide()

    assert [taker.amount for taker in second.takers] == [d("0.4")]
    assert second.takers[0].band_bp == 10
    assert second.takers[0].client_order_id != cloid
    desk.fill_takers([second])
    assert desk.naked() == 0
    assert desk.bucket().pace.attempt == 0


def test_case_14_a_cancel_answered_filled_owes_the_rest() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-2")
    desk.maker_fill(hedge, "0.5")
    desk.stop(hedge)
    assert desk.hedge_all() == [d("0.5")]

    desk.maker_report(hedge, OrderStatus.FILLED, "2", source=ReportSource.QUERY)

    assert desk.hedge_all() == [d("1.5")]
    assert desk.view(hedge).state is HedgeState.DONE


def test_case_15_a_late_fill_after_the_cancel_is_hedged_and_marked() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-2")
    desk.maker_fill(hedge, "0.5")
    desk.hedge_all()
    desk.maker_report(hedge, OrderStatus.CANCELLED, "0.5")
    assert desk.view(hedge).state is HedgeState.DONE

    desk.maker_fill(hedge, "0.3")

    assert desk.view(hedge).state is HedgeState.HEDGING
    assert desk.hedge_all() == [d("0.3")]
    assert "LATE_FILL 0.3" in desk.view(hedge).text
    assert desk.view(hedge).state is HedgeState.DONE


def test_case_15_a_fill_hours_after_the_cancel_is_hedged_from_the_shelf() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-2")
    desk.maker_report(hedge, OrderStatus.CANCELLED, "0")
    fill = desk.maker_fill(hedge, "0.3")
    desk.hedge_all()
    desk.now_ns += 3_600_000_000_000
    desk.mark(HYPERLIQUID, SOL, "100")
    assert hedge not in desk.state.links

    desk.fill(msgspec.structs.replace(fill, exec_id=desk.next_exec(), last_qty=d("0.2")))

    assert desk.hedge_all() == [d("0.2")]
    assert desk.view(hedge).maker_filled == d("0.5")


def test_case_17_rest_says_new_after_the_stream_said_filled() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_fill(hedge, "1")
    desk.maker_report(hedge, OrderStatus.FILLED, "1")
    (decision,) = desk.decide()
    cloid = decision.takers[0].client_order_id
    desk.taker_report(cloid, OrderStatus.FILLED, "1")

    desk.maker_report(hedge, OrderStatus.NEW, "0", source=ReportSource.QUERY)
    desk.taker_report(cloid, OrderStatus.NEW, "0", source=ReportSource.QUERY)

    assert desk.decide() == []
    assert desk.naked() == 0
    assert not desk.bucket().flying
    assert desk.view(hedge).state is HedgeState.DONE


def test_case_25_three_legs_with_ratios_1_minus_2_1_one_of_them_inverse() -> None:
    coin = Exc("binance-coin")
    desk = Desk()
    desk.specs(
        instrument(BINANCE, SOLUSDT),
        instrument(HYPERLIQUID, SOL),
        instrument(HYPERLIQUID, ETH),
        instrument(coin, BTC, "1", inverse=True, multiplier=d(10)),
    )
    legs = (
        LegSpec(exc=HYPERLIQUID, ticker=SOL, ratio=d(1)),
        LegSpec(exc=HYPERLIQUID, ticker=ETH, ratio=d(-2)),
        LegSpec(exc=coin, ticker=BTC, ratio=d(1)),
    )
    hedge = desk.hedge("h1", "-3", *legs, cross_asset=True)

    desk.maker_fill(hedge, "1.5")

    assert desk.naked(HYPERLIQUID, SOL) == d("-1.5")
    assert desk.naked(HYPERLIQUID, ETH) == d(3)
    assert desk.bucket(coin, BTC).unpriced == d("1.5")  # waits for the leg's mark
    desk.now_ns += 1_000_000_000
    desk.mark(coin, BTC, "200")  # 1.5 base at 200 is 300 quote: 30 contracts of 10
    assert desk.naked(coin, BTC) == d(-30)
    assert desk.bucket(coin, BTC).unpriced == 0
    desk.hedge_all()
    assert [leg.owed for leg in desk.view(hedge).legs] == [0, 0, 0]


def test_case_26_a_triangle_by_quote_of_fill_hedges_each_fill_at_its_own_price() -> None:
    usd = Ticker("USD")
    desk = Desk()
    desk.specs(instrument(BINANCE, SOLUSDT), instrument(HYPERLIQUID, SOL))
    desk.specs(instrument(HYPERLIQUID, SOL), instrument(HYPERLIQUID, usd, "0.1"))
    legs = (
        LegSpec(exc=HYPERLIQUID, ticker=SOL),
        LegSpec(exc=HYPERLIQUID, ticker=usd, ratio=d(1), ratio_kind=RatioKind.QUOTE_OF_FILL),
    )
    hedge = desk.hedge("h1", "3", *legs)
    assert desk.refusal("h1") is None
    desk.maker_report(hedge, OrderStatus.PARTIAL, "2")
    assert desk.naked(HYPERLIQUID, SOL) == d(-2)
    assert desk.naked(HYPERLIQUID, usd) == 0
    assert desk.bucket(HYPERLIQUID, usd).unpriced == 2

    desk.maker_fill(hedge, "1", "100.3")
    desk.maker_fill(hedge, "1", "99.1")

    assert desk.naked(HYPERLIQUID, usd) == d("199.4")
    assert desk.bucket(HYPERLIQUID, usd).unpriced == 0
    assert sorted(desk.hedge_all()) == [d(-2), d("199.4")]


def test_case_27_a_pool_shared_by_two_strategies_hedges_their_sum() -> None:
    desk = two_venues(lot="0.5")
    first = desk.hedge("h1", "-1", pool="shared", strategy="basis")
    second = desk.hedge("h2", "-1", pool="shared", strategy="carry")
    third = desk.hedge("h3", "1", pool="shared", strategy="carry")
    sent: list[Decimal] = []

    for hedge, size in ((first, "0.3"), (second, "0.4"), (third, "0.6"), (first, "0.7")):
        desk.maker_fill(hedge, size)
        sent += desk.hedge_all()

    pool = desk.bucket(pool="shared")
    views = [desk.view(hedge) for hedge in (first, second, third)]
    assert list(desk.state.buckets) == [pool.key]
    assert sum(sent) == pool.done == d("0.5")
    assert sum(view.legs[0].target for view in views) == pool.target == d("0.8")
    assert sum(view.legs[0].owed for view in views) == pool.target - pool.done
    assert {view.strategy for view in views} == {"basis", "carry"}


def test_case_27_strategies_without_a_common_pool_keep_their_remainders_apart() -> None:
    desk = two_venues(lot="0.5")
    first = desk.hedge("h1", "-1", strategy="basis")
    second = desk.hedge("h2", "-1", strategy="carry")

    desk.maker_fill(first, "0.3")
    desk.maker_fill(second, "0.3")

    assert desk.hedge_all() == []
    assert desk.bucket(pool="basis").target == desk.bucket(pool="carry").target == d("0.3")


@pytest.mark.parametrize("reason", [RejectReason.INVALID, RejectReason.SIZE])
def test_c7_a_refusal_by_rules_of_the_table_waits_for_the_next_one(reason: RejectReason) -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    (decision,) = desk.decide()

    desk.reject(decision.takers[0].client_order_id, reason, "HTTP 400 -4014 tick")
    assert desk.decide() == []
    desk.specs(instrument(HYPERLIQUID, SOL, tick=d("0.05")))

    assert desk.hedge_all() == [d(1)]
    assert desk.alarms() == []


def test_c7_without_a_new_table_it_is_tried_again_all_the_same() -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    (decision,) = desk.decide()

    desk.reject(decision.takers[0].client_order_id, RejectReason.SIZE)
    desk.wait(1_000)

    assert desk.hedge_all() == [d(1)]
