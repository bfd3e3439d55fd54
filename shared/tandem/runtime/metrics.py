"""What a service counts: one registry a process, served on /metrics."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

LATENCY_BUCKETS_S = (
    0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
)  # fmt: skip


class Metrics:
    """Makes metrics named `tandem_<name>`; asking twice for a name gives the same one."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._made: dict[str, Counter | Gauge | Histogram] = {}

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

    def page(self) -> bytes:
        """Return every metric in the exposition format."""
        return generate_latest(self.registry)
