"""Owns the bus's own background tasks: keeps them alive, reports what breaks, ends them."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

CANCEL_AGAIN_S = 0.5


class Background:
    """A task that fails is reported to the loop's exception handler: the process ends on it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> "asyncio.Task[Any]":
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            report(f"task {task.get_name()} failed", error)

    async def close(self) -> None:
        await end(self._tasks)


async def end(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Cancel tasks until they have ended.

    Once is not enough: `asyncio.wait_for` of Python 3.11 drops a cancellation that meets the
    answer it waited for, and a loop around it would go on.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_S)


def report(message: str, error: BaseException) -> None:
    """Hand a failure that nobody awaits to the loop's exception handler."""
    asyncio.get_running_loop().call_exception_handler({"message": message, "exception": error})
