"""How a service lives: settings, bus, streams, health, work, and on a signal a graceful end.

1. Exit code 0 after a drain, 1 when a task failed or the drain did not end in time, 2 for a
   bad setting.
2. The run file appears only once the service is ready.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import uvloop

from tandem.bus import topology
from tandem.bus.nats_bus import NatsBus
from tandem.domain.errors import ConfigurationError
from tandem.runtime import log
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.config import COMMON_VARIABLES, Environment, Settings, Variable, settings
from tandem.runtime.context import Build, Service, ServiceContext
from tandem.runtime.health import HealthServer
from tandem.runtime.metrics import Metrics
from tandem.runtime.seam import seam_from

EXIT_FAILED = 1
EXIT_CONFIGURATION = 2
DRAIN_TIMEOUT_S = 10.0
READY_POLL_S = 0.05

T = TypeVar("T")


def run_service(name: str, build: Build, variables: Sequence[Variable] = ()) -> NoReturn:
    """Run the service until a signal or a failure, and exit the process.

    Args:
        name: what the service is called, with dashes.
        build: wires it; its package's docstring is what `--help` prints.
        variables: the settings that only this service has, for `--help`.
    """
    _parser(name, build, variables).parse_args()
    sys.exit(_run(name, build, os.environ))


def _parser(name: str, build: Build, variables: Sequence[Variable]) -> argparse.ArgumentParser:
    package = sys.modules[build.__module__.rpartition(".")[0] or build.__module__]
    return argparse.ArgumentParser(
        prog=name,
        description=package.__doc__,
        epilog=_environment_help((*variables, *COMMON_VARIABLES)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _environment_help(variables: Sequence[Variable]) -> str:
    width = max(len(variable.name) for variable in variables)
    lines = [
        f"  {variable.name:<{width}}  {variable.meaning}"
        + (f" (default {variable.default})" if variable.default else "")
        for variable in variables
    ]
    return "\n".join(["environment:", *lines])


def _run(name: str, build: Build, values: Mapping[str, str]) -> int:
    env = Environment(values)
    try:
        common = settings(env, name)
        log.configure(common.log_level, common.log_format)
        return uvloop.run(_serve(name, build, env, common))
    except ConfigurationError as error:
        sys.stderr.write(f"{name}: {error}\n")
        return EXIT_CONFIGURATION


async def _serve(name: str, build: Build, env: Environment, common: Settings) -> int:
    with _stop_signals() as stopping:
        connecting = NatsBus.connect(common.nats, SystemClock())
        bus = await _unless(stopping, connecting)
        if bus is None:
            return 0
        try:
            limits = topology.Limits(common.retention_hours * 3600, common.stream_replicas)
            await topology.apply(bus, limits)
            async with _context(name, env, common, bus) as context:
                return await _live(context, build(context), stopping)
        finally:
            await bus.close()


@contextlib.contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    try:
        yield stopping
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def _context(
    name: str, env: Environment, common: Settings, bus: NatsBus
) -> AsyncIterator[ServiceContext]:
    tasks = TaskOwner()
    try:
        yield ServiceContext(
            name=name,
            settings=common,
            env=env,
            bus=bus,
            clock=SystemClock(),
            tasks=tasks,
            log=log.get(name),
            metrics=Metrics(),
            seam=seam_from(env.values),
        )
    finally:
        await tasks.close()


async def _unless(stopping: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what `work` returns, or None when a signal came first."""
    async with asyncio.TaskGroup() as group:
        working, signalled = group.create_task(work), group.create_task(stopping.wait())
        await asyncio.wait({working, signalled}, return_when=asyncio.FIRST_COMPLETED)
        signalled.cancel()
        if not working.done():
            working.cancel()
    return None if working.cancelled() else working.result()


async def _live(context: ServiceContext, service: Service, stopping: asyncio.Event) -> int:
    """Run until a signal or a failed task; either way, end in order."""
    health = HealthServer(context.metrics, service.unready)
    port = await health.start(context.settings.http_host, context.settings.http_port)
    context.log.info("starting", http_port=port, pid=os.getpid())
    try:
        await service.start()
        context.tasks.spawn(_announce(context, service, port), "announce")
        failed = await _first(stopping, context.tasks.failed)
        if failed is None:
            await asyncio.wait_for(service.drain(), DRAIN_TIMEOUT_S)
            context.log.info("stopped")
            return 0
        context.log.error("failed", exc_info=failed)
    except TimeoutError:
        context.log.error("drain timed out", timeout_s=DRAIN_TIMEOUT_S)
    finally:
        await health.close()
    return EXIT_FAILED


async def _first(stopping: asyncio.Event, failed: "asyncio.Future[None]") -> BaseException | None:
    """Wait for the signal (None) or the failure of a task, whichever comes first."""
    async with asyncio.TaskGroup() as group:
        signalled = group.create_task(stopping.wait())
        await asyncio.wait({signalled, failed}, return_when=asyncio.FIRST_COMPLETED)
        signalled.cancel()
    return failed.exception() if failed.done() else None


async def _announce(context: ServiceContext, service: Service, port: int) -> None:
    while service.unready():
        await context.clock.sleep(READY_POLL_S)
    context.log.info("ready", http_port=port)
    if context.settings.run_file is not None:
        _write_run_file(context.settings.run_file, port)


def _write_run_file(path: Path, port: int) -> None:
    """Write in one step: a reader sees all of it or nothing."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps({"pid": os.getpid(), "http_port": port}))
    draft.replace(path)
