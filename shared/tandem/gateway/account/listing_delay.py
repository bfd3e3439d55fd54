"""How long a new epoch is waited for before the venue's lists can be believed (pure).

1. The wait counts from when this process learned of the epoch, once: by then every copy has lost
   the log that it knew. What such a copy wrote before is dead a lease, a send budget and a window
   later. A session that comes up, a lease that is gained, a log that takes long to read do not
   begin it anew.
"""

# Longer than any request that another copy wrote may live: its lease, the send budget, the window.
QUIET_NS = 3_000_000_000


class EpochQuiet:
    """The epoch of the log as this process knows it, and until when its venue is not quiet."""

    def __init__(self) -> None:
        self.epoch = 0
        self._until_ns = 0

    def begin(self, epoch: int, mono_ns: int) -> None:
        """Learn of a later epoch."""
        self.epoch, self._until_ns = epoch, mono_ns + QUIET_NS

    def left_ns(self, mono_ns: int) -> int:
        """Return for how long still something may be on its way that nobody knows of."""
        return max(0, self._until_ns - mono_ns)
