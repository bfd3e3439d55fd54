"""How many appends may be unanswered, and how long an answer may take (pure).

1. A server that refuses or does not answer gets less: the window halves and patience doubles.
   The same again at the same rate would be one more load on a server that has too much already,
   and a log that keeps one of each would refuse nearly all of it.
2. Each answer widens the window by one, so it doubles in the time that a window's answers take.
3. After a reconnect all producers have much to say at once: each begins with little.
4. Patience is what it was again once an append was answered that was written only once.
"""

WIDEST = 2_000
NARROWEST = 50
FIRST_AFTER_RECONNECT = 200
PATIENCE_NS = 3_000_000_000
MOST_PATIENCE_NS = 12_000_000_000


class Congestion:
    """What one producer may ask of the server now."""

    def __init__(self) -> None:
        self.window = WIDEST
        self.patience_ns = PATIENCE_NS

    def answered(self, *, at_first: bool) -> None:
        """An append was answered for good; `at_first`: it was written only once."""
        self.window = min(WIDEST, self.window + 1)
        if at_first:
            self.patience_ns = PATIENCE_NS

    def refused(self) -> None:
        """The server could not store what is under way."""
        self.window = max(NARROWEST, self.window // 2)

    def late(self) -> None:
        """The server did not answer in time."""
        self.window = max(NARROWEST, self.window // 2)
        self.patience_ns = min(MOST_PATIENCE_NS, self.patience_ns * 2)

    def reconnected(self) -> None:
        self.window = FIRST_AFTER_RECONNECT
        self.patience_ns = PATIENCE_NS
