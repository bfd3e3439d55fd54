"""When each part of the desk was up: the times that recoveries are counted from.

A copy of a service is up while its process exists and does not stand still, from the moment it is
started: its start is part of a recovery. NATS is up while it answers and can write. An exchange is
up while nothing but the usual small faults goes wrong with it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tandem.domain.units import NS_PER_MS

NATS = "nats"


@dataclass(frozen=True, slots=True)
class Spell:
    """One copy of a component, up without a break; `until_ms` is None while it still is."""

    component: str
    copy: str
    from_ms: int
    until_ms: int | None = None


@dataclass(slots=True)
class Uptime:
    """Notes what comes up and goes down, by wall time as the venues' trades."""

    wall_ns: Callable[[], int]
    spells: list[Spell] = field(default_factory=list)
    _up: dict[str, Spell] = field(default_factory=dict)
    _faults: dict[str, int] = field(default_factory=dict)

    def up(self, copy: str, component: str | None = None) -> None:
        """Note that a copy of a component is up from now on; it is its own where none is named."""
        if copy not in self._up:
            self._up[copy] = Spell(component or copy, copy, self._now_ms())

    def down(self, copy: str) -> None:
        spell = self._up.pop(copy, None)
        if spell is not None:
            ended = Spell(spell.component, copy, spell.from_ms, self._now_ms())
            self.spells.append(ended)

    def fault(self, exchange: str) -> None:
        """Note that something more is wrong with an exchange."""
        self._faults[exchange] = self._faults.get(exchange, 0) + 1
        self.down(exchange)

    def healed(self, exchange: str) -> None:
        """Note that one fault less is on; the last one's end brings the exchange up."""
        self._faults[exchange] -= 1
        if not self._faults[exchange]:
            self.up(exchange)

    def all(self) -> tuple[Spell, ...]:
        """Return every spell, with those that last."""
        return (*self.spells, *self._up.values())

    def _now_ms(self) -> int:
        return self.wall_ns() // NS_PER_MS


def service_of(copy: str) -> str:
    """Return the service of which a process is a copy, by its name."""
    name, _, number = copy.rpartition("-")
    return name if number.isdigit() else copy


def begin(uptime: Uptime, copies: Iterable[str], others: Iterable[str]) -> None:
    """Note what runs at the start: copies of services, and what there is one of."""
    for copy in copies:
        uptime.up(copy, service_of(copy))
    for name in others:
        uptime.up(name)
