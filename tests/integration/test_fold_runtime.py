"""The fold runtime on both buses: what a running copy owes to the log."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from tandem.domain.errors import UnavailableError
from tandem.domain.ids import Ticker
from tandem.messages import subjects
from tandem.messages.codec import Answer, decode_answer, encode
from tandem.messages.deltas import Delta
from tandem.messages.hedges import Alarm
from tandem.messages.queries import PageRequest, PositionsPage, QueryFailed
from tandem.messages.reports import MarkReport
from tandem.runtime.fold.options import FoldOptions
from tandem.runtime.fold.port import Head, LogEvent, Proposal
from tests.conftest import Eventually
from tests.integration.fold_world import EXC, Tally, TallyFold, World, fold_world


class SpeechlessFold(TallyFold):
    """Raises whenever it is asked what to do."""

    def propose(  # type: ignore[explicit-override]  # override comes with Python 3.12
        self, state: Tally, head: Head
    ) -> tuple[Proposal, ...]:
        raise LookupError("nothing can be said")


@pytest.fixture(params=["memory", "nats"])
async def world(request: pytest.FixtureRequest, eventually: Eventually) -> AsyncIterator[World]:
    async with fold_world(request, eventually) as made:
        yield made


async def test_history_is_folded_and_the_copy_becomes_ready(
    world: World, eventually: Eventually
) -> None:
    for _ in range(5):
        await world.mark("BTC")

    copy = await world.copy()

    assert copy.runner.unready()
    await eventually(lambda: copy.runner.unready() == "")
    assert copy.state.marks == {"BTC": 5}


async def test_a_copy_on_an_empty_log_becomes_ready(world: World, eventually: Eventually) -> None:
    copy = await world.copy()

    await eventually(lambda: copy.runner.unready() == "")


async def test_outputs_are_stored_and_deltas_of_an_entity_keep_their_order(
    world: World, eventually: Eventually
) -> None:
    copy = await world.copy()
    marks = [world.mark(ticker) for _ in range(100) for ticker in ("A", "B", "C")]
    await asyncio.gather(*marks)

    await eventually(lambda: copy.runner.counters.deltas == 300 and not copy.runner.in_flight)

    for ticker in ("A", "B", "C"):
        stored = await world.subjects_of("deltas", (f"positions.venue.{ticker}.>",))
        assert len(stored) == 100
        assert stored == sorted(stored, key=lambda subject: int(subject.split(".")[4]))
    alarms = await world.subjects_of("oms", ("oms.control.alarm.>",))
    assert len(alarms) == 300


async def test_two_copies_store_each_output_once_and_agree(
    world: World, eventually: Eventually
) -> None:
    first, second = await world.copy(), await world.copy()
    await asyncio.gather(*[world.mark("A") for _ in range(50)])

    await eventually(lambda: first.state.decisions == second.state.decisions == {"A": 50})

    assert first.state == second.state
    decisions = await world.subjects_of("oms", (subjects.ALL_DECISIONS,))
    assert len(decisions) == 50
    assert len(await world.subjects_of("deltas", ("positions.>",))) == 50
    assert first.runner.counters.won + second.runner.counters.won == 50


async def test_a_bucket_has_one_proposal_unread_at_most(
    world: World, eventually: Eventually
) -> None:
    copy = await world.copy()
    for _ in range(20):
        await world.mark("A")

    await eventually(lambda: copy.state.decisions == {"A": 20})
    assert copy.runner.counters.proposed == 20


async def test_a_copy_that_catches_up_proposes_nothing_from_the_middle_of_the_log(
    world: World, eventually: Eventually
) -> None:
    fold = NotingFold()
    for _ in range(20):
        await world.mark("A")

    copy = await world.copy(fold=fold)
    await eventually(lambda: copy.state.decisions == {"A": 20})

    assert min(fold.proposed_at) >= 20


async def test_a_timer_fires_once_for_all_copies(world: World, eventually: Eventually) -> None:
    first, second = await world.copy(), await world.copy()
    await world.cost("soon", "wait", 30)

    await eventually(lambda: first.state.fired == second.state.fired == ["soon"])

    assert len(await world.subjects_of("oms", (subjects.ALL_TIMERS,))) == 1


async def test_a_malformed_message_stops_nothing(world: World, eventually: Eventually) -> None:
    copy = await world.copy()
    await world.writer.log.append("oms.control.odd.1", b"\xff not a message")
    await world.mark("A")

    await eventually(lambda: copy.state.marks == {"A": 1})

    assert copy.state.malformed == 1
    assert copy.runner.counters.malformed == 1


async def test_e8_a_message_that_breaks_the_fold_is_passed_over_in_every_copy(
    world: World, eventually: Eventually
) -> None:
    first, second = await world.copy(), await world.copy()
    await world.mark("A")
    await world.cost("x", "bug", 1)
    await world.mark("A")
    await world.cost("y", "bug", 1)
    await world.mark("A")
    await eventually(lambda: first.state.marks == second.state.marks == {"A": 3})
    late = await world.copy()
    await eventually(lambda: late.runner.unready() == "" and not late.runner.in_flight)

    for copy in (first, second, late):
        await eventually(lambda copy=copy: copy.state == late.state)
        assert not copy.tasks.failed.done()
        assert copy.state.broken == 0
    assert first.runner.counters.unfoldable == 2
    alarms = await world.subjects_of("oms", ("oms.control.alarm.>",))
    passed = [one for one in alarms if "aside-" in one]
    assert len(passed) == 1, "two of one kind within a minute are one alarm"


async def test_e8_a_broken_copy_goes_on_from_a_snapshot_and_leaves_a_newer_one(
    world: World, eventually: Eventually
) -> None:
    options = FoldOptions(snapshot_every=1)
    copy = await world.copy(options)
    await world.mark("A")
    await eventually(lambda: copy.runner.counters.snapshots > 0)
    written = copy.runner.counters.snapshots

    await world.cost("x", "bug", 1)
    await world.mark("B")

    await eventually(lambda: copy.state.marks == {"A": 1, "B": 1})
    await eventually(lambda: copy.runner.counters.snapshots > written)
    heir = await world.copy(FoldOptions(run="heir"))
    await eventually(lambda: heir.state.marks == {"A": 1, "B": 1})
    assert heir.state.broken == copy.state.broken == 0


JUNK = (b"\xff", b'{"a":' * 1_200, b'{"type":"alarm","source":"x","key":"y","text":"z"}')


@pytest.mark.parametrize("junk", JUNK)
async def test_e2_a_timer_whose_place_is_taken_wakes_its_fold_all_the_same(
    world: World, eventually: Eventually, junk: bytes
) -> None:
    first, second = await world.copy(), await world.copy()
    for attempt in range(3):
        await world.writer.log.append(subjects.timer("k", attempt), junk)

    await world.cost("k", "wait", 50)

    await eventually(lambda: first.state.fired == second.state.fired == ["k"])
    assert (await world.subjects_of("oms", (subjects.ALL_TIMERS,)))[-1] == subjects.timer("k", 3)


@pytest.mark.parametrize("junk", JUNK)
async def test_e2_a_delta_whose_place_is_taken_stops_no_writer(
    world: World, eventually: Eventually, junk: bytes
) -> None:
    await world.mark("A")
    for seq in range(1, 9):
        delta = Delta(epoch=0, seq=seq, index=0)
        await world.writer.deltas.append(subjects.position_delta(EXC, Ticker("A"), delta), junk)

    copy = await world.copy()
    await world.mark("A")
    await world.mark("B")

    await eventually(lambda: copy.state.marks == {"A": 2, "B": 1} and not copy.runner.in_flight)
    await eventually(lambda: copy.state.decisions == {"A": 2, "B": 1})


@pytest.mark.parametrize("world", ["nats"], indirect=True)
async def test_e9_what_no_server_takes_is_left_out_and_ends_nobody(
    world: World, eventually: Eventually
) -> None:
    copy = await world.copy()
    await world.cost("x", "huge", 1)
    await world.mark("A")

    await eventually(lambda: copy.runner.counters.unwritable == 1)
    await eventually(lambda: copy.state.decisions == {"A": 1} and not copy.runner.in_flight)
    assert not copy.tasks.failed.done()


async def test_a_fold_that_cannot_propose_goes_on_reading(
    world: World, eventually: Eventually
) -> None:
    copy = await world.copy(fold=SpeechlessFold())
    await world.mark("A")
    await world.mark("A")

    await eventually(lambda: copy.state.marks == {"A": 2})
    await eventually(lambda: copy.runner.counters.speechless > 0)
    assert not copy.tasks.failed.done()


async def test_reading_waits_for_outputs_and_loses_nothing(
    world: World, eventually: Eventually
) -> None:
    copy = await world.copy(FoldOptions(most_in_flight=20, few_in_flight=5))
    await asyncio.gather(*[world.mark("A") for _ in range(500)])

    await eventually(lambda: copy.runner.counters.deltas == 500 and not copy.runner.in_flight, 20)

    assert copy.runner.counters.pauses > 0
    assert copy.state.marks == {"A": 500}


async def test_a_page_is_answered_at_the_sequence_asked_for(
    world: World, eventually: Eventually
) -> None:
    copy = await world.copy()
    await eventually(lambda: copy.runner.unready() == "")
    asked = asyncio.ensure_future(_ask(world, PageRequest(min_seq=3)))
    for _ in range(3):
        await world.mark("A")

    page = await asked

    assert isinstance(page, PositionsPage)
    assert page.seq >= 3


async def _ask(world: World, query: PageRequest) -> Answer:
    payload = await world.writer.request(subjects.POSITIONS_PAGE, encode(query), 5)
    return decode_answer(payload)


async def test_a_page_past_the_log_is_refused_in_time(world: World, eventually: Eventually) -> None:
    copy = await world.copy()
    await eventually(lambda: copy.runner.unready() == "")

    answer = await _ask(world, PageRequest(min_seq=99))

    assert isinstance(answer, QueryFailed)
    assert answer.retryable


async def test_a_malformed_question_is_refused(world: World, eventually: Eventually) -> None:
    copy = await world.copy()
    await eventually(lambda: copy.runner.unready() == "")

    payload = await world.writer.request(subjects.POSITIONS_PAGE, b"{}", 5)

    answer = decode_answer(payload)
    assert isinstance(answer, QueryFailed)
    assert not answer.retryable


async def test_conflicting_content_is_counted_and_stops_nothing(
    world: World, eventually: Eventually
) -> None:
    taken = Alarm(source="tally", key="A-1", text="something else")
    await world.writer.log.append(subjects.alarm("tally", "A-1"), encode(taken))
    copy = await world.copy()
    await world.mark("A")
    await world.mark("A")

    await eventually(lambda: copy.runner.counters.conflicts == 1)
    await eventually(lambda: copy.state.decisions == {"A": 2})


async def test_a_closed_bus_gives_up_what_waits(world: World) -> None:
    bus = await world.connect()
    await bus.close()

    with pytest.raises(UnavailableError):
        await bus.request("tandem.page.positions", b"{}", 1)


def test_the_fold_under_test_counts() -> None:
    state, fold = Tally(), TallyFold()
    mark = MarkReport(exc=EXC, ticker=Ticker("A"), mid=Decimal(1), ts_event_ns=1)

    effects = fold.apply(state, LogEvent(7, 1, "oms.venue.venue.mark.A.1", mark))

    assert Counter(type(effect).__name__ for effect in effects) == {
        "Publish": 1,
        "Append": 1,
        "SetRow": 1,
    }


class NotingFold(TallyFold):
    """Notes each place in the log at which it is asked what it proposes."""

    def __init__(self) -> None:
        self.proposed_at: list[int] = []

    def propose(  # type: ignore[explicit-override]  # override comes with Python 3.12
        self, state: Tally, head: Head
    ) -> tuple[Proposal, ...]:
        self.proposed_at.append(head.seq)
        return super().propose(state, head)


async def test_e7_a_copy_that_reads_the_log_anew_stores_no_delta_that_has_expired(
    world: World, eventually: Eventually
) -> None:
    for _ in range(5):
        await world.mark("BTC")

    copy = await world.copy(FoldOptions(run="late", deltas_ns=0))
    await eventually(lambda: copy.runner.unready() == "")
    await world.mark("BTC")

    await eventually(lambda: copy.state.marks == {"BTC": 6} and copy.runner.in_flight == 0)
    stored = await world.subjects_of("deltas", subjects.ALL_DELTAS)
    assert [int(subject.split(".")[-2]) > 5 for subject in stored] == [False, True]
