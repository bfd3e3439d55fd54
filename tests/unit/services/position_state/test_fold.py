"""Fills and venue positions in, position deltas out."""

import dataclasses
from decimal import Decimal as D
from typing import Any

import msgspec
import pytest

from services.position_state.fold import PositionFold
from services.position_state.holding import Holdings
from tandem.domain.ids import Exc
from tandem.domain.instrument import Instrument
from tandem.messages.codec import Fact
from tandem.messages.deltas import PositionDelta
from tandem.messages.hedges import Alarm, TimerFired
from tandem.messages.queries import AskKind, PageRequest, PositionsPage, QueryFailed, VenueAsk
from tandem.messages.reports import LinkReport, LinkState, SpecsReport
from tandem.runtime.fold.port import Append, ArmTimer, Effect, Head, LogEvent, Publish, SetRow
from tests.unit.services.position_state.test_holding import EXC, SOL, fill, stated

HEAD = Head(0, 9, 9)
SECOND = 1_000_000_000


class World:
    def __init__(self) -> None:
        self.fold, self.state, self.seq = PositionFold(), Holdings(), 0

    def read(self, fact: Fact, ts_ns: int = 0) -> tuple[Effect, ...]:
        self.seq += 1
        return self.fold.apply(self.state, LogEvent(self.seq, ts_ns, "oms.venue.x", fact))

    def deltas(self, fact: Fact, ts_ns: int = 0) -> list[PositionDelta]:
        effects = self.read(fact, ts_ns)
        found = [one.delta for one in effects if isinstance(one, Publish)]
        return [delta for delta in found if isinstance(delta, PositionDelta)]

    def page(self, exc: Exc | None = EXC) -> Any:
        return self.fold.answer(self.state, HEAD, "", PageRequest(exc=exc))


@pytest.fixture
def world() -> World:
    return World()


def test_each_fill_is_one_delta_with_its_cause(world: World) -> None:
    first, second = world.deltas(fill("a", "2", 1)), world.deltas(fill("b", "-1", 2))
    assert [(one.position.amount, one.delta, one.cause) for one in first] == [(D(2), D(2), "a")]
    assert [(one.position.amount, one.delta, one.prev) for one in second] == [
        (D(1), D(-1), "0.1.0")
    ]
    assert world.read(fill("b", "-1", 2)) == ()


def test_a_flat_positions_delta_keeps_its_last_entry(world: World) -> None:
    world.read(fill("a", "2", 1, "110"))
    (flat,) = world.deltas(fill("b", "-2", 2, "120"))
    assert (flat.position.amount, flat.delta, flat.position.entry) == (D(0), D(-2), D(110))
    assert flat.position.value == 0


def test_c6_the_first_fill_of_an_unlisted_coin_tells_its_own_change(world: World) -> None:
    """Sold down to nothing: a delta of what was sold, and not a short position of ten."""
    sold = msgspec.structs.replace(fill("a", "-10", 1), start_position=D(10))
    (delta,) = world.deltas(sold)
    assert (delta.position.amount, delta.delta, delta.cause) == (D(0), D(-10), "a")
    assert delta.position.is_listed is False


def test_row_goes_when_the_position_is_flat(world: World) -> None:
    world.read(fill("a", "2", 1))
    effects = world.read(fill("b", "-2", 2))
    assert effects[-1] == SetRow(f"positions:{EXC}", SOL, None)


def test_first_statement_of_something_is_told_and_of_nothing_is_not(world: World) -> None:
    assert world.read(stated("0", 5)) == ()
    other = World()
    assert [one.delta for one in other.deltas(stated("3", 5))] == [3]


def test_statement_that_agrees_only_refreshes_the_row(world: World) -> None:
    world.read(stated("3", 5))
    (row,) = world.read(stated("3", 6))
    assert isinstance(row, SetRow)


