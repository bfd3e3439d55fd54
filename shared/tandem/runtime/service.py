"""How a service lives: settings, bus, streams, health, work, and on a signal a graceful end.

1. Exit code 0 after a drain, 1 when something failed or the drain did not end in time, 2 for a
   bad setting, also one that is found to be bad later.
2. A failure that nobody awaits (a task, a callback) ends the process.
3. The run file appears only once the service is ready.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import uvloop

from tandem.bus import topology
from tandem.bus.nats.bus import NatsBus
from tandem.domain.errors import ConfigurationError, UnavailableError
from tandem.runtime import logs
from tandem.runtime.bus_metrics import watch_bus
from tandem.runtime.clock import SystemClock, TaskOwner, clock_from
from tandem.runtime.config import (
    COMMON_VARIABLES,
    GATHER,
    Environment,
    Settings,
    Variable,
    settings,
)
from tandem.runtime.context import Build, Service, ServiceContext
from tandem.runtime.failpoints import seam_from
from tandem.runtime.health import HealthServer
from tandem.runtime.metrics import Metrics

EXIT_FAILED = 1
RUN_TOKEN_BYTES = 10
GC_THRESHOLD = 20_000
EXIT_CONFIGURATION = 2
DRAIN_TIMEOUT_S = 10.0
READY_POLL_S = 0.05
STREAMS_RETRY_S = 0.2
Check = Callable[[Environment], object]
MakeStreams = Callable[[NatsBus, topology.Limits], Awaitable[None]]
OWNED = frozenset({"transport", "protocol", "future", "task", "asyncgen"})


def run_service(
    name: str,
    build: Build,
    variables: Sequence[Variable] = (),
    *,
    gather_ms: int = 0,
    check: Check = lambda _env: None,
) -> NoReturn:
    """Run the service until a signal or a failure, and exit the process.

    Args:
        name: what the service is called, with dashes.
        build: wires it; its package's docstring is what `--help` prints.
        variables: the settings that only this service has, for `--help`.
        gather_ms: pause between reads of the bus, for a service that no hedge waits for.
        check: reads the settings that only this service has, before anything is connected to.
    """
    _parser(name, build, (*variables, *_common(gather_ms))).parse_args()
    env = Environment(os.environ)
    try:
        check(env)
    except ConfigurationError as error:
        sys.exit(_misconfigured(name, error))
    sys.exit(run(name, build, os.environ, gather_ms))


def run(name: str, build: Build, values: Mapping[str, str], gather_ms: int = 0) -> int:
    """Run the service with the given environment; return its exit code."""
    env = Environment(values)
    try:
        common = settings(env, name, gather_ms)
        logs.configure(common.log_level, common.log_format)
        _collect_less_often()
        return uvloop.run(_serve(name, build, env, common))
    except ConfigurationError as error:
        return _misconfigured(name, error)


def _misconfigured(name: str, error: ConfigurationError) -> int:
    sys.stderr.write(f"{name}: {error}\n")
    return EXIT_CONFIGURATION


def _collect_less_often() -> None:
    """Leave what start-up made out of every collection: a pause for it is a hedge that waits."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 50)


