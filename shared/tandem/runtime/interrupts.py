"""How a command ends when its user presses Ctrl-C: in order, without a traceback, as shells expect.

What the command has started it ends itself, in its own `finally`.
"""

import asyncio
import sys
from collections.abc import Callable

EXIT_INTERRUPTED = 130


def run_command(main: Callable[[], int]) -> int:
    """Run a command and return its exit code; 130 when it was interrupted."""
    try:
        return main()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return EXIT_INTERRUPTED


def end_if_interrupted() -> None:
    """End the running task if it was cancelled, also where the cancellation was taken in.

    Before Python 3.12 `asyncio.wait_for` does that when its answer comes at the same moment; a loop
    that follows something for ever would go on.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
