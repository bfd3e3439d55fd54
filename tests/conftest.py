"""What every test may use: waiting for a fact instead of waiting for a while.

A test's timeout raises in its main thread, where code under test may catch it: a task does, a
search for a smaller example does, and a thread that waits for ever is joined after it. So a test
that goes on all the same is ended with its worker, with the stack of every thread: it fails, and
the others go on.
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
CLEANING_UP_S = 60.0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    marker = item.get_closest_marker("timeout")
    limit_s = float(marker.args[0] if marker else item.config.getini("timeout"))
    watch = threading.Timer(limit_s + CLEANING_UP_S, _end, (item,))
    watch.daemon = True
    watch.start()
    try:
        return (yield)
    finally:
        watch.cancel()


def _end(item: pytest.Item) -> None:
    capture = item.config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.suspend_global_capture(in_=True)
    sys.stderr.write(f"\n{item.nodeid} goes on after its timeout:\n")
    sys.stderr.flush()
    faulthandler.dump_traceback(sys.stderr)
    os._exit(1)


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
