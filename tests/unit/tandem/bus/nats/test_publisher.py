"""What is sent again when the server refuses or keeps silent, and how much it is given then.

A run of ten minutes of chaos (seed 20261123) found the storm: one refusal, or three seconds without
an answer, had each producer send its whole window again, for as long as that kept the server busy.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

import pytest

from tandem.bus.nats.client import DirectClient, DirectHandler
from tandem.bus.nats.congestion import FIRST_AFTER_RECONNECT, PATIENCE_NS, WIDEST
from tandem.bus.nats.counters import BusCounters
from tandem.bus.nats.publisher import Publisher
from tandem.bus.tasks import Background

Eventually = Callable[..., Awaitable[None]]
REFUSED = b'{"error":{"code":503,"err_code":10023,"description":"insufficient resources"}}'
MANY = 3 * WIDEST


class Server:
    """A client whose server answers only as the test says; `written` is every publish in turn."""

    is_connected = True
    max_payload = 1_000

    def __init__(self) -> None:
        self.written: list[tuple[str, str]] = []
        self._handler: DirectHandler | None = None

    def new_inbox(self) -> str:
        return "_INBOX.x"

    async def subscribe_direct(
        self, _subject: str, handler: DirectHandler, _on_status: object
    ) -> None:
        self._handler = handler

    async def publish(
        self, subject: str, _payload: bytes, *, reply: str, headers: object = None
    ) -> None:
        self.written.append((subject, reply))

    def answer(self, place: int, payload: bytes) -> None:
        """Answer the publish that was written at this place."""
        assert self._handler is not None
        self._handler(self.written[place][1], "", payload)

    @property
    def subjects(self) -> list[str]:
        return [subject for subject, _ in self.written]


class Times:
    """Monotonic time is the test's; waits are as short as the loop can make them."""

    def __init__(self) -> None:
        self.now_ns = 0

    def wall_ns(self) -> int:
        return self.now_ns

    def monotonic_ns(self) -> int:
        return self.now_ns

    async def sleep(self, _seconds: float) -> None:
        await asyncio.get_running_loop().run_in_executor(None, int)


class Setting:
    def __init__(self) -> None:
        self.server, self.times, self.background = Server(), Times(), Background()
        client = cast("DirectClient", self.server)
        self.publisher = Publisher(client, self.times, self.background, BusCounters())


@pytest.fixture
async def setting() -> AsyncIterator[Setting]:
    made = Setting()
    await made.publisher.start()
    yield made
    made.publisher.fail_all(RuntimeError("over"))
    await made.background.close()


async def test_only_what_was_refused_is_sent_again(
    setting: Setting, eventually: Eventually
) -> None:
    server = setting.server
    appended = [setting.publisher.append_soon(f"s{n}", b"{}") for n in range(100)]
    await eventually(lambda: len(server.written) == 100)
    server.answer(7, REFUSED)
    await eventually(lambda: len(server.written) > 100)
    assert server.subjects[100:] == ["s7"]
    server.answer(100, b'{"seq":5}')
    assert (await appended[7]).seq == 5


async def test_what_is_not_answered_in_time_is_sent_again_in_turn_and_by_halves(
    setting: Setting, eventually: Eventually
) -> None:
    server = setting.server
    for n in range(MANY):
        setting.publisher.append_soon(f"s{n}", b"{}")
    await eventually(lambda: len(server.written) == WIDEST)
    setting.times.now_ns += PATIENCE_NS + 1
    await eventually(lambda: len(server.written) == WIDEST + WIDEST // 2)
    assert server.subjects[WIDEST:] == [f"s{n}" for n in range(WIDEST // 2)]


async def test_an_answer_that_comes_late_counts_and_nothing_is_sent_for_it_again(
    setting: Setting, eventually: Eventually
) -> None:
    server = setting.server
    appended = [setting.publisher.append_soon(f"s{n}", b"{}") for n in range(MANY)]
    await eventually(lambda: len(server.written) == WIDEST)
    setting.times.now_ns += PATIENCE_NS + 1
    await eventually(lambda: len(server.written) == WIDEST + WIDEST // 2)
    for place in range(WIDEST):
        server.answer(place, b'{"seq":1}')
    await eventually(lambda: len(server.written) == WIDEST + WIDEST // 2 + WIDEST)
    assert all(one.done() for one in appended[:WIDEST])
    assert server.subjects[-WIDEST:] == [f"s{n}" for n in range(WIDEST, 2 * WIDEST)]


async def test_a_new_connection_begins_with_little(
    setting: Setting, eventually: Eventually
) -> None:
    server = setting.server
    for n in range(MANY):
        setting.publisher.append_soon(f"s{n}", b"{}")
    await eventually(lambda: len(server.written) == WIDEST)
    setting.publisher.resend()
    await eventually(lambda: len(server.written) == WIDEST + FIRST_AFTER_RECONNECT)
    assert server.subjects[WIDEST:] == [f"s{n}" for n in range(FIRST_AFTER_RECONNECT)]
