"""A process is ended if it is the one that was started, gently first, and nobody else is."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tandem.cli import processes
from tandem.cli.processes import Process

STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(flush=True)
signal.pause()
"""


@pytest.fixture
def started() -> Iterator["list[subprocess.Popen[bytes]]"]:
    """Processes that a test has started, ended at its end."""
    found: list[subprocess.Popen[bytes]] = []
    yield found
    for one in found:
        one.kill()
        one.communicate()


def start(started: "list[subprocess.Popen[bytes]]", program: str) -> "subprocess.Popen[bytes]":
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    started.append(child)
    assert child.stdout is not None
    child.stdout.readline()
    return child


def known(child: "subprocess.Popen[bytes]") -> Process:
    process = processes.find(child.pid)
    assert process is not None
    return process


def test_a_process_that_goes_when_asked(started: "list[subprocess.Popen[bytes]]") -> None:
    child = start(started, "import signal\nprint(flush=True)\nsignal.pause()")
    processes.end([known(child)], 10)
    assert child.wait(10) == -signal.SIGTERM


def test_a_process_that_does_not_go_is_killed(started: "list[subprocess.Popen[bytes]]") -> None:
    child = start(started, STUBBORN)
    processes.end([known(child)], 2 * processes.POLL_S)
    assert child.wait(10) == -signal.SIGKILL


def test_who_has_the_id_of_another_is_left_alone(started: "list[subprocess.Popen[bytes]]") -> None:
    child = start(started, STUBBORN)
    processes.end([Process(child.pid, ("another",))], 2 * processes.POLL_S)
    assert child.poll() is None


def test_one_that_has_ended_runs_no_more(started: "list[subprocess.Popen[bytes]]") -> None:
    child = start(started, "import signal\nprint(flush=True)\nsignal.pause()")
    before = known(child)
    child.kill()
    child.wait()
    assert not processes.is_running(before)
    assert processes.find(child.pid) is None
