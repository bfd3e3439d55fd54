"""What every test may use: waiting for a fact instead of waiting for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LONG = tuple(TESTS / name for name in ("e2e", "integration", "simulation", "property"))
Eventually = Callable[..., Awaitable[None]]
PATIENCE_S = 10.0
POLL_S = 0.005


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
