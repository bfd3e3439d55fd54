"""Processes that a command has started and left: which of them still run.

A process id names nobody for long, and after a reboot it is somebody else's. So each process is
written down with its command line, and is ours only while both are what they were.
"""

import signal
import threading
from collections.abc import Iterable

import psutil
from msgspec import Struct

POLL_S = 0.1


class Process(Struct, frozen=True):
    """A process by its id and the words of its command line."""

    pid: int
    command: tuple[str, ...]


def find(pid: int) -> Process | None:
    """Return who has a process id now; None where nobody has, or one that has ended."""
    try:
        command = tuple(psutil.Process(pid).cmdline())
    except psutil.Error:
        return None
    return Process(pid, command) if command else None


def is_running(process: Process) -> bool:
    return find(process.pid) == process


def end(processes: Iterable[Process], timeout_s: float) -> None:
    """Ask processes to end and wait for them; those that still run after a time are killed."""
    left = [one for one in processes if _send(one, signal.SIGTERM)]
    pause = threading.Event()
    for _ in range(int(timeout_s / POLL_S)):
        left = [one for one in left if is_running(one)]
        if not left:
            return
        pause.wait(POLL_S)
    for one in left:
        _send(one, signal.SIGKILL)


def _send(process: Process, number: signal.Signals) -> bool:
    """Signal a process if it is still the one that was meant; False where it is not."""
    if not is_running(process):
        return False
    try:
        psutil.Process(process.pid).send_signal(number)
    except psutil.NoSuchProcess:
        return False
    return True
