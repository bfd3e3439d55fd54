"""A message that an operator puts aside counts for nothing, in copies old and new."""

from collections.abc import AsyncIterator

import pytest

from tandem.bus.memory.bus import MemoryBus
from tandem.cli.aside import append
from tandem.domain.errors import ConflictError, InvalidInputError
from tandem.messages import facts, subjects
from tandem.messages.hedges import Aside
from tandem.runtime.clock import SystemClock
from tandem.runtime.fold.options import FoldOptions
from tests.conftest import Eventually
from tests.integration.fold_world import World, fold_world


@pytest.fixture(params=["memory", "nats"])
async def world(request: pytest.FixtureRequest, eventually: Eventually) -> AsyncIterator[World]:
    async with fold_world(request, eventually) as made:
        yield made


async def test_e8_what_is_put_aside_is_undone_in_every_copy_and_never_read_by_a_new_one(
    world: World, eventually: Eventually
) -> None:
    for ticker in ("A", "B", "A"):
        await world.mark(ticker)
    running = await world.copy(FoldOptions(snapshot_every=1))
    await eventually(lambda: running.state.marks == {"A": 2, "B": 1})
    await eventually(lambda: running.runner.counters.snapshots > 0)

    fact = await append(world.writer.log, 2, "a mistake")

    assert fact.subject.startswith("oms.venue.venue.mark.B.")
    await eventually(lambda: running.state.marks == {"A": 2})
    late = await world.copy(FoldOptions(run="late"))
    await eventually(lambda: late.runner.unready() == "")
    assert late.state.marks == {"A": 2}
    await world.mark("B")
    await eventually(lambda: running.state.marks == late.state.marks == {"A": 2, "B": 1})
    assert running.state.marks == late.state.marks


async def test_e8_the_next_snapshot_has_nothing_of_it_and_serves_those_who_know(
    world: World, eventually: Eventually
) -> None:
    for ticker in ("A", "B"):
        await world.mark(ticker)
    running = await world.copy(FoldOptions(snapshot_every=1))
    await eventually(lambda: running.runner.counters.snapshots > 0)
    await append(world.writer.log, 2, "")
    written = running.runner.counters.snapshots
    await eventually(lambda: running.runner.counters.snapshots > written)

    heir = await world.copy(FoldOptions(run="heir"))

    await eventually(lambda: heir.runner.unready() == "")
    assert heir.state.marks == running.state.marks == {"A": 1}
    assert heir.runner.counters.read < running.runner.counters.read


async def test_what_the_log_does_not_hold_cannot_be_put_aside() -> None:
    log = MemoryBus(SystemClock()).log
    for seq in (0, -1, 7):
        with pytest.raises(InvalidInputError):
            await append(log, seq, "")


async def test_a_message_is_put_aside_once() -> None:
    log = MemoryBus(SystemClock()).log
    await log.append("oms.x", b"1")
    first = await append(log, 1, "why")
    assert await append(log, 1, "why") == first
    with pytest.raises(ConflictError):
        await append(log, 1, "another reason")


async def test_what_comes_later_cannot_be_put_aside_before(
    world: World, eventually: Eventually
) -> None:
    await world.writer.log.append(*facts.written(Aside(seq=3, subject="oms.x")))
    copy = await world.copy()
    for _ in range(3):
        await world.mark("A")

    await eventually(lambda: copy.state.marks == {"A": 3})
    assert await world.subjects_of("oms", (subjects.ALL_ASIDES,)) == [subjects.aside(3)]
