"""Tells of exposure while this process lives: alarms in the log, numbers on /metrics, one page.

It looks only at the head of the log: a copy that catches up knows what was, and not what is.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial

from prometheus_client import Histogram

from services.position_state.exposure import views
from services.position_state.exposure.alarms import HedgerSilence, NakedAlarms
from services.position_state.exposure.state import Exposure, Timings
from services.position_state.exposure.timing_reader import TimingReader
from services.position_state.holding import Holdings
from tandem.messages import facts, subjects
from tandem.messages.codec import Answer, Query
from tandem.messages.hedges import Alarm
from tandem.messages.queries import ExposurePage, ExposureView, PageRequest, QueryFailed
from tandem.runtime.context import ServiceContext
from tandem.runtime.fold.page_server import Answers
from tandem.runtime.fold.runner import FoldRunner
from tandem.runtime.log_clock import LogClock
from tandem.runtime.metrics import Column, Row

LOOK_S = 0.05
STALLED_NS = 300_000_000
NS = 1_000_000_000
LABELS = ("pool", "exc", "ticker")
Number = Callable[[ExposureView], Decimal | float | None]

_NUMBERS: dict[str, tuple[str, Number]] = {
    "exposure_owed": (
        "what makers have filled and takers have not covered, signed",
        lambda row: row.naked,
    ),
    "exposure_in_flight": (
        "what takers in flight may still fill, signed",
        lambda row: row.in_flight,
    ),
    "exposure_naked_notional": ("what is naked, in quote units", lambda row: row.notional),
    "exposure_naked_age_s": (
        "seconds since the oldest naked part was filled",
        lambda row: row.age_ms / 1e3,
    ),
}


class ExposureWatch:
    """Looks at the exposure of one copy of the fold."""

    def __init__(self, context: ServiceContext, runner: FoldRunner[Holdings]) -> None:
        self._context, self._runner = context, runner
        self._naked = NakedAlarms()
        self._silence = HedgerSilence(context.clock.monotonic_ns())
        self._log_clock = LogClock()
        self._seen_seq = 0
        self._looked_ns = context.clock.monotonic_ns()
        self._timed: dict[str, tuple[Histogram, TimingReader]] = {}
        self._measure()

    @property
    def _exposure(self) -> Exposure:
        return self._runner.state.exposure

    def _measure(self) -> None:
        metrics, clock = self._context.metrics, self._context.clock
        for name, (meaning, number) in _NUMBERS.items():
            rows = partial(self._numbers, number)
            metrics.column(Column(name, meaning, LABELS, rows))
        overdue = metrics.gauge("exposure_overdue", "buckets that are naked for too long")
        overdue.set_function(lambda: float(len(self._naked.standing)))
        silent = metrics.gauge("hedger_silent_s", "since when no hedger is at the head of the log")
        silent.set_function(lambda: self._silence.silent_ms(clock.monotonic_ns()) / 1e3)
        self._told = metrics.counter("exposure_alarms", "alarms raised about exposure")
        for name, meaning in (
            (
                "fill_to_taker_seconds",
                "from a maker's fill in the log to the decision that takes it up",
            ),
            (
                "fill_to_covered_seconds",
                "from a maker's fill in the log to the taker fill that covers it",
            ),
        ):
            self._timed[name] = (metrics.seconds(name, meaning), TimingReader())

    async def run(self) -> None:
        """Listen to the hedgers, answer, and look twenty times a second, until cancelled."""
        bus, clock = self._context.bus, self._context.clock
        await bus.listen(subjects.presence("hedger"), self._hear)
        answers = Answers(clock, self._read_seq, self._answer)
        reply = partial(answers.reply, subjects.EXPOSURE_PAGE)
        await bus.serve(subjects.EXPOSURE_PAGE, reply, queue="position-state")
        while True:
            await clock.sleep(LOOK_S)
            self._look()

    def _hear(self, run: bytes) -> None:
        self._silence.hear(run.decode(errors="replace"), self._context.clock.monotonic_ns())

    def _look(self) -> None:
        now_ns = self._context.clock.monotonic_ns()
        was_stalled = now_ns - self._looked_ns > STALLED_NS
        self._looked_ns = now_ns
        if was_stalled:
            return  # what was said meanwhile is still to be read
        if not self._context.bus.connected:
            self._silence.is_deaf(now_ns)
        if not self._runner.is_at_head:
            return
        log_ns = self._log_ns(now_ns)
        overdue = views.overdue(self._exposure, log_ns)
        self._tell(*self._silence.look(now_ns, log_ns), *self._naked.look(overdue, now_ns))
        self._time("fill_to_taker_seconds", self._exposure.to_taker)
        self._time("fill_to_covered_seconds", self._exposure.to_covered)

    def _log_ns(self, now_ns: int) -> int:
        """Return the log's time, by what was read of it and when."""
        head = self._runner.head
        if head.seq != self._seen_seq:
            self._seen_seq = head.seq
            self._log_clock.observe(head.ts_ns, now_ns)
        return max(head.ts_ns, self._log_clock.now_ns(now_ns))

    def _tell(self, *alarms: Alarm) -> None:
        for alarm in alarms:
            self._told.inc()
            self._context.log.error("exposure", alarm=alarm.key, text=alarm.text)
            self._context.bus.log.append_soon(*facts.written(alarm))

    def _time(self, name: str, timings: Timings) -> None:
        """Measure what was added since the last look; what came before the head is past."""
        histogram, reader = self._timed[name]
        for waited_ns in reader.read(timings):
            histogram.observe(waited_ns / NS)

    def _numbers(self, number: Number) -> Iterator[Row]:
        now_ns = self._context.clock.monotonic_ns()
        for row in views.rows(self._exposure, self._log_ns(now_ns)):
            value = number(row)
            if value is not None:
                yield (row.pool, row.exc, row.ticker), float(value)

    def _read_seq(self) -> int | None:
        return None if self._runner.unready() else self._runner.head.seq

    def _answer(self, _subject: str, query: Query) -> Answer:
        if not isinstance(query, PageRequest):
            return QueryFailed(text="exposure is answered as a page only", retryable=False)
        now_ns = self._context.clock.monotonic_ns()
        log_ns, head = self._log_ns(now_ns), self._runner.head
        rows = views.rows(self._exposure, log_ns)
        return ExposurePage(
            epoch=head.epoch,
            seq=head.seq,
            ts_ns=log_ns,
            hedger_at_head=self._silence.is_there(now_ns),
            hedger_silent_ms=self._silence.silent_ms(now_ns),
            buckets=tuple(row for row in rows if query.exc in {None, row.exc}),
            alarms=self._standing(now_ns),
            partial=self._exposure.partial,
        )

    def _standing(self, now_ns: int) -> tuple[str, ...]:
        silent = (self._silence.text,) if self._silence.is_too_long(now_ns) else ()
        return (*silent, *self._naked.standing)
