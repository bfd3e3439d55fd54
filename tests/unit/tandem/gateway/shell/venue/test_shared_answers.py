"""Identical questions share one request, and too many are refused at once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tandem.gateway.shell.venue.shared_answers import (
    FRESH_NS,
    MOST_OPEN,
    Questions,
    TooManyQuestionsError,
)
from tandem.messages.queries import AskKind
from tandem.runtime.clock import SystemClock, TaskOwner


class HandClock(SystemClock):
    """Monotonic time as the test sets it."""

    now_ns = 0

    def monotonic_ns(self) -> int:  # type: ignore[explicit-override]
        return self.now_ns


class Venue:
    """Answers when it is let to, with how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.error: Exception | None = None

    async def ask(self) -> int:
        self.asked += 1
        count = self.asked
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        return count


async def turn() -> None:
    """Let everything that was begun run until it waits."""
    begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(begun.set_result, None)
    await begun


@pytest.fixture
async def tasks() -> AsyncIterator[TaskOwner]:
    owner = TaskOwner()
    yield owner
    await owner.close()


async def test_e11_identical_open_questions_are_one_request(tasks: TaskOwner) -> None:
    questions: Questions[int] = Questions(HandClock(), tasks)
    venue = Venue()
    asked = [asyncio.ensure_future(questions.answer(AskKind.ORDERS, venue.ask)) for _ in range(20)]
    other = asyncio.ensure_future(questions.answer(AskKind.BALANCE, venue.ask))
    await turn()
    assert questions.open == 21
    venue.may_answer.set()
    assert await asyncio.gather(*asked) == [1] * 20
    assert await other == 2
    assert questions.open == 0


async def test_e11_too_many_open_questions_are_refused_at_once_by_name(tasks: TaskOwner) -> None:
    questions: Questions[int] = Questions(HandClock(), tasks)
    venue = Venue()
    asked = [
        asyncio.ensure_future(questions.answer(AskKind.ORDERS, venue.ask)) for _ in range(MOST_OPEN)
    ]
    await turn()
    late = asyncio.ensure_future(questions.answer(AskKind.ORDERS, venue.ask))
    await turn()
    assert late.done()
    with pytest.raises(TooManyQuestionsError, match=f"too many open questions: {MOST_OPEN} of"):
        late.result()
    venue.may_answer.set()
    await asyncio.gather(*asked)
    assert await questions.answer(AskKind.ORDERS, venue.ask) == 1


async def test_answer_is_shared_for_as_long_as_it_is_fresh(tasks: TaskOwner) -> None:
    clock = HandClock()
    questions: Questions[int] = Questions(clock, tasks)
    venue = Venue()
    venue.may_answer.set()
    assert await questions.answer(AskKind.ORDERS, venue.ask) == 1
    clock.now_ns = FRESH_NS - 1
    assert await questions.answer(AskKind.ORDERS, venue.ask) == 1
    clock.now_ns = FRESH_NS
    assert await questions.answer(AskKind.ORDERS, venue.ask) == 2


async def test_failure_is_told_to_each_who_shares_it_and_to_nobody_later(tasks: TaskOwner) -> None:
    questions: Questions[int] = Questions(HandClock(), tasks)
    venue = Venue()
    venue.error = ValueError("no answer")
    asked = [questions.answer(AskKind.ORDERS, venue.ask) for _ in range(2)]
    venue.may_answer.set()
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert told == [venue.error, venue.error]
    venue.error = None
    assert await questions.answer(AskKind.ORDERS, venue.ask) == 2


async def test_who_gives_up_takes_the_answer_from_nobody(tasks: TaskOwner) -> None:
    questions: Questions[int] = Questions(HandClock(), tasks)
    venue = Venue()
    gives_up = asyncio.ensure_future(questions.answer(AskKind.ORDERS, venue.ask))
    stays = asyncio.ensure_future(questions.answer(AskKind.ORDERS, venue.ask))
    await turn()
    gives_up.cancel()
    venue.may_answer.set()
    assert await stays == 1
    assert questions.open == 0
