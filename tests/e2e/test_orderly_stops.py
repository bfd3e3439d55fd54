"""A desk that is started and stopped in order, twice: nobody is told that anything is wrong."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from examples.walkthrough.checks import eventually
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Entry
from tandem.cli.stack import SERVICES, LocalStack, StackPlan, checkout
from tandem.messages import codec, facts, subjects
from tandem.messages.hedges import Alarm
from tandem.messages.reports import LinkReport, LinkState
from tandem.runtime.clock import SystemClock

GATEWAYS = 2
pytestmark = pytest.mark.timeout(180)


class Heard:
    """What the log says of sessions and alarms."""

    def __init__(self) -> None:
        self.alarms: list[str] = []
        self.sessions: dict[LinkState, int] = dict.fromkeys(LinkState, 0)

    def take(self, entry: Entry) -> None:
        fact = codec.decode_fact(entry.payload)
        if isinstance(fact, Alarm):
            self.alarms.append(fact.text)
        elif isinstance(fact, LinkReport):
            self.sessions[fact.state] += 1


def _stop(stack: LocalStack) -> None:
    """End the services as the stack does: all are asked, then each is waited for."""
    for name in SERVICES:
        pid = stack.children[name].pid
        assert pid is not None
        os.kill(pid, signal.SIGTERM)
    for name in SERVICES:
        stack.children[name].stop()


async def _one_day(stack: LocalStack, day: int) -> list[str]:
    """Run a desk until its sessions are whole, stop it, and return every alarm of the log."""
    await asyncio.to_thread(stack.start_services, SERVICES)
    bus, heard = await NatsBus.connect(NatsOptions(stack.nats.url), SystemClock()), Heard()
    following = await bus.log.follow((subjects.ALL_FACTS,), 0, heard.take)
    await eventually(
        lambda: heard.sessions[LinkState.RESYNCED] >= day * GATEWAYS,
        "both sessions are whole",
        timeout_s=60.0,
    )
    await asyncio.to_thread(_stop, stack)
    end = Alarm(source="test", key=f"day{day}", text=f"the end of day {day}")
    await bus.log.append(facts.subject_of(end), codec.encode(end))
    await eventually(lambda: end.text in heard.alarms, "all of the log is read")
    await following.close()
    await bus.close()
    return heard.alarms


async def test_f6_two_orderly_starts_and_stops_raise_no_alarm(tmp_path: Path) -> None:
    stack = LocalStack(StackPlan(checkout(), tmp_path))
    try:
        await asyncio.to_thread(stack.start_servers)
        await asyncio.to_thread(stack.start_paper)
        assert await _one_day(stack, 1) == ["the end of day 1"]
        assert await _one_day(stack, 2) == ["the end of day 1", "the end of day 2"]
    finally:
        await asyncio.to_thread(stack.stop)
