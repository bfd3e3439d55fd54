"""A bus in memory whose pages the test answers, and what a feed on it needs."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from tandem.bus.memory.bus import MemoryBus
from tandem.client.mirror.feed import Feed, FeedOptions, Subscription
from tandem.client.mirror.mirrors import Mirror
from tandem.client.stream_reader import ReadingPorts
from tandem.messages import codec, facts, subjects
from tandem.messages.codec import Answer, AnyDelta
from tandem.messages.queries import PositionsPage, QueryFailed
from tandem.runtime.clock import SystemClock, TaskOwner
from tests.unit.tandem.client.rows import EXC, position


class Desk:
    """One server in memory; `answers` holds what each request subject is answered, in turn."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.world = MemoryBus(self.clock)
        self.bus = self.world.client()
        self.tasks = TaskOwner()
        self.ports = ReadingPorts(self.clock, structlog.get_logger(), self.tasks)
        self.answers: dict[str, list[Answer | bytes]] = {}
        self.asked: list[codec.Query] = []

    async def answer(self, subject: str, *answers: Answer | bytes) -> None:
        """Answer `subject` with these, the last of them for ever."""
        self.answers[subject] = list(answers)

        async def reply(request: bytes) -> bytes:
            self.asked.append(codec.decode_query(request))
            left = self.answers[subject]
            given = left.pop(0) if len(left) > 1 else left[0]
            return given if isinstance(given, bytes) else codec.encode(given)

        await self.world.serve(subject, reply, queue="test")

    async def feed(self, **options: Any) -> Feed:
        made = Feed(self.bus, self.ports, FeedOptions(**options))
        await made.start()
        return made

    async def join(
        self, feed: Feed, mirror: Mirror, subject: str = subjects.POSITIONS_PAGE
    ) -> Subscription:
        joined = Subscription(mirror, subject, EXC)
        await feed.subscribe(joined)
        return joined

    async def publish(self, delta: AnyDelta) -> None:
        await self.world.deltas.append(*facts.written_delta(delta))

    async def close(self, feed: Feed) -> None:
        await feed.close()
        await self.tasks.close()
        await self.bus.close()


def positions_page(seq: int, amount: str, epoch: int = 0) -> PositionsPage:
    return PositionsPage(epoch=epoch, seq=seq, positions=(position(amount),))


NOT_YET = QueryFailed(text="not there yet")
REFUSED = QueryFailed(text="no", retryable=False)


async def until(claim: Callable[[], object]) -> None:
    """Let the loop turn until a fact holds."""
    async with asyncio.timeout(5):
        while not claim():
            await SystemClock().sleep(0.001)
