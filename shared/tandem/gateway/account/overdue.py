"""When work that is due has waited for so long that somebody must be told (pure).

It is told once a spell: from when it was due until it is done.
"""


class Overdue:
    """One kind of work."""

    def __init__(self) -> None:
        self.spells = 0
        self._due_ns: int | None = None
        self._is_told = False

    def due(self, mono_ns: int) -> None:
        """It should be done from now on, if it was not due before."""
        if self._due_ns is None:
            self._due_ns = mono_ns

    def done(self) -> None:
        self._due_ns, self._is_told = None, False

    def waits_ns(self, mono_ns: int) -> int:
        """Return for how long it has been due; 0 when it is not."""
        return 0 if self._due_ns is None else mono_ns - self._due_ns

    def is_news(self, mono_ns: int, allowed_ns: int) -> bool:
        """Tell whether it waits for longer than is allowed, and nobody was told in this spell."""
        if self._is_told or self.waits_ns(mono_ns) <= allowed_ns:
            return False
        self._is_told = True
        self.spells += 1
        return True
