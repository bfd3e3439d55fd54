"""How a strategy's handlers are called: in order, one at a time, beside the reader of the deltas.

1. Every change is handed over once; `on_update` is called when no change is left to tell.
2. A handler that raises is logged and called again for the next change.
3. A slow handler delays only itself: what it has not seen yet is its `backlog`.
"""

import inspect
from asyncio import CancelledError, Queue, current_task
from collections.abc import Awaitable, Callable
from typing import Any

from structlog.typing import FilteringBoundLogger

from tandem.client.mirror.plain_rows import Plain

Handler = Callable[[Any], Awaitable[None] | None]
PAGE = None


class Listener:
    """The two handlers of one mirror that a strategy gave in one call."""

    def __init__(self, mirror: object, on_update: Handler | None, on_delta: Handler | None) -> None:
        self._mirror, self._on_update, self._on_delta = mirror, on_update, on_delta
        self._changes: Queue[Plain | None] = Queue()

    @property
    def backlog(self) -> int:
        """Changes that the handlers have not seen yet."""
        return self._changes.qsize()

    def tell(self, change: Plain | None) -> None:
        """Hand over one change, or None (`PAGE`) when the page was taken anew."""
        self._changes.put_nowait(change)

    async def settled(self) -> None:
        """Return once the handlers have seen everything handed over."""
        await self._changes.join()

    async def run(self, log: FilteringBoundLogger) -> None:
        while True:
            change = await self._changes.get()
            if change is not PAGE and self._on_delta is not None:
                await call(self._on_delta, (change,), log)
            if self._on_update is not None and self._changes.empty():
                await call(self._on_update, (self._mirror,), log)
            self._changes.task_done()


async def call(
    handler: Callable[..., Awaitable[None] | None],
    arguments: tuple[object, ...],
    log: FilteringBoundLogger,
) -> None:
    """Call a strategy's handler, sync or async; whatever it raises is logged and stays there."""
    try:
        result = handler(*arguments)
        if inspect.isawaitable(result):
            await result
    except CancelledError:
        task = current_task()
        if task is not None and task.cancelling():
            raise
        log.warning("a handler was cancelled from within", handler=repr(handler))
    except Exception:
        log.exception("a handler raised", handler=repr(handler))
