"""From where to where in the log each order of a mirror was open (pure).

What was open before the mirror joined began at 0. Of those that have ended the newest are kept.
"""

from tandem.messages.deltas import Delta


class OrderLives:
    """The places in the log at which orders began and ended."""

    def __init__(self, most_ended: int) -> None:
        self._most_ended = most_ended
        self._began: dict[str, int] = {}
        self._ended: dict[str, int] = {}

    def told(self, name: str, delta: Delta) -> None:
        """Take in a change; the first of an order says where it began."""
        if delta.prev is None:
            self._began[name] = delta.seq
        else:
            self.listed(name)

    def listed(self, name: str) -> None:
        """Take in an order that a page shows."""
        self._began.setdefault(name, 0)

    def ended(self, name: str, seq: int) -> None:
        self._ended.setdefault(name, seq)
        if len(self._ended) > self._most_ended:
            oldest = next(iter(self._ended))
            del self._ended[oldest]
            self._began.pop(oldest, None)

    def rename(self, former: str, name: str) -> None:
        """Let an order go on under another name; what is known of that one is better."""
        began = self._began.pop(former, None)
        if began is not None:
            self._began.setdefault(name, began)

    def was_open(self, name: str, seq: int) -> bool:
        """Tell whether an order was open once the log stood at `seq`."""
        began, ended = self._began.get(name), self._ended.get(name)
        return began is not None and began <= seq and (ended is None or ended > seq)
