"""The seed's schedule: the same every time, dense enough, and each kind and target in turn."""

from collections import Counter
from dataclasses import replace

import pytest

from examples.chaos.blows.plan import DEATHS, HOLDS_MS, Kind, Pace, schedule

PACE = Pace(
    duration_ms=600_000,
    kills_per_minute=13,
    kinds=frozenset(Kind),
    processes=("hedger", "hedger-2", "order-state"),
    services=("hedger", "order-state"),
    gateways=("gateway-binance",),
    strategies=("strategy-north",),
    mortals=("strategy-mortal",),
    exchanges=("binance", "hyperliquid"),
    venue_faults=("lost", "late"),
    forced=("binance: liquidate",),
)


def test_a_seed_gives_one_schedule() -> None:
    assert schedule(7, PACE) == schedule(7, PACE)
    assert schedule(7, PACE) != schedule(8, PACE)


@pytest.mark.parametrize("seed", range(20))
def test_ten_minutes_hold_a_hundred_kills(seed: int) -> None:
    blows = schedule(seed, PACE)
    assert sum(blow.kind in DEATHS for blow in blows) >= 105


def test_blows_fall_in_order_within_the_run_and_last_as_their_kind_does() -> None:
    blows = schedule(1, PACE)
    assert [blow.at_ms for blow in blows] == sorted(blow.at_ms for blow in blows)
    assert all(0 <= blow.at_ms < PACE.duration_ms for blow in blows)
    assert all(HOLDS_MS[blow.kind][0] <= blow.hold_ms <= HOLDS_MS[blow.kind][1] for blow in blows)


def test_every_kind_falls_and_every_target_is_hit_as_often_as_any() -> None:
    blows = schedule(1, PACE)
    assert {blow.kind for blow in blows} == set(Kind)
    hit = Counter(blow.target for blow in blows if blow.kind is Kind.KILL)
    assert set(hit) == {*PACE.processes, "the sending gateway-binance"}
    assert max(hit.values()) - min(hit.values()) <= 1


def test_only_the_kinds_that_are_wanted_fall() -> None:
    blows = schedule(1, replace(PACE, kinds=frozenset({Kind.NATS})))
    assert {blow.kind for blow in blows} == {Kind.NATS}
    assert len(blows) >= 105, "a single kind of death takes the whole pace of kills"


def test_nothing_falls_on_targets_that_are_not_there() -> None:
    blows = schedule(1, replace(PACE, venue_faults=()))
    assert Kind.VENUE not in {blow.kind for blow in blows}


@pytest.mark.parametrize("seed", range(20))
def test_two_minutes_are_enough_for_every_kind(seed: int) -> None:
    blows = schedule(seed, replace(PACE, duration_ms=120_000))
    assert {blow.kind for blow in blows} == set(Kind)


def test_several_fall_at_once_on_names_that_are_known() -> None:
    known = {*PACE.processes, "the sending gateway-binance", "every hedger", "every order-state"}
    several = [blow.target.split(",") for blow in schedule(1, PACE) if blow.kind is Kind.SEVERAL]
    assert several
    assert all(2 <= len(names) <= 4 for names in several)
    assert {name for names in several for name in names} == known


def test_what_belongs_to_strategies_falls_on_no_service() -> None:
    targets = {blow.target for blow in schedule(1, PACE) if blow.kind in {Kind.CLIENT, Kind.TWIN}}
    assert targets == {"strategy-north"}


def test_a_clock_steps_both_ways() -> None:
    steps = [blow.target.split() for blow in schedule(1, PACE) if blow.kind is Kind.CLOCK]
    assert {name for name, _ in steps} <= set(PACE.processes)
    assert {step[0] for _, step in steps} == {"+", "-"}
