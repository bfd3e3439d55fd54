"""What a service counts: one registry a process, served on /metrics."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily

LATENCY_BUCKETS_S = (
    0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
)  # fmt: skip


Row = tuple[Sequence[str], float]


@dataclass(frozen=True, slots=True)
class Column:
    """One number of rows that come and go: asked for at each scrape."""

    name: str
    meaning: str
    labels: Sequence[str]
    rows: Callable[[], Iterable[Row]]


class _Columns:
    """What a scrape reads of columns; a row that is gone is not shown with its last number."""

    def __init__(self) -> None:
        self.columns: list[Column] = []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for one in self.columns:
            family = GaugeMetricFamily(f"tandem_{one.name}", one.meaning, labels=one.labels)
            for labels, value in one.rows():
                family.add_metric(labels, value)
            yield family


class Metrics:
    """Makes metrics named `tandem_<name>`; asking twice for a name gives the same one."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._made: dict[str, Counter | Gauge | Histogram] = {}
        self._columns = _Columns()
        self.registry.register(self._columns)

    def counter(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Counter:
        made = self._made.get(name)
        if not isinstance(made, Counter):
            made = Counter(f"tandem_{name}", meaning, tuple(labels), registry=self.registry)
            self._made[name] = made
        return made

    def gauge(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Gauge:
        made = self._made.get(name)
        if not isinstance(made, Gauge):
            made = Gauge(f"tandem_{name}", meaning, tuple(labels), registry=self.registry)
            self._made[name] = made
        return made

    def seconds(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Histogram:
        """Return a histogram of durations in seconds."""
        made = self._made.get(name)
        if not isinstance(made, Histogram):
            made = Histogram(
                f"tandem_{name}",
                meaning,
                tuple(labels),
                registry=self.registry,
                buckets=LATENCY_BUCKETS_S,
            )
            self._made[name] = made
        return made

    def column(self, column: Column) -> None:
        """Show a number of each row that there is when it is asked for."""
        self._columns.columns.append(column)

    def page(self) -> bytes:
        """Return every metric in the exposition format."""
        return generate_latest(self.registry)
