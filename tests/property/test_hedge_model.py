"""The model of the hedging semantics, played thousands of times, and with each rule left out."""

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise

import pytest

from services.hedger.book import ledger
from services.hedger.book.ledger import Bucket
from services.hedger.fold import makers
from services.hedger.fold.state import Link
from tandem.domain.order import OrderStatus
from tandem.hedging import evidence
from tandem.hedging.attribution import Lot
from tandem.hedging.evidence import Evidence
from tandem.messages.reports import FillReport, OrderReport
from tests.property.hedge_facts import BrokenError
from tests.property.hedge_judge import check, run_episode
from tests.property.hedge_model import NONE_LEFT_OUT, Ablation, World

EPISODES = 10_000
BATCH = 500
ABLATED_EPISODES = 1_000
ENOUGH = 3


@pytest.mark.parametrize("first", range(0, EPISODES, BATCH))
def test_no_episode_breaks_a_property(first: int) -> None:
    for seed in range(first, first + BATCH):
        try:
            run_episode(seed)
        except BrokenError as error:
            pytest.fail(f"episode {seed}: {error}")


def test_episodes_hold_what_they_are_meant_to_try() -> None:
    """Decisions, reversals, doubts, stale offers and crashes all happen, so that 0 means 0."""
    worlds = [run_episode(seed) for seed in range(300)]

    reports = [
        event.fact for world in worlds for event in world.log if isinstance(event.fact, OrderReport)
    ]
    assert sum(len(world.decisions) for world in worlds) > 300
    assert sum(_switches(world) for world in worlds) > 5
    assert sum(world.activations > 2 for world in worlds) > 30
    assert sum(report.in_doubt for report in reports) > 30
    assert len({report.reason for report in reports}) >= 8
    sides = [{taker.amount > 0 for taker in world.takers.values()} for world in worlds]
    assert {True, False} in sides


def _switches(world: World) -> int:
    """Count the decisions made under other rules than the one before."""
    rules = [decision.rules for _, decision in world.decisions]
    return sum(one != other for one, other in pairwise(rules))


def _broken(ablation: Ablation = NONE_LEFT_OUT) -> list[str]:
    """Return what the first ENOUGH broken episodes say; without an ablation there are none."""
    found: list[str] = []
    for seed in range(ABLATED_EPISODES):
        try:
            run_episode(seed, ablation)
        except BrokenError as error:
            found.append(str(error))
        if len(found) == ENOUGH:
            break
    return found


def test_a_timeout_taken_for_a_rejection_breaks() -> None:
    assert len(_broken(Ablation(timeout_rejects=True))) == ENOUGH


def test_fills_summed_without_a_guard_break(monkeypatch: pytest.MonkeyPatch) -> None:
    def absorb_every_time(order: Evidence, fill: FillReport) -> bool:
        oid = fill.venue_order_id
        venue_order = order.venue_orders.setdefault(oid, evidence.VenueOrder())
        venue_order.filled += fill.last_qty
        return True

    monkeypatch.setattr(evidence, "absorb_fill", absorb_every_time)

    assert len(_broken(Ablation(fills_repeat=True))) == ENOUGH


def test_repeated_fills_alone_break_nothing() -> None:
    for seed in range(200):
        run_episode(seed, Ablation(fills_repeat=True))


def test_sizing_by_owed_minus_in_flight_regrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "certain_need", ledger.remainder)

    broken = _broken()

    assert len(broken) == ENOUGH
    assert all(text.startswith("I1") for text in broken)


def test_sizing_by_what_is_naked_hedges_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "certain_need", ledger.naked)

    assert len(_broken()) == ENOUGH


def test_a_terminal_word_without_its_quantity_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def ends_by_word(_: Evidence, report: OrderReport) -> bool:
        return report.order_status.is_terminal

    monkeypatch.setattr(evidence, "_proves_end", ends_by_word)

    assert len(_broken()) == ENOUGH


def test_dropping_fills_after_the_end_leaves_them_naked(monkeypatch: pytest.MonkeyPatch) -> None:
    on_fill: Callable[..., None] = makers.on_fill

    def ignoring_late(state: object, turn: object, link: Link, fill: FillReport) -> None:
        if evidence.status(link.order) is not OrderStatus.CANCELLED:
            on_fill(state, turn, link, fill)

    monkeypatch.setattr(makers, "on_fill", ignoring_late)

    assert len(_broken()) == ENOUGH


def test_forgetting_the_remainder_leaves_it_naked(monkeypatch: pytest.MonkeyPatch) -> None:
    enter = ledger.enter

    def forgetful(bucket: Bucket, taker: ledger.Taker) -> bool:
        entered = enter(bucket, taker)
        if not bucket.flying.keys() - {taker.cloid}:
            bucket.target = bucket.done + taker.amount
            bucket.lots[:] = [Lot(bucket.lots[0].hedge_id, taker.amount, 0)]
        return entered

    monkeypatch.setattr(ledger, "enter", forgetful)

    assert len(_broken()) == ENOUGH


def test_the_oracle_sees_an_over_hedge() -> None:
    """The judge itself: an episode whose venue did more than was asked is not called good."""
    world = run_episode(7)
    next(iter(world.makers.values())).filled += Decimal(5)

    with pytest.raises(BrokenError):
        check(world)
