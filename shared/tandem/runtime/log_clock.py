"""What time it is on the log's server, as told by our monotonic clock (pure).

Wall clocks are never compared. The log's time is not ahead of the server's: late delivery only
makes it lag.
"""

MAX_AGE_NS = 60_000_000_000


class LogClock:
    """The log server's clock by its timestamps.

    Late delivery only makes a message look old, so the newest of a minute or two is believed; no
    longer, or a server whose clock was once ahead would make everything look late for ever.
    """

    def __init__(self) -> None:
        self._newest_ns: int | None = None
        self._before_ns: int | None = None
        self._since_ns = 0

    def observe(self, ts_ns: int, mono_ns: int) -> None:
        """Take one message: the server's timestamp, and when we read it (monotonic)."""
        offset = ts_ns - mono_ns
        if self._newest_ns is None or mono_ns - self._since_ns > MAX_AGE_NS:
            self._before_ns, self._newest_ns, self._since_ns = self._newest_ns, offset, mono_ns
        self._newest_ns = max(self._newest_ns, offset)

    def now_ns(self, mono_ns: int) -> int:
        """Return the log's time; 0 before any message was read."""
        if self._newest_ns is None:
            return 0
        if self._before_ns is None:
            return mono_ns + self._newest_ns
        return mono_ns + max(self._newest_ns, self._before_ns)