def _parser(name: str, build: Build, variables: Sequence[Variable]) -> argparse.ArgumentParser:
    package = sys.modules[build.__module__.rpartition(".")[0] or build.__module__]
    return argparse.ArgumentParser(
        prog=name,
        description=package.__doc__,
        epilog=_environment_help(variables),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _common(gather_ms: int) -> Iterator[Variable]:
    """Return what every service reads, with this one's own default."""
    for one in COMMON_VARIABLES:
        yield replace(one, default=str(gather_ms)) if one.name == GATHER.name else one


def _environment_help(variables: Sequence[Variable]) -> str:
    width = max(len(variable.name) for variable in variables)
    lines = [
        f"  {variable.name:<{width}}  {variable.meaning}"
        + (f" (default {variable.default})" if variable.default else "")
        for variable in variables
    ]
    return "\n".join(["environment:", *lines])


async def _serve(name: str, build: Build, env: Environment, common: Settings) -> int:
    tasks, stopping = TaskOwner(), asyncio.Event()
    asyncio.get_running_loop().set_exception_handler(_ends(tasks))
    with _stop_signals(stopping):
        signalled = tasks.spawn(stopping.wait(), "signals")
        try:
            connecting = tasks.spawn(_connect(common), "connect")
            await _first(connecting, signalled, tasks.failed)
            if not connecting.done():
                return EXIT_FAILED if tasks.failed.done() else 0
            async with _context(name, env, tasks, await connecting) as context:
                return await _live(context, build, signalled)
        finally:
            await tasks.close()


def _ends(tasks: TaskOwner) -> Any:
    """Return a loop exception handler: what nobody else hears of ends the process.

    Failures of a connection, a task or a future have an owner who hears of them elsewhere, and
    libraries also use the handler for mere warnings: these are only logged.
    """

    def handle(_loop: asyncio.AbstractEventLoop, failure: dict[str, Any]) -> None:
        error = failure.get("exception")
        logs.get("loop").error(failure["message"], exc_info=error)
        if error is not None and not OWNED & failure.keys() and not tasks.failed.done():
            tasks.failed.set_exception(error)

    return handle


@contextlib.contextmanager
def _stop_signals(stopping: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _first(*awaited: "asyncio.Future[Any]") -> None:
    """Wait until one of them is done; whether it failed is the caller's business."""
    await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)


async def _connect(common: Settings) -> NatsBus:
    """Return a bus whose streams exist, however long the server takes."""
    bus = await NatsBus.connect(common.nats, SystemClock())
    try:
        await _until_streams(topology.apply, bus, common)
    except BaseException:
        await bus.close()
        raise
    return bus


async def _until_streams(make: MakeStreams, bus: NatsBus, common: Settings) -> None:
    limits = topology.Limits(common.retention_s, common.stream_replicas, common.deltas_s)
    while True:
        try:
            return await make(bus, limits)
        except UnavailableError as error:
            logs.get("bus").warning("streams not ready, trying again", error=str(error))
            await SystemClock().sleep(STREAMS_RETRY_S)


@contextlib.asynccontextmanager
async def _context(
    name: str, env: Environment, tasks: TaskOwner, bus: NatsBus
) -> AsyncIterator[ServiceContext]:
    context = ServiceContext(
        name=name,
        settings=settings(env, name),
        env=env,
        bus=bus,
        clock=clock_from(env.values, os.getpid()),
        tasks=tasks,
        log=logs.get(name),
        metrics=Metrics(),
        seam=seam_from(env.values),
        run=secrets.token_hex(RUN_TOKEN_BYTES),
    )
    watch_bus(context.metrics, bus.counters, lambda: bus.backlog)
    bus.on_reconnect(lambda: _restore_streams(context, bus))
    context.log.info("bus", server_version=bus.server_version)
    try:
        yield context
    finally:
        await bus.close()


def _restore_streams(context: ServiceContext, bus: NatsBus) -> None:
    work = _until_streams(topology.restore, bus, context.settings)
    context.tasks.spawn(work, "restore-streams")


async def _live(context: ServiceContext, build: Build, signalled: "asyncio.Task[Any]") -> int:
    """Run until a signal or a failure; either way, end in order."""
    service = build(context)
    health = HealthServer(context.metrics, service.unready)
    port = await health.start(context.settings.http_host, context.settings.http_port)
    context.log.info("starting", http_port=port, pid=os.getpid())
    try:
        starting = context.tasks.spawn(_begin(context, service, port), "start")
        await _first(signalled, context.tasks.failed)
        starting.cancel()
        return await _end(context, service)
    finally:
        await health.close()


async def _end(context: ServiceContext, service: Service) -> int:
    failed = context.tasks.failed
    if failed.done():
        fault = failed.exception()
        if isinstance(fault, ConfigurationError):
            raise fault
        context.log.error("failed", exc_info=fault)
        return EXIT_FAILED
    try:
        await asyncio.wait_for(service.drain(), DRAIN_TIMEOUT_S)
    except TimeoutError:
        context.log.error("drain did not end in time", timeout_s=DRAIN_TIMEOUT_S)
        return EXIT_FAILED
    context.log.info("stopped")
    return 0


async def _begin(context: ServiceContext, service: Service, port: int) -> None:
    await service.start()
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
