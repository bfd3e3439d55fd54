"""The one place that reads clocks, sleeps and starts tasks; everything else is told the time."""

import asyncio
import mmap
import struct
import time
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, Protocol

from tandem.bus.tasks import end
from tandem.domain.errors import ConfigurationError

STEP_FILE = "TANDEM_CLOCK_STEP_FILE"
_STEP = struct.Struct("<qq")


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


class SteppedClock:
    """A wall clock that a test sets wrong: by what a file says of this process, at each look."""

    def __init__(self, pid: int, file: Path) -> None:
        self._pid, self._machine = pid, SystemClock()
        try:
            with file.open("rb") as opened:
                self._said = mmap.mmap(opened.fileno(), _STEP.size, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise ConfigurationError(STEP_FILE, file, f"{_STEP.size} bytes: {error}") from error

    def wall_ns(self) -> int:
        pid, step_ns = _STEP.unpack_from(self._said)
        return self._machine.wall_ns() + (step_ns if pid == self._pid else 0)

    def monotonic_ns(self) -> int:
        return self._machine.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        await self._machine.sleep(seconds)


def clock_from(values: Mapping[str, str], pid: int) -> Clock:
    """Return the machine's clock, or the one that a test may step.

    `TANDEM_CLOCK_STEP_FILE` counts only when `TANDEM_TESTING=1` is set as well.
    """
    file = values.get(STEP_FILE)
    if values.get("TANDEM_TESTING") != "1" or not file:
        return SystemClock()
    return SteppedClock(pid, Path(file))


def write_step(file: Path, pid: int, step_ns: int) -> None:
    """Set the clock of one process wrong; in place, for it has the file mapped."""
    with file.open("r+b" if file.exists() else "w+b") as opened:
        opened.write(_STEP.pack(pid, step_ns))


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