def test_mismatch_is_alarmed_and_adopted_after_a_second(world: World) -> None:
    world.read(stated("3", 5))
    (timer,) = world.read(stated("7", 6), ts_ns=SECOND)
    assert isinstance(timer, ArmTimer)
    assert timer.due_ns == 2 * SECOND
    early = world.read(TimerFired(key=timer.key, attempt=0, due_ns=timer.due_ns), ts_ns=SECOND)
    assert early == (ArmTimer(timer.key, 1, timer.due_ns),)
    alarm, told, _ = world.read(
        TimerFired(key=timer.key, attempt=1, due_ns=timer.due_ns), ts_ns=2 * SECOND
    )
    assert isinstance(alarm, Append)
    assert isinstance(alarm.fact, Alarm)
    assert "7" in alarm.fact.text
    assert "3" in alarm.fact.text
    assert isinstance(told, Publish)
    assert isinstance(told.delta, PositionDelta)
    assert (told.delta.delta, told.delta.cause, told.delta.index) == (D(4), "", 1)
    again = TimerFired(key=timer.key, attempt=2, due_ns=timer.due_ns)
    assert world.read(again, ts_ns=3 * SECOND) == ()


def test_two_doubts_about_one_time_of_the_venue_have_a_timer_each(world: World) -> None:
    """Found by simulation seed 2015: the log had the second one's timer already."""
    world.read(stated("3", 5))
    (first,) = world.read(stated("7", 6))
    (second,) = world.read(stated("8", 6))

    assert isinstance(first, ArmTimer)
    assert isinstance(second, ArmTimer)
    assert first.key != second.key


@pytest.mark.parametrize(
    "key",
    ["naked:1", "position-recheck", "position-recheck\x1fa\x1fb\x1fx", "position-rechecks\x1fa"],
)
def test_timers_of_others_mean_nothing(world: World, key: str) -> None:
    assert world.read(TimerFired(key=key, attempt=0, due_ns=0)) == ()
    assert world.state.held == {}


def test_c4_a_position_is_worth_its_price_and_an_inverse_one_its_face(world: World) -> None:
    listed = Instrument(
        exc=EXC,
        ticker=SOL,
        symbol="SOL",
        base_asset="SOL",
        quote_asset="USDT",
        tick=D(1),
        lot=D(1),
        min_qty=D(1),
        min_notional=D(0),
        multiplier=D(10),
    )
    inverse = dataclasses.replace(listed, inverse=True)
    values = []
    for n, table in enumerate((listed, inverse, listed)):
        world.read(SpecsReport(exc=EXC, instruments=(table,)))
        (delta,) = world.deltas(fill(f"a{n}", "2", n + 1))
        values.append(delta.position.value)
    assert values == [200, 40, 600]  # 2 at 100, 4 of face 10, 6 at 100
    assert world.state.faces == {}


def test_pages_are_of_one_account_or_all(world: World) -> None:
    world.read(fill("a", "2", 1))
    mine, every, others = world.page(), world.page(None), world.page(Exc("other"))
    assert isinstance(mine, PositionsPage)
    assert (mine.epoch, mine.seq, [row.amount for row in mine.positions]) == (0, 9, [D(2)])
    assert every == mine
    assert others.positions == ()


def test_other_questions_are_refused(world: World) -> None:
    answer = world.fold.answer(world.state, HEAD, "", VenueAsk(kind=AskKind.ORDERS))
    assert isinstance(answer, QueryFailed)
    assert not answer.retryable


def test_number_that_cannot_be_counted_is_alarmed(world: World) -> None:
    effects = world.read(fill("a", "Infinity", 1))
    assert isinstance(effects[0], Append)
    assert isinstance(effects[0].fact, Alarm)
    assert "last_qty" in effects[0].fact.text
    assert world.page().positions == ()


def test_snapshot_brings_the_same_state_back(world: World) -> None:
    world.read(stated("3", 5))
    world.read(fill("a", "2", 6))
    again = world.fold.load(world.fold.dump(world.state))
    assert again == world.state
    assert world.fold.initial() == Holdings()
    assert [row.row for row in world.fold.rows(again)] == [SOL]
    assert world.fold.propose(world.state, HEAD) == ()


def test_facts_of_others_mean_nothing(world: World) -> None:
    link = LinkReport(exc=EXC, run="r", n=1, state=LinkState.UP)
    assert world.read(link) == ()
    assert world.state.held == {}
