"""When a fold's snapshot is taken, and that it is written only once its outputs are stored."""

from tandem.domain.errors import UnavailableError
from tandem.runtime.fold.counters import FoldCounters
from tandem.runtime.fold.options import FoldOptions, FoldPorts
from tandem.runtime.fold.outbox import Outbox
from tandem.runtime.fold.snapshots import Snapshot, SnapshotStore

POLL_S = 0.02
NS = 1_000_000_000


class Saver:
    """Every so many messages, and every so often even without any: a snapshot must not expire."""

    def __init__(
        self, store: SnapshotStore, ports: FoldPorts, options: FoldOptions, counters: FoldCounters
    ) -> None:
        self._store = store
        self._ports = ports
        self._options = options
        self._counters = counters
        self._saved_read = 0
        self._saved_ns = ports.clock.monotonic_ns()
        self._stored_ns = self._saved_ns

    @property
    def age_s(self) -> float:
        """How long ago a snapshot was last known to be stored, or the process began."""
        return (self._ports.clock.monotonic_ns() - self._stored_ns) / NS

    def is_due(self) -> bool:
        if self._counters.read - self._saved_read >= self._options.snapshot_every:
            return True
        age_ns = self._ports.clock.monotonic_ns() - self._saved_ns
        return age_ns > self._options.snapshot_period_s * NS

    def hurry(self) -> None:
        """Take the next one as soon as there can be one: what was read again is not read twice."""
        self._saved_ns = self._ports.clock.monotonic_ns() - int(
            (self._options.snapshot_period_s + 1) * NS
        )

    def taken(self) -> None:
        """Count from here to the next one."""
        self._saved_read = self._counters.read
        self._saved_ns = self._ports.clock.monotonic_ns()

    async def wait_until_settled(self, outbox: Outbox, seq: int) -> None:
        while outbox.settled_seq(seq) < seq:
            await self._ports.clock.sleep(POLL_S)

    async def write(self, snapshot: Snapshot) -> None:
        """Store the snapshot; without a server, the next one will do."""
        try:
            written = await self._store.save(snapshot, self._ports.clock.wall_ns())
        except UnavailableError as error:
            late = self.age_s > self._options.snapshot_alarm_s
            report = self._ports.log.error if late else self._ports.log.warning
            report("snapshot not written", error=str(error), age_s=round(self.age_s))
            return
        self._stored_ns = self._ports.clock.monotonic_ns()
        self._counters.snapshots += written
        self._ports.seam("fold.after_snapshot")
