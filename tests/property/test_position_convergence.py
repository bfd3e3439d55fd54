"""Positions: fills in any order, stated positions anywhere between, always the same numbers."""

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.position_state import holding as holdings
from services.position_state.fold import PositionFold
from services.position_state.holding import Holdings
from tandem.domain.execution import ReportSource
from tandem.domain.ids import Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.order import Side
from tandem.domain.position import Position
from tandem.messages.codec import Fact
from tandem.messages.hedges import TimerFired
from tandem.messages.reports import FillReport, PositionReport
from tandem.runtime.fold.port import Append, ArmTimer, LogEvent, Publish

EXC, TICKER = Exc("hyperliquid"), Ticker("SOL")


def _fill(index: int, lots: int, ts: int) -> FillReport:
    return FillReport(
        exc=EXC,
        ticker=TICKER,
        exec_id=ExecId(f"{index:03d}"),
        venue_order_id=VenueOrderId("1"),
        side=Side.BUY if lots > 0 else Side.SELL,
        last_qty=abs(Decimal(lots)),
        last_px=Decimal(100 + index),
        source=ReportSource.EVENT,
        ts_event_ns=ts,
    )


def _stated(amount: Decimal, ts: int, *, inclusive: bool = False) -> PositionReport:
    return PositionReport(
        exc=EXC,
        ticker=TICKER,
        amount=amount,
        entry=Decimal(0),
        source=ReportSource.QUERY,
        ts_event_ns=ts,
        inclusive=inclusive,
    )


@st.composite
def accounts(draw: st.DrawFn) -> tuple[list[FillReport], list[PositionReport]]:
    """A venue's fills in order (several may share a time) and positions it stated truly."""
    lots = draw(st.lists(st.integers(-3, 3).filter(bool), min_size=1, max_size=8))
    steps = draw(st.lists(st.integers(0, 1), min_size=len(lots), max_size=len(lots)))
    fills, stated, ts, held = [], [], 10, Decimal(0)
    for index, (size, step) in enumerate(zip(lots, steps, strict=True)):
        ts += step
        fills.append(_fill(index, size, ts))
        held += size
        if draw(st.booleans()):
            stated.append(_stated(held, ts))
    return fills, stated


def _truth(fills: list[FillReport]) -> Position:
    held = Position()
    for fill in fills:
        held = held.apply(fill.signed_qty, fill.last_px)
    return held


def _folded(facts: Sequence[Fact]) -> tuple[Holdings, list[object]]:
    fold, state = PositionFold(), Holdings()
    effects: list[object] = []
    flat = LogEvent(1, 1, "p", _stated(Decimal(0), 1))
    fold.apply(state, flat)
    for seq, fact in enumerate(facts, start=2):
        effects += fold.apply(state, LogEvent(seq, seq, "f", fact))
    return state, effects


@given(account=accounts(), data=st.data())
@settings(max_examples=300, deadline=None)
def test_any_order_of_fills_and_stated_positions_gives_the_same_position(
    account: tuple[list[FillReport], list[PositionReport]], data: st.DataObject
) -> None:
    fills, stated = account
    told: list[Fact] = [*fills, *fills[:2], *stated]
    facts = data.draw(st.permutations(told))
    state, effects = _folded(facts)
    held = holdings.position(holdings.holding_of(state, EXC, TICKER))
    assert held == _truth(fills)
    assert [effect for effect in effects if isinstance(effect, Append)] == []


@given(account=accounts())
@settings(max_examples=100, deadline=None)
def test_one_delta_a_fill_and_they_add_up(
    account: tuple[list[FillReport], list[PositionReport]],
) -> None:
    fills, stated = account
    facts: list[Fact] = [*fills, *fills, *stated]
    _, effects = _folded(facts)
    deltas = [effect.delta for effect in effects if isinstance(effect, Publish)]
    moved = [delta.delta for delta in deltas if hasattr(delta, "delta")]
    assert moved == [fill.signed_qty for fill in fills]


@given(account=accounts(), starts_flat=st.booleans(), data=st.data())
@settings(max_examples=300, deadline=None)
def test_the_last_number_that_covers_all_outlives_every_guess(
    account: tuple[list[FillReport], list[PositionReport]], starts_flat: bool, data: st.DataObject
) -> None:
    """Fills lost or late, numbers of which nobody can tell what they cover, timers at any time."""
    fills, stated = account
    amount = _truth(fills).amount
    lost = data.draw(st.sets(st.sampled_from([fill.exec_id for fill in fills])))
    told: list[Fact] = [fill for fill in fills if fill.exec_id not in lost]
    told = data.draw(st.permutations([*told, *stated]))
    told.insert(
        data.draw(st.integers(0, len(told))), _stated(amount, fills[-1].ts_event_ns, inclusive=True)
    )
    facts = [*[_stated(Decimal(0), 1)] * starts_flat, *told]
    fires = data.draw(st.lists(st.booleans(), min_size=len(facts), max_size=len(facts)))
    state = _folded_with_timers(facts, [*fires[1:], True])
    assert holdings.position(holdings.holding_of(state, EXC, TICKER)).amount == amount


def _folded_with_timers(facts: Sequence[Fact], fires: Sequence[bool]) -> Holdings:
    """Fold facts, letting what was armed fire after some of them."""
    fold, state = PositionFold(), Holdings()
    armed: list[ArmTimer] = []
    for seq, (fact, is_due) in enumerate(zip(facts, fires, strict=True), start=1):
        effects = fold.apply(state, LogEvent(seq, seq, "f", fact))
        armed += [one for one in effects if isinstance(one, ArmTimer)]
        for timer in armed if is_due else ():
            fired = TimerFired(key=timer.key, attempt=0, due_ns=timer.due_ns)
            fold.apply(state, LogEvent(seq, timer.due_ns, "t", fired))
        armed = [] if is_due else armed
    return state
