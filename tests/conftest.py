"""What every test may use: waiting for a fact instead of waiting for a while."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

Eventually = Callable[..., Awaitable[None]]
PATIENCE_S = 10.0
POLL_S = 0.005


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
