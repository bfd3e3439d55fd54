"""Publishes what the bus counts about itself."""

import dataclasses
from collections.abc import Callable

from tandem.bus.nats.counters import BusCounters
from tandem.runtime.metrics import Metrics


def watch_bus(metrics: Metrics, counters: BusCounters, backlog: Callable[[], int]) -> None:
    """Let each scrape read the bus's own numbers."""
    for field in dataclasses.fields(counters):
        gauge = metrics.gauge(f"bus_{field.name}", f"bus: {field.name} since the start")
        gauge.set_function(_reader(counters, field.name))
    metrics.gauge("bus_backlog", "appends without an answer").set_function(backlog)


def _reader(counters: BusCounters, name: str) -> Callable[[], float]:
    return lambda: float(getattr(counters, name))
