"""Whether somebody sends for an account: until then a decision is held, for it would be in doubt.

What is decided while nobody sends is read by the next sender before its fence: it cannot know that
no one has sent it, and proves its absence for three seconds. Decided a moment after that sender
says that it sends, the same need is covered at once.

1. Holding changes nothing but when: the fold proposes the same again, and the log decides.
2. Silence holds for MOST_HELD at most, and for less where no sender was ever heard: one that says
   nothing of itself (another version) must not stop hedges for good.
"""

from tandem.domain.ids import Exc

SILENT_NS = 300_000_000
MOST_HELD_NS = 30_000_000_000
MOST_UNHEARD_NS = 3_000_000_000


class Senders:
    """When each account's sender was heard, and since when one could be."""

    def __init__(self) -> None:
        self._heard_ns: dict[Exc, int] = {}
        self._listening_ns: dict[Exc, int] = {}

    def listens(self, exc: Exc) -> bool:
        return exc in self._listening_ns

    def listen(self, exc: Exc, mono_ns: int) -> None:
        """Note that an account's sender could be heard from now on."""
        self._listening_ns[exc] = mono_ns

    def hear(self, exc: Exc, mono_ns: int) -> bool:
        """Note that it says that it sends; True when it was silent."""
        was_silent = self._is_silent(exc, mono_ns)
        self._heard_ns[exc] = mono_ns
        return was_silent

    def holds(self, exc: Exc, mono_ns: int) -> bool:
        """Tell whether a decision for the account is better made later."""
        if exc not in self._listening_ns or not self._is_silent(exc, mono_ns):
            return False
        heard_ns = self._heard_ns.get(exc)
        if heard_ns is None:
            return mono_ns - self._listening_ns[exc] < MOST_UNHEARD_NS
        return mono_ns - heard_ns < MOST_HELD_NS

    def _is_silent(self, exc: Exc, mono_ns: int) -> bool:
        heard_ns = self._heard_ns.get(exc)
        return heard_ns is None or mono_ns - heard_ns > SILENT_NS
