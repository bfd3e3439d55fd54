"""How long after one copy of each part was up again what was owed took to be covered (pure).

1. The clock starts at each moment at which a part of the desk goes down or comes up and, right
   after it, one copy of each part is up: the end of an outage, or a blow that leaves a copy alive.
2. It runs until everything is covered that was owed and tradable then, or fell due before the next
   such moment. What fell due later counts from when it did.
3. It stops early, *interrupted*, when no set of copies that was up at the start is up any more:
   a desk that is struck down again proves nothing about its recovery, but the wait until then
   counts as far as it went.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from examples.chaos.figures.stretch import Stretch
from examples.chaos.figures.uptime import Spell

NEVER_MS = 2**62


@dataclass(frozen=True, slots=True)
class Recovery:
    """One moment from which the desk could work, and the longest wait that it left."""

    at_ms: int
    from_ms: int
    covered_ms: int
    is_interrupted: bool

    @property
    def ms(self) -> int:
        return self.covered_ms - self.from_ms


def recoveries(spells: Iterable[Spell], waits: Sequence[Stretch]) -> list[Recovery]:
    """Return every recovery with something owed, in the order of time."""
    standing = _by_component(spells)
    moments = [at for at in _moments(standing) if _ends_ms(standing, at) is not None]
    found = []
    for at_ms, next_ms in zip(moments, (*moments[1:], NEVER_MS), strict=True):
        until_ms = _ends_ms(standing, at_ms) or at_ms
        due_ms = min(next_ms, until_ms)
        owed = [one for one in waits if one.from_ms < due_ms and one.until_ms > at_ms]
        if owed:
            found.append(max((_recovery(at_ms, until_ms, one) for one in owed), key=_length))
    return found


def _recovery(at_ms: int, until_ms: int, wait: Stretch) -> Recovery:
    from_ms = max(at_ms, wait.from_ms)
    covered_ms = max(from_ms, min(wait.until_ms, until_ms))
    return Recovery(at_ms, from_ms, covered_ms, wait.until_ms > until_ms)


def _length(recovery: Recovery) -> tuple[int, bool]:
    return recovery.ms, not recovery.is_interrupted


def _by_component(spells: Iterable[Spell]) -> Mapping[str, list[Spell]]:
    found: dict[str, list[Spell]] = defaultdict(list)
    for spell in spells:
        found[spell.component].append(spell)
    return found


def _moments(standing: Mapping[str, list[Spell]]) -> list[int]:
    every = [spell for spells in standing.values() for spell in spells]
    ends = {spell.until_ms for spell in every if spell.until_ms is not None}
    return sorted({spell.from_ms for spell in every} | ends)


def _ends_ms(standing: Mapping[str, list[Spell]], at_ms: int) -> int | None:
    """Return until when one copy of each part stays up from a moment on; None: not even then."""
    latest = [max(_ends_of(spells, at_ms), default=None) for spells in standing.values()]
    known = [one for one in latest if one is not None]
    return min(known, default=None) if len(known) == len(latest) else None


def _ends_of(spells: Sequence[Spell], at_ms: int) -> list[int]:
    return [
        NEVER_MS if spell.until_ms is None else spell.until_ms
        for spell in spells
        if spell.from_ms <= at_ms and (spell.until_ms is None or at_ms < spell.until_ms)
    ]
