"""Runs a venue's two HTTP servers and its background work until told to stop."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
from aiohttp import web

Background = Callable[[], Awaitable[None]]


class Applications(msgspec.Struct, frozen=True):
    """What a venue serves, and what must run beside it."""

    public: web.Application
    control: web.Application
    background: tuple[Background, ...] = ()


class Endpoints(msgspec.Struct, frozen=True):
    """Where to listen; port 0 asks for a free one."""

    host: str = "127.0.0.1"
    port: int = 0
    control_host: str = "127.0.0.1"
    control_port: int = 0


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """The line a venue prints once it listens."""

    port: int
    control_port: int
    ready: bool = True


@contextlib.asynccontextmanager
async def running(apps: Applications, endpoints: Endpoints) -> AsyncIterator[Ready]:
    """Serve both applications and run the background work inside the block."""
    async with contextlib.AsyncExitStack() as stack:
        port = await _listen(stack, apps.public, endpoints.host, endpoints.port)
        control_port = await _listen(
            stack, apps.control, endpoints.control_host, endpoints.control_port
        )
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_run(work)) for work in apps.background]
            try:
                yield Ready(port=port, control_port=control_port)
            finally:
                for task in tasks:
                    task.cancel()


async def serve_until_signalled(apps: Applications, endpoints: Endpoints) -> None:
    """Serve, print the ready line, and return on SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(apps, endpoints) as ready:
        sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
        sys.stdout.flush()
        await stop.wait()


async def _run(work: Background) -> None:
    await work()


async def _listen(
    stack: contextlib.AsyncExitStack, app: web.Application, host: str, port: int
) -> int:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, host, port)
    await site.start()
    bound: int = runner.addresses[0][1]
    return bound
