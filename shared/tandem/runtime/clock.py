"""The one place that reads clocks, sleeps and starts tasks; everything else is told the time."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, Protocol

from tandem.bus.background import end


class Clock(Protocol):
    """Wall time for records, monotonic time for waiting; both in integer nanoseconds."""

    def wall_ns(self) -> int: ...

    def monotonic_ns(self) -> int: ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clocks."""

    def wall_ns(self) -> int:
        return time.time_ns()

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class TaskOwner:
    """Owns background tasks: keeps them alive, ends them together, and re-raises their failure.

    `on_failure` is called with the first exception; a service ends on it.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> "asyncio.Task[Any]":
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if task.cancelled() or self.failed.done():
            return
        error = task.exception()
        if error is not None:
            self.failed.set_exception(error)

    async def close(self) -> None:
        """Cancel what still runs and wait for it."""
        await end(self._tasks)
        if self.failed.done() and not self.failed.cancelled():
            self.failed.exception()
        else:
            self.failed.cancel()
