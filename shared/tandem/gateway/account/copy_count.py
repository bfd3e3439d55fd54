"""How many copies of a gateway are heard, and whether their address has room for so many (pure).

The copies share the address's budget by a number that is set (`transport.sharing`): more of them
than that would use more than the venue grants.
"""

MOST_HEARD = 64


class Copies:
    """The copies that say that they could send, and did so lately."""

    def __init__(self, lasts_ns: int) -> None:
        self._lasts_ns = lasts_ns
        self._heard_ns: dict[str, int] = {}

    def hear(self, run: str, mono_ns: int) -> None:
        """Another copy, by its token, says that it is there."""
        if run in self._heard_ns or len(self._heard_ns) < MOST_HEARD:
            self._heard_ns[run] = mono_ns

    def count(self, mono_ns: int, *, holds: bool, holder_is_alive: bool) -> int:
        """Return how many there are with this one; who holds the lease says nothing."""
        late_ns = mono_ns - self._lasts_ns
        self._heard_ns = {run: at for run, at in self._heard_ns.items() if at > late_ns}
        return 1 + len(self._heard_ns) + (not holds and holder_is_alive)
