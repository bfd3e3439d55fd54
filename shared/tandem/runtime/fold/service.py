"""A fold as a service: its runner with Redis pages, metrics and health around it."""

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

from tandem.messages import facts
from tandem.messages.hedges import Alarm
from tandem.runtime.config import Environment, Variable
from tandem.runtime.context import ServiceContext
from tandem.runtime.fold.last_place import LastPlace
from tandem.runtime.fold.options import (
    SNAPSHOT_PERIOD_S,
    FoldOptions,
    FoldPorts,
    Pages,
    RowFold,
)
from tandem.runtime.fold.passed_over import MAX_TEXT
from tandem.runtime.fold.port import Fold
from tandem.runtime.fold.redis_pages import RedisPages
from tandem.runtime.fold.runner import FoldRunner
from tandem.runtime.metrics import Metrics
from tandem.runtime.watch.log_watch import LogWatch
from tandem.runtime.watch.wait_watch import WaitWatch
from tandem.runtime.watch.waits import Wait

ACCEPT_GAP = Variable(
    "TANDEM_ACCEPT_GAP", "1: start although facts that no snapshot covers have expired", "0"
)
CATCH_UP_S = 30.0
RESYNCED_S = 15.0
FOLD_VARIABLES = (ACCEPT_GAP,)
NS = 1_000_000_000
ENDS_TOLD = 2

S = TypeVar("S")


def accepts_gap(env: Environment) -> bool:
    """Read what every fold has for a setting of its own."""
    return env.integer(ACCEPT_GAP.name, 0, most=1) == 1


class FoldService(Generic[S]):
    """Runs one copy of `fold` in this process; satisfies `Service`."""

    def __init__(
        self,
        context: ServiceContext,
        fold: Fold[S],
        watch: LogWatch | None = None,
        waits: Callable[[S], Iterable[Wait]] | None = None,
    ) -> None:
        self._log_watch = watch
        ports = FoldPorts(
            bus=context.bus,
            clock=context.clock,
            tasks=context.tasks,
            log=context.log,
            seam=context.seam,
            pages=_pages(context, fold),
            place=LastPlace(_place_file(context)),
        )
        self._ports = ports
        options = FoldOptions(
            run=context.run,
            snapshot_every=context.settings.snapshot_every,
            snapshot_period_s=min(SNAPSHOT_PERIOD_S, context.settings.retention_s / 8),
            snapshot_alarm_s=context.settings.retention_s / 4,
            kept_ns=context.settings.kept_ns,
            deltas_ns=min(context.settings.deltas_s, context.settings.retention_s) * NS,
            accept_gap=accepts_gap(context.env),
        )
        self.runner = FoldRunner(fold, ports, options)
        self._name, self._proposes = context.name, fold.offers_intents
        self._more_waits = waits
        self._wait_watch = WaitWatch(context, context.name, self.waits)
        self._tasks = context.tasks
        _watch(context.metrics, self.runner)

    async def start(self) -> None:
        if self._ports.place.suspect.times >= ENDS_TOLD:
            self._ports.tasks.spawn(self._tell_of_ends(), "fold-ends")
        await self.runner.start()
        self._tasks.spawn(self._wait_watch.run(), "fold-waits")
        if self._log_watch is not None:
            self._log_watch.start()

    async def drain(self) -> None:
        await self.runner.drain()

    def unready(self) -> str:
        return self.runner.unready()

    def waits(self) -> tuple[Wait, ...]:
        """Return what this copy waits for: the log, gateways after a cut, what its state waits for.

        Only the fold that proposes waits for gateways; the others go on reading.
        """
        runner, reason = self.runner, self.runner.unready()
        if reason:
            return (Wait("ready", f"the log: {reason}", CATCH_UP_S),)
        awaited = tuple(
            Wait(
                f"resynced-{runner.head.epoch}-{exc}",
                f"{exc} to be resynced: gateway-{exc} has not said so in epoch {runner.head.epoch}",
                RESYNCED_S,
            )
            for exc in sorted(runner.awaited if self._proposes else ())
        )
        more = self._more_waits(runner.state) if self._more_waits is not None else ()
        return (*awaited, *more)

    async def _tell_of_ends(self) -> None:
        """Name the message at which this process has ended again and again."""
        (seq, times), log = self._ports.place.suspect, self._ports.bus.log
        stored = await log.get(seq)
        subject = stored.subject if stored is not None else "a message that is gone"
        text = (
            f"{self._name} has ended {times} times at message {seq}, {subject[:MAX_TEXT]}; "
            f"`tandem aside {seq}` has it passed over"
        )
        self._ports.log.error("ended again at one message", seq=seq, subject=subject, times=times)
        alarm = Alarm(source=self._name, key=f"ended-{seq}-{times}", text=text)
        await log.append(*facts.written(alarm))


def _place_file(context: ServiceContext) -> Path | None:
    """Return where to keep it: beside the run file, one for each process of a machine."""
    run_file = context.settings.run_file
    return run_file.with_suffix(".place") if run_file is not None else None


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
