"""The last line's numbers: what happened, what was found, how long fills waited."""

from dataclasses import replace
from decimal import Decimal as D

from examples.chaos.figures.recovery import Recovery
from examples.chaos.figures.report import counts, judged, orphaned, recovered, unhedged
from examples.chaos.verdict import (
    Cause,
    Evidence,
    Fault,
    Finding,
    Shown,
    VenueOrder,
    VenueTrade,
    stem,
)
from tandem.domain.ids import Exc, HedgeId, Pool, Ticker, bucket_hash, maker_cloid, taker_cloid

BUCKET = ("pool", "hyperliquid", "ETH")
MAKER = maker_cloid(HedgeId("h"))
TAKER = taker_cloid(bucket_hash(Exc("hyperliquid"), Ticker("ETH"), Pool("pool")), 0, 1, 0)
FIRST = VenueTrade("binance", "1", MAKER, D("0.5"), D(2680), 1_000)
SECOND = replace(FIRST, time_ms=1_010)
HEDGE = VenueTrade("hyperliquid", "9", TAKER, D(-1), D(2681), 1_040)
EVIDENCE = Evidence(
    trades=(FIRST, SECOND, HEDGE),
    makers={stem(MAKER): Cause(D(2), ((BUCKET, D(-1)),))},
    takers={TAKER: Cause(D(-1), ((BUCKET, D(1)),))},
    buckets={BUCKET: Shown(D(0), D(0), D("0.004"))},
)


def test_each_maker_fill_waits_until_its_hedge() -> None:
    waits = unhedged(EVIDENCE)
    assert waits.spread == {"p50": 35.0, "p99": 39.9, "max": 40}
    assert waits.worst is not None
    assert (waits.worst.from_ms, waits.worst.until_ms) == (1_000, 1_040)


def test_no_fill_waits_for_nothing() -> None:
    waits = unhedged(Evidence())
    assert (waits.worst, waits.spread) == (None, {})


def test_what_a_dead_strategy_has_left_is_timed_from_its_death() -> None:
    kept = VenueOrder("binance", "1", MAKER, D(2), D(1), is_open=False, ended_ms=6_050)
    ended_before = replace(kept, oid="2", ended_ms=900)
    of_another = replace(kept, oid="3", cloid=maker_cloid(HedgeId("other")))
    evidence = Evidence(orders=(kept, ended_before, of_another))
    owners = {stem(MAKER): "mortal-1", stem(of_another.cloid): "north"}
    line = orphaned(evidence, owners, {"mortal-1": 1_000})
    assert line["strategies_dead"] == 1
    assert line["orphans_ended_ms"] == {"n": 1, "p50": 5_050.0, "p99": 5_050.0, "max": 5_050}


def test_fills_and_hedges_are_counted_by_the_venues_books() -> None:
    line = counts(EVIDENCE)
    assert (line["maker_fills"], line["hedges"]) == (2, 1)
    assert line["buckets"] == {"pool/hyperliquid/ETH": "0"}


def test_a_run_without_findings_holds() -> None:
    line = judged([])
    assert (line["holds"], line["lost_fills"], line["doubled_orders"]) == (True, 0, 0)
    assert (line["conserved"], line["books_agree"]) == (True, True)


def test_each_finding_shows_in_the_line() -> None:
    lost, apart = Finding(Fault.LOST_FILL, "one"), Finding(Fault.POSITIONS_DIFFER, "redis")
    line = judged([lost, lost, apart])
    assert (line["holds"], line["lost_fills"], line["books_agree"]) == (False, 2, False)
    assert line["findings"] == ["lost_fill: one", "lost_fill: one", "positions_differ: redis"]


def test_recoveries_that_were_struck_down_are_told_apart() -> None:
    found = [
        Recovery(0, 0, 2_000, False),
        Recovery(1, 1, 9_001, True),
        Recovery(5, 6, 1_006, False),
    ]
    line = recovered(found)
    assert line["recovered_to_covered_ms"] == {"n": 2, "p50": 1500.0, "p99": 1990.0, "max": 2000}
    assert line["recovery_interrupted_ms"] == {"n": 1, "p50": 9000.0, "p99": 9000.0, "max": 9000}
    assert recovered([])["recovered_to_covered_ms"] == {"n": 0}
