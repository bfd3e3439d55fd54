"""Who is told of a wait that lasts: one alarm for each, and a number for whoever measures (pure).

1. A wait goes by its name as long as it is there at each look; gone for one look, it is another.
2. It is told once, after the time that it names: not before, and not at each look.
3. Its text names what is waited for and who has to bring it.
"""

from collections.abc import Iterable

from msgspec import Struct

NS = 1_000_000_000


class Wait(Struct, frozen=True):
    """Something is waited for: `name` tells waits apart, `after_s` is when somebody is told."""

    name: str
    text: str
    after_s: float


class Waits:
    """Since when each wait has lasted, and whether it was told."""

    def __init__(self) -> None:
        self._since_ns: dict[str, int] = {}
        self._told: set[str] = set()

    def longest_s(self, now_ns: int) -> float:
        """Return how long the oldest wait has lasted, 0 while there is none."""
        return max((now_ns - ns for ns in self._since_ns.values()), default=0) / NS

    def look(self, now_ns: int, current: Iterable[Wait]) -> tuple[Wait, ...]:
        """Take what is waited for now; return what has lasted too long and was not told yet."""
        waits = {wait.name: wait for wait in current}
        self._since_ns = {name: self._since_ns.get(name, now_ns) for name in waits}
        self._told &= waits.keys()
        lasting = tuple(
            wait
            for name, wait in waits.items()
            if name not in self._told and now_ns - self._since_ns[name] >= wait.after_s * NS
        )
        self._told |= {wait.name for wait in lasting}
        return lasting
