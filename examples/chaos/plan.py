"""Which blows fall when: the seed's schedule of kills, freezes and venue faults.

1. One seed gives one schedule, whatever becomes of the run.
2. A kind's blows come at its share of the pace, never closer than a third of its mean gap.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.paper_exchange.prng import Prng

MS_PER_MINUTE = 60_000


class Kind(StrEnum):
    """What can happen to the system."""

    KILL = "kill"  # a service's process, at once
    TERM = "term"  # a service's process, asked to drain
    NATS = "nats"  # the bus, at once
    REDIS = "redis"  # the page store, at once
    FREEZE = "freeze"  # a service's process stands still, then goes on
    STUN = "stun"  # the gateway that sends stands still for longer than its lease
    FLUSH = "flush"  # the page store, emptied
    VENUE = "venue"  # an exchange misbehaves


DEATHS = (Kind.KILL, Kind.TERM, Kind.NATS, Kind.REDIS)
SENDER = "the sending "
# Of the pace of kills, in percent: deaths make up the whole, the rest comes on top.
SHARES = {
    Kind.KILL: 66,
    Kind.TERM: 16,
    Kind.NATS: 12,
    Kind.REDIS: 6,
    Kind.FREEZE: 30,
    Kind.STUN: 8,
    Kind.FLUSH: 5,
    Kind.VENUE: 50,
}
# How long a blow lasts: down, frozen, or misbehaving, in milliseconds.
HOLDS_MS = {
    Kind.KILL: (100, 2_500),
    Kind.TERM: (0, 1_500),
    Kind.NATS: (100, 1_500),
    Kind.REDIS: (200, 4_000),
    Kind.FREEZE: (200, 5_000),
    Kind.STUN: (2_500, 6_000),
    Kind.FLUSH: (0, 0),
    Kind.VENUE: (1_000, 6_000),
}


@dataclass(frozen=True, slots=True)
class Blow:
    """What happens when and for how long.

    `target` is a process, the copy of a service that sends (`SENDER` and the service's name), a
    venue fault, or "" for none.
    """

    at_ms: int
    kind: Kind
    target: str
    hold_ms: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard the run is: kills a minute, which kinds, and what they may hit."""

    duration_ms: int
    kills_per_minute: int
    kinds: frozenset[Kind]
    processes: tuple[str, ...]
    gateways: tuple[str, ...]
    venue_faults: tuple[str, ...]


def schedule(seed: int, pace: Pace) -> tuple[Blow, ...]:
    """Return every blow of a run in the order in which they fall."""
    prng = Prng(seed)
    wanted = [kind for kind in Kind if kind in pace.kinds and _targets(kind, pace)]
    blows = [blow for kind in wanted for blow in _of_kind(kind, pace, prng)]
    return tuple(sorted(blows, key=lambda blow: (blow.at_ms, blow.kind)))


def _of_kind(kind: Kind, pace: Pace, prng: Prng) -> list[Blow]:
    mean_ms = 100 * MS_PER_MINUTE // max(1, pace.kills_per_minute * _share(kind, pace.kinds))
    targets, found = _targets(kind, pace), []
    draw = _dealt(targets, prng)
    at_ms = prng.between(0, mean_ms)
    while at_ms < pace.duration_ms:
        found.append(Blow(at_ms, kind, draw(), prng.between(*HOLDS_MS[kind])))
        at_ms += prng.between(mean_ms // 3, mean_ms * 5 // 3)
    return found


def _share(kind: Kind, kinds: frozenset[Kind]) -> int:
    """Return a kind's percentage: the deaths that are wanted make up the whole pace of kills."""
    if kind not in DEATHS:
        return SHARES[kind]
    return 100 * SHARES[kind] // sum(SHARES[death] for death in DEATHS if death in kinds)


def _targets(kind: Kind, pace: Pace) -> tuple[str, ...]:
    senders = tuple(f"{SENDER}{name}" for name in pace.gateways)
    match kind:
        case Kind.VENUE:
            return pace.venue_faults
        case Kind.STUN:
            return senders
        case Kind.KILL | Kind.TERM:
            return (*pace.processes, *senders)
        case Kind.FREEZE:
            return pace.processes
        case Kind.NATS | Kind.REDIS | Kind.FLUSH:
            return ("",)


def _dealt(targets: Sequence[str], prng: Prng) -> Callable[[], str]:
    """Return a draw that deals every target once before any again, as cards from a deck."""
    deck: list[str] = []

    def draw() -> str:
        if not deck:
            deck.extend(targets)
        return deck.pop(prng.between(0, len(deck) - 1))

    return draw
