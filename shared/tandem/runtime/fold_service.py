"""A fold as a service: its runner with Redis pages, metrics and health around it."""

import dataclasses
from collections.abc import Callable
from typing import Generic, TypeVar

from tandem.runtime.config import Variable
from tandem.runtime.context import ServiceContext
from tandem.runtime.effects import Fold
from tandem.runtime.fold import FoldRunner
from tandem.runtime.fold_ports import (
    SNAPSHOT_PERIOD_S,
    FoldOptions,
    FoldPorts,
    Pages,
    RowFold,
)
from tandem.runtime.log_watch import LogWatch
from tandem.runtime.metrics import Metrics
from tandem.runtime.pages import RedisPages

ACCEPT_GAP = Variable(
    "TANDEM_ACCEPT_GAP", "1: start although facts that no snapshot covers have expired", "0"
)
FOLD_VARIABLES = (ACCEPT_GAP,)
NS = 1_000_000_000

S = TypeVar("S")


class FoldService(Generic[S]):
    """Runs one copy of `fold` in this process; satisfies `Service`."""

    def __init__(
        self, context: ServiceContext, fold: Fold[S], watch: LogWatch | None = None
    ) -> None:
        self._log_watch = watch
        ports = FoldPorts(
            bus=context.bus,
            clock=context.clock,
            tasks=context.tasks,
            log=context.log,
            seam=context.seam,
            pages=_pages(context, fold),
        )
        options = FoldOptions(
            run=context.run,
            snapshot_every=context.settings.snapshot_every,
            snapshot_period_s=min(SNAPSHOT_PERIOD_S, context.settings.retention_s / 8),
            snapshot_alarm_s=context.settings.retention_s / 4,
            kept_ns=context.settings.kept_ns,
            deltas_ns=min(context.settings.deltas_s, context.settings.retention_s) * NS,
            accept_gap=context.env.integer(ACCEPT_GAP.name, 0, most=1) == 1,
        )
        self.runner = FoldRunner(fold, ports, options)
        _watch(context.metrics, self.runner)

    async def start(self) -> None:
        await self.runner.start()
        if self._log_watch is not None:
            self._log_watch.start()

    async def drain(self) -> None:
        await self.runner.drain()

    def unready(self) -> str:
        return self.runner.unready()


def _pages(context: ServiceContext, fold: Fold[S]) -> Pages | None:
    url = context.settings.redis_url
    if url is None or not isinstance(fold, RowFold):
        return None

    async def log_end() -> int:
        return (await context.bus.log.state()).last_seq

    password = context.settings.redis_password
    return RedisPages(url, context.clock, context.tasks, password, log_end)


def _watch(metrics: Metrics, runner: FoldRunner[S]) -> None:
    """Let each scrape read the runner's own numbers."""
    for field in dataclasses.fields(runner.counters):
        gauge = metrics.gauge(f"fold_{field.name}", f"fold: {field.name} since the start")
        gauge.set_function(_reader(runner, field.name))
    metrics.gauge("fold_seq", "last sequence read").set_function(lambda: float(runner.head.seq))
    metrics.gauge("fold_snapshot_age_s", "seconds since a snapshot was stored").set_function(
        lambda: runner.snapshot_age_s
    )
    metrics.gauge("fold_in_flight", "outputs not known to be stored").set_function(
        lambda: float(runner.in_flight)
    )
    metrics.gauge("fold_awaited", "accounts that must resync before proposals").set_function(
        lambda: float(len(runner.awaited))
    )


def _reader(runner: FoldRunner[S], name: str) -> Callable[[], float]:
    return lambda: float(getattr(runner.counters, name))
