"""Handlers are called in order, whatever they do."""

import asyncio

import structlog

from tandem.client.mirror.handlers import PAGE, Listener, call
from tandem.client.mirror.plain_rows import Plain

LOG = structlog.get_logger()


async def run(listener: Listener, *changes: Plain | None) -> None:
    for change in changes:
        listener.tell(change)
    running = asyncio.ensure_future(listener.run(LOG))
    await asyncio.wait_for(listener.settled(), 1)
    running.cancel()
    await asyncio.wait({running})


async def test_page_handler_is_called_once_nothing_is_left_to_tell() -> None:
    told: list[object] = []
    await run(Listener("page", told.append, told.append), {"n": 1}, {"n": 2}, PAGE)
    assert told == [{"n": 1}, {"n": 2}, "page"]


async def test_handlers_may_be_left_out() -> None:
    told: list[object] = []
    await run(Listener("page", None, told.append), PAGE, {"n": 1})
    await run(Listener("page", told.append, None), {"n": 1}, {"n": 2})
    assert told == [{"n": 1}, "page"]


async def test_backlog_counts_what_was_not_seen() -> None:
    listener = Listener("page", None, print)
    listener.tell({"n": 1})
    listener.tell({"n": 2})
    assert listener.backlog == 2


async def test_raising_handler_is_called_again() -> None:
    told: list[object] = []

    async def fails(change: object) -> None:
        told.append(change)
        raise asyncio.CancelledError if len(told) == 1 else ValueError("a bug")

    await run(Listener("page", None, fails), {"n": 1}, {"n": 2}, {"n": 3})
    assert told == [{"n": 1}, {"n": 2}, {"n": 3}]


async def test_cancelled_caller_does_end() -> None:
    async def stuck() -> None:
        await asyncio.Event().wait()

    calling = asyncio.ensure_future(call(stuck, (), LOG))
    await asyncio.wait({calling}, timeout=0)
    calling.cancel()
    await asyncio.wait({calling})
    assert calling.cancelled()
