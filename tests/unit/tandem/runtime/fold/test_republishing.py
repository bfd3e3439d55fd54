"""What a copy logs again from what it has heard."""

import asyncio

import pytest
import structlog

from services.hedger.fold.router import HedgerFold
from tandem.bus.memory.bus import MemoryBus
from tandem.bus.port import Entry
from tandem.domain.ids import Exc, Strategy, Token
from tandem.gateway.core.halts import Restraint
from tandem.messages import facts
from tandem.messages.intents import Halt, Resume
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.failpoints import no_seam
from tandem.runtime.fold.options import FoldOptions, FoldPorts
from tandem.runtime.fold.republishing import Offering
from tandem.runtime.fold.state import FoldCopy

DESK = Strategy("desk")


@pytest.mark.parametrize("is_known", [True, False], ids=["halt offered first", "only heard"])
async def test_e5_a_halt_in_force_is_not_lifted_by_a_resume_that_came_before_it(
    is_known: bool,
) -> None:
    clock = SystemClock()
    bus = MemoryBus(clock).client()
    ports = FoldPorts(bus, clock, TaskOwner(), structlog.get_logger(), no_seam)
    offering = Offering(HedgerFold(), ports, FoldOptions())
    copy = FoldCopy(HedgerFold(), 1, frozenset())
    asked: list[Halt | Resume] = [
        Halt(token=Token("a"), strategy=DESK),
        Resume(token=Token("r"), strategy=DESK),
        Halt(token=Token("b"), strategy=DESK),
    ]
    for seq, fact in enumerate(asked, 1):
        entry = Entry(seq, clock.wall_ns(), *facts.written(fact))
        copy.read(entry)
        offering.read(entry, fact)
    if is_known:
        offering.at_head()

    await offering.log_again(copy, await bus.log.state(), 1)
    async with asyncio.timeout(5):
        while await bus.log.find("oms.control.halt.b") is None:
            await clock.sleep(0.001)

    restraint, read = Restraint(Exc("venue")), asyncio.Event()

    def take(entry: Entry) -> None:
        fact = facts.read_fact(entry.subject, entry.payload)
        if isinstance(fact, Halt | Resume):
            restraint.take(fact)
        if entry.pending == 0:
            read.set()

    await bus.log.follow(("oms.control.>",), 0, take)
    async with asyncio.timeout(5):
        await read.wait()
    assert restraint.clears() == "halt b by desk is in force"
    assert await bus.log.find("oms.control.halt.a") is None
    assert await bus.log.find("oms.control.resume.r") is None
