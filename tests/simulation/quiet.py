"""Where a simulated service's words and numbers go: nowhere, or into the trace."""

from collections.abc import Callable
from typing import Any, cast

from structlog.typing import FilteringBoundLogger

from tandem.runtime.metrics import Metrics

Say = Callable[[str, str, dict[str, Any]], None]


class NullMetric:
    """Takes every number and keeps none; its own labels."""

    def labels(self, *_values: str) -> "NullMetric":
        return self

    def inc(self, _amount: float = 1) -> None: ...

    def set(self, _value: float) -> None: ...

    def observe(self, _value: float) -> None: ...

    def set_function(self, _read: Callable[[], float]) -> None: ...


_METRIC = NullMetric()


class NullMetrics:
    """Every metric is the same one."""

    def counter(self, *_args: object) -> NullMetric:
        return _METRIC

    gauge = seconds = counter


class TraceLog:
    """A logger whose words go to `say`, or nowhere."""

    def __init__(self, say: Say | None) -> None:
        self._say = say

    def _take(self, event: str, **fields: Any) -> None:
        if self._say is not None:
            self._say("log", event, fields)

    debug = info = warning = error = exception = _take


def null_metrics() -> Metrics:
    return cast("Metrics", NullMetrics())


def trace_log(say: Say | None) -> FilteringBoundLogger:
    return cast("FilteringBoundLogger", TraceLog(say))
