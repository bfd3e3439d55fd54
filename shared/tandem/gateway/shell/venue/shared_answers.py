"""Which of many open questions are asked of the venue, which share an answer, which are refused.

1. Identical questions share one request, and who asks just after it began shares its answer.
2. Beyond a number of open questions each is refused at once, by name: whoever floods a gateway
   learns it, and waits in no queue before anybody.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from tandem.domain.errors import UnavailableError
from tandem.messages.queries import AskKind
from tandem.runtime.clock import Clock, TaskOwner

MOST_OPEN = 64
# What was asked of the venue so short a time ago is as true as what would be asked now: an answer
# takes as long to arrive.
FRESH_NS = 200_000_000

A = TypeVar("A")


class TooManyQuestionsError(UnavailableError):
    """More questions are open than are answered at once."""


class Questions(Generic[A]):
    """The open questions of one gateway, by what they ask."""

    def __init__(self, clock: Clock, tasks: TaskOwner) -> None:
        self.open = 0
        self._clock = clock
        self._tasks = tasks
        self._asked: dict[AskKind, tuple[int, asyncio.Future[A]]] = {}

    async def answer(self, kind: AskKind, ask: Callable[[], Awaitable[A]]) -> A:
        """Return the answer to a question; `ask` is called only where none can be shared.

        Raises:
            TooManyQuestionsError: too many are open.
            Exception: whatever `ask` raises, to each who shares it.
        """
        if self.open >= MOST_OPEN:
            raise TooManyQuestionsError(f"too many open questions: {self.open} of {MOST_OPEN}")
        self.open += 1
        try:
            return await asyncio.shield(self._shared(kind, ask))
        finally:
            self.open -= 1

    def _shared(self, kind: AskKind, ask: Callable[[], Awaitable[A]]) -> "asyncio.Future[A]":
        now_ns = self._clock.monotonic_ns()
        asked = self._asked.get(kind)
        if asked is not None:
            began_ns, answer = asked
            if not answer.done() or (not _failed(answer) and now_ns - began_ns < FRESH_NS):
                return answer
        answer = asyncio.get_running_loop().create_future()
        answer.add_done_callback(_failed)  # nobody may be left to hear of it
        self._asked[kind] = now_ns, answer
        self._tasks.spawn(_carry_out(ask, answer), f"question-{kind}")
        return answer


async def _carry_out(ask: Callable[[], Awaitable[A]], answer: "asyncio.Future[A]") -> None:
    try:
        found = await ask()
    except Exception as error:  # noqa: BLE001 - it is raised where the question was put
        answer.set_exception(error)
    else:
        answer.set_result(found)
    finally:
        answer.cancel()  # of no effect once there is an answer


def _failed(answer: "asyncio.Future[A]") -> bool:
    return answer.cancelled() or answer.exception() is not None
