"""One copy of a fold: what it passes over, and that nothing else of a bad message reaches it."""

from decimal import Decimal

import pytest

from tandem.bus.port import Entry
from tandem.domain.ids import Exc, ExecId, Ticker
from tandem.messages import subjects
from tandem.messages.codec import encode
from tandem.messages.hedges import Alarm, Epoch
from tandem.messages.reports import FillCost
from tandem.runtime.fold.port import Append
from tandem.runtime.fold.state import FoldCopy, PutAside, UnfoldableError
from tests.integration.fold_world import EXC, TallyFold

T = Ticker("T")


def cost(seq: int, asset: str) -> Entry:
    fact = FillCost(
        exc=EXC,
        ticker=T,
        exec_id=ExecId(str(seq)),
        fee=Decimal(1),
        fee_asset=asset,
        ts_event_ns=1,
    )
    return Entry(seq, seq, subjects.fill_cost(EXC, T, fact.exec_id), encode(fact))


def put_aside(seq: int, subject: str = "") -> PutAside:
    usual = subjects.fill_cost(EXC, T, ExecId(str(seq)))
    return PutAside(subject or usual, "RuntimeError in the fold")


def copy_without(*seqs: int) -> FoldCopy:  # type: ignore[type-arg]
    aside = {seq: put_aside(seq) for seq in seqs}
    return FoldCopy(TallyFold(), 1, frozenset[Exc](), aside)


def test_a_message_that_breaks_the_fold_is_told_by_its_place() -> None:
    with pytest.raises(UnfoldableError) as caught:
        copy_without().read(cost(7, "bug"))

    assert caught.value.seq == 7
    assert caught.value.reason == "RuntimeError in the fold"


def test_what_is_put_aside_reaches_no_state_and_is_one_alarm() -> None:
    copy = copy_without(7, 8)

    reading = copy.read(cost(7, "bug"))

    (alarm,) = reading.effects
    assert isinstance(alarm, Append)
    assert isinstance(alarm.fact, Alarm)
    assert alarm.fact.key == "aside-0.7"
    assert "RuntimeError" in alarm.fact.text
    assert copy.state == TallyFold().initial()
    assert copy.head.seq == 7
    assert copy.read(cost(8, "bug")).effects == ()


def test_an_epoch_that_is_put_aside_does_not_begin() -> None:
    aside = {3: put_aside(3, subjects.epoch(5)), 4: put_aside(4, "oms.x")}
    copy = FoldCopy(TallyFold(), 1, frozenset[Exc](), aside)

    copy.read(Entry(3, 3, subjects.epoch(5), encode(Epoch(epoch=5))))
    assert copy.standing.epoch == 0

    copy.read(Entry(4, 4, subjects.epoch(6), encode(Epoch(epoch=6))))
    assert copy.standing.epoch == 6, "another message stands there now"


def test_a_copy_from_a_snapshot_goes_on_counting_what_was_passed_over() -> None:
    copy = copy_without(7, 8)
    copy.read(cost(7, "bug"))

    again = FoldCopy.restored(TallyFold(), copy.snapshot((), 7), {8: put_aside(8)})

    assert again.read(cost(8, "bug")).effects == ()


def test_a_snapshot_tells_what_was_passed_over_before_its_process_began() -> None:
    """Else a copy that still knows of it takes the snapshot for one that has it in its state."""
    copy = copy_without(7)
    copy.read(cost(7, "bug"))
    again = FoldCopy.restored(TallyFold(), copy.snapshot((), 7), {9: put_aside(9)})
    again.read(cost(8, "any"))

    assert again.snapshot((), 8).kept.aside == (7,)
    again.read(cost(9, "bug"))
    assert again.snapshot((), 9).kept.aside == (7, 9)


def test_a_process_without_memory_is_no_matter_of_the_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def apply(*_: object) -> tuple[()]:
        raise MemoryError

    monkeypatch.setattr(TallyFold, "apply", apply)
    with pytest.raises(MemoryError):
        copy_without().read(cost(7, "any"))
