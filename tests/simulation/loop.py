"""Virtual time, and processes inside one interpreter that can be frozen and killed.

1. The loop's clock stands still while anything is ready, then jumps to the next timer.
2. Every callback belongs to the process in whose context it was made; a frozen process runs none
   (SIGSTOP: what came due meanwhile runs when it is thawed), a dead one never again (SIGKILL:
   no `finally`, nothing is drained).
3. Nothing here depends on real time, ids or hashes: one seed, one run.
"""

import asyncio
import contextvars
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tandem.domain.units import NS_PER_S

T = TypeVar("T")
_of_now = contextvars.copy_context
RESOLUTION_S = 1e-7
MOST_TURNS_A_MOMENT = 20_000
START_NS = 1_700_000_000 * NS_PER_S
_owner: contextvars.ContextVar["Process | None"] = contextvars.ContextVar("process", default=None)


class _Due:
    """A callback and whose it is; what asyncio asks of a `TimerHandle`, at half its cost."""

    __slots__ = ("_when", "args", "callback", "cancelled_", "context", "process")

    def __init__(
        self, callback: Any, args: tuple[Any, ...], context: contextvars.Context, when: float = 0.0
    ) -> None:
        self.callback, self.args, self.context = callback, args, context
        self.process: Process | None = context.get(_owner)
        self.cancelled_ = False
        self._when = when

    def cancel(self) -> None:
        self.cancelled_ = True

    def cancelled(self) -> bool:
        return self.cancelled_

    def when(self) -> float:
        return self._when


class StuckError(Exception):
    """Nothing is ready and no timer is set, or time stands still: the simulation cannot go on."""


class Process:
    """One simulated operating-system process: what runs in its context belongs to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_dead = False
        self.is_frozen = False
        self.held: deque[_Due] = deque()
        self.failure: BaseException | None = None
        self.home = contextvars.Context()
        self.home.run(_owner.set, self)

    @property
    def context(self) -> contextvars.Context:
        """A fresh copy of `home`, for work that may be entered from within this process."""
        return self.home.copy()

    def run(self, work: Callable[[], T]) -> T:
        """Run synchronous work inside this process."""
        return self.context.run(work)


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop without sockets whose time is a number."""

    _ready: deque[_Due]
    get_debug = bool  # asked for every future: never

    def __init__(self) -> None:
        super().__init__()
        self.now_ns = 0
        self.running: Process | None = None
        self.turns = self._moved = 0
        self._is_buried = False
        self._timers: list[tuple[float, int, _Due]] = []
        self._set = 0
        self._tasks: list[asyncio.Task[Any]] = []
        self.set_task_factory(self._make_task)

    def _make_task(
        self, loop: asyncio.AbstractEventLoop, work: Any, context: Any = None
    ) -> "asyncio.Task[Any]":
        task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, context=context)
        self._tasks.append(task)
        if len(self._tasks) > 5_000:
            self._tasks = [one for one in self._tasks if not one.done()]
        return task

    def time(self) -> float:  # type: ignore[explicit-override]
        return self.now_ns / NS_PER_S

    def _process_events(self, event_list: Any) -> None:
        """There are no sockets."""

    def _write_to_self(self) -> None:
        """Nobody sleeps in a selector."""

    def _run_once(self) -> None:
        ready = self._ready
        if not ready and not self._stopping:  # type: ignore[attr-defined]
            self._advance()
        self.turns += 1
        if self.turns - self._moved > MOST_TURNS_A_MOMENT:
            raise StuckError("what is ready makes more ready, and time stands still")
        for _ in range(len(ready)):
            due = ready.popleft()
            process = due.process
            if due.cancelled_ or (process is not None and process.is_dead):
                continue
            if process is not None and process.is_frozen:
                process.held.append(due)
                continue
            self.running = process
            try:
                due.context.run(due.callback, *due.args)
            except Exception as error:  # noqa: BLE001 - as asyncio does: the handler is told
                failed = f"Exception in callback {due.callback}"
                self.call_exception_handler({"message": failed, "exception": error})

    def _advance(self) -> None:
        """Jump to the earliest timer, and make everything due then ready."""
        timers = self._timers
        while timers and timers[0][2].cancelled_:
            heapq.heappop(timers)
        if not timers:
            raise StuckError("nothing is ready and no timer is set")
        when = timers[0][0]
        self.now_ns = max(self.now_ns, round(when * NS_PER_S))
        self._moved = self.turns
        limit, ready = when + RESOLUTION_S, self._ready
        while timers and timers[0][0] <= limit:
            ready.append(heapq.heappop(timers)[2])

    def thaw(self, process: Process, *, reads_first: bool) -> None:
        """Let a frozen process go on: everything that was held runs now, in order."""
        process.is_frozen = False
        held, process.held = process.held, deque()
        if reads_first:
            held.rotate(len(held) // 2)
        self._ready.extend(held)

    def call_soon(  # type: ignore[explicit-override, override]
        self, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> _Due:
        due = _Due(callback, args, _of_now() if context is None else context)
        if not self._is_buried:
            self._ready.append(due)
        return due

    def call_later(  # type: ignore[explicit-override, override]
        self, delay: float, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> _Due:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(  # type: ignore[explicit-override, override]
        self, when: float, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> _Due:
        due = _Due(callback, args, _of_now() if context is None else context, when)
        if not self._is_buried:
            self._set += 1
            heapq.heappush(self._timers, (when, self._set, due))
        return due

    def bury(self) -> None:
        """End: what still runs is left to the collector, and nothing it does has an effect."""
        self._is_buried = True
        for task in self._tasks:
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined]
        self._tasks.clear()
        self._ready.clear()
        self._timers.clear()
        self.close()


class SimClock:
    """One process's clocks: the same virtual time, with its own offsets; satisfies `Clock`."""

    def __init__(self, loop: VirtualLoop, wall_offset_ns: int = 0, boot_ns: int = 0) -> None:
        self._loop = loop
        self._wall_ns = START_NS + wall_offset_ns
        self._boot_ns = boot_ns

    def wall_ns(self) -> int:
        return self._wall_ns + self._loop.now_ns

    def monotonic_ns(self) -> int:
        return self._boot_ns + self._loop.now_ns

    async def sleep(self, seconds: float) -> None:
        await asyncio.tasks.sleep(seconds)


def spawn(
    loop: VirtualLoop, process: Process | None, work: Coroutine[Any, Any, T], name: str
) -> "asyncio.Task[T]":
    """Start work inside a process, or outside of all."""
    context = process.context if process is not None else contextvars.Context()
    return loop.create_task(work, name=name, context=context)


def outside() -> contextvars.Context:
    """Return a context that belongs to no process: the network, the venues, the script."""
    return contextvars.Context()
