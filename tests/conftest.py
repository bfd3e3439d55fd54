"""What every test may use: waiting for a fact instead of waiting for a while.

A test's timeout raises in its main thread, where code under test may catch it: a task does, a
search for a smaller example does, and a thread that waits for ever is joined after it. So a worker
whose test goes on all the same, or that is given nothing to do for long, is ended with the stack of
every thread, and with it the run.
"""

import asyncio
import faulthandler
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LONG = tuple(TESTS / name for name in ("e2e", "integration", "simulation", "property"))
Eventually = Callable[..., Awaitable[None]]
PATIENCE_S = 10.0
POLL_S = 0.005
COLLECTING_S, CLEANING_UP_S, IDLE_S = 300.0, 60.0, 600.0


class Watch:
    """Ends this process, with the stack of every thread, where a test or its end is overdue."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._beat = threading.Condition()
        self._what, self._within_s = "collecting", COLLECTING_S
        self._is_over = False
        threading.Thread(target=self._watch, name="watch", daemon=True).start()

    def expect(self, what: str, within_s: float) -> None:
        """Wait for the next word for so long."""
        with self._beat:
            self._what, self._within_s = what, within_s
            self._beat.notify()

    def finish(self) -> None:
        with self._beat:
            self._is_over = True
            self._beat.notify()

    def _watch(self) -> None:
        with self._beat:
            while self._beat.wait(self._within_s):
                if self._is_over:
                    return
            self._end()

    def _end(self) -> None:
        capture = self._config.pluginmanager.getplugin("capturemanager")
        if capture is not None:
            capture.suspend_global_capture(in_=True)
        sys.stderr.write(f"\n{self._what}: not over {self._within_s:g} s later\n")
        sys.stderr.flush()
        faulthandler.dump_traceback(sys.stderr)
        os._exit(1)


WATCH = pytest.StashKey[Watch]()


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        config.stash[WATCH] = Watch(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    if WATCH in config.stash:
        config.stash[WATCH].finish()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    watch = item.config.stash.get(WATCH, None)
    if watch is None:
        return (yield)
    marker = item.get_closest_marker("timeout")
    limit_s = float(marker.args[0] if marker else item.config.getini("timeout"))
    watch.expect(item.nodeid, limit_s + CLEANING_UP_S)
    try:
        return (yield)
    finally:
        watch.expect(f"after {item.nodeid}", IDLE_S)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let several workers begin with what takes long, so that none does so alone at the end."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _rank(item.path))


def _rank(path: Path) -> int:
    return next((n for n, long in enumerate(LONG) if path.is_relative_to(long)), len(LONG))


async def _eventually(claim: Callable[[], object], within_s: float = PATIENCE_S) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while not claim():
        if loop.time() > deadline:
            pytest.fail(f"not so within {within_s} s: {claim}")
        await asyncio.sleep(POLL_S)


@pytest.fixture
def eventually() -> Eventually:
    """Return a coroutine function that waits until its claim holds, and fails if it never does."""
    return _eventually
