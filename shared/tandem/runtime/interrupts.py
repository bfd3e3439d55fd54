"""How a command ends on Ctrl-C and on SIGTERM: in order, without a traceback, as shells expect.

What the command has started it ends itself, in its own `finally`.
"""

import asyncio
import signal
import sys
from collections.abc import Callable
from types import FrameType

EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


def run_command(main: Callable[[], int]) -> int:
    """Run a command and return its exit code; 130 when it was interrupted, 143 when terminated.

    To be called in the main thread, as signals are heard there.
    """
    is_terminated = False

    def terminate(_number: int, frame: FrameType | None) -> None:
        nonlocal is_terminated
        is_terminated = True
        interrupt = signal.getsignal(signal.SIGINT)
        if not callable(interrupt):  # behind a shell's & Ctrl-C is ignored, and this must not be
            raise KeyboardInterrupt
        interrupt(signal.SIGINT, frame)

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        return main()
    except KeyboardInterrupt:
        sys.stderr.write("terminated\n" if is_terminated else "interrupted\n")
        return EXIT_TERMINATED if is_terminated else EXIT_INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)


def end_if_interrupted() -> None:
    """End the running task if it was cancelled, also where the cancellation was taken in.

    Before Python 3.12 `asyncio.wait_for` does that when its answer comes at the same moment; a loop
    that follows something for ever would go on.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
