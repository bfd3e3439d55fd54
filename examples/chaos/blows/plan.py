"""Which blows fall when: the seed's schedule of kills, freezes and venue faults.

1. One seed gives one schedule, whatever becomes of the run.
2. A kind's blows come at its share of the pace, never closer than a third of its mean gap.
3. Each kind that is wanted falls at least once, unless its mean gap is three times the run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.paper_exchange.prng import Prng
from tandem.domain.units import MS_PER_MINUTE


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
    SEVERAL = "several"  # processes of several services, or all copies of one, killed at once
    START = "start"  # a process, killed again and again while it starts
    LOOP = "loop"  # every copy of one service, killed whenever it is up
    FROZEN = "frozen"  # a service's process, killed after it has stood still
    CLIENT = "client"  # a strategy's process, at once
    TWIN = "twin"  # a second process of one strategy, for a while
    DISK = "disk"  # the bus cannot write: its disk is full
    CLOCK = "clock"  # the wall clock of one process steps, and steps back
    ROLLBACK = "rollback"  # the bus comes back with an older copy of its log
    WIPE = "wipe"  # the bus comes back with no log at all
    EXCHANGE = "exchange"  # an exchange's process, at once; it comes back on its books
    STRATEGY = "strategy"  # a strategy's process, for good; another of a new name follows
    REFUSAL = "refusal"  # an exchange refuses by codes and in words that no list has
    FORCED = "forced"  # an exchange closes a part of our position: deleveraging, liquidation


DEATHS = (Kind.KILL, Kind.TERM, Kind.NATS, Kind.REDIS)
SERVERS = frozenset({Kind.NATS, Kind.REDIS, Kind.FLUSH, Kind.DISK, Kind.ROLLBACK, Kind.WIPE})
CUTS = frozenset({Kind.ROLLBACK, Kind.WIPE})
ON_EXCHANGES = frozenset({Kind.VENUE, Kind.EXCHANGE, Kind.REFUSAL, Kind.FORCED})
SENDER = "the sending "
EVERY = "every "
# How far a clock steps, in seconds: a leap, a wrong time server, a wrong time zone.
STEPS_S = (-3_600, -30, 2, 3_600)
MOST_AT_ONCE = 4
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
    Kind.SEVERAL: 12,
    Kind.START: 10,
    Kind.LOOP: 5,
    Kind.FROZEN: 10,
    Kind.CLIENT: 10,
    Kind.TWIN: 5,
    Kind.DISK: 3,
    Kind.CLOCK: 8,
    Kind.ROLLBACK: 4,
    Kind.WIPE: 3,
    Kind.EXCHANGE: 8,
    Kind.STRATEGY: 10,
    Kind.REFUSAL: 8,
    Kind.FORCED: 5,
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
    Kind.SEVERAL: (100, 2_500),
    Kind.START: (100, 1_200),
    Kind.LOOP: (3_000, 9_000),
    Kind.FROZEN: (500, 5_000),
    Kind.CLIENT: (100, 5_000),
    Kind.TWIN: (3_000, 10_000),
    Kind.DISK: (500, 4_000),
    Kind.CLOCK: (1_000, 15_000),
    Kind.ROLLBACK: (500, 12_000),
    Kind.WIPE: (100, 1_500),
    Kind.EXCHANGE: (0, 0),
    Kind.STRATEGY: (100, 8_000),
    Kind.REFUSAL: (1_000, 6_000),
    Kind.FORCED: (0, 0),
}


@dataclass(frozen=True, slots=True)
class Blow:
    """What happens when and for how long.

    `target` is a process, the copy of a service that sends (`SENDER` and the service's name), all
    copies of one (`EVERY`), several of these with commas, a strategy, a process and its clock's
    step, an exchange, a venue fault, how an exchange closes positions, or "" for none.
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
    services: tuple[str, ...]
    gateways: tuple[str, ...]
    strategies: tuple[str, ...]
    mortals: tuple[str, ...]
    exchanges: tuple[str, ...]
    venue_faults: tuple[str, ...]
    forced: tuple[str, ...]


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
    if kind is Kind.SEVERAL:
        draw = _together(draw, prng)
    at_ms = prng.between(0, min(mean_ms, max(pace.duration_ms - 1, mean_ms // 3)))
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
    """Return what a kind may fall on; what concerns no process has one target without a name."""
    senders = tuple(f"{SENDER}{name}" for name in pace.gateways)
    anybody = (*pace.processes, *senders)
    steps = tuple(f"{name} {step_s:+d}" for name in pace.processes for step_s in STEPS_S)
    found: dict[Kind, tuple[str, ...]] = {
        Kind.KILL: anybody,
        Kind.TERM: anybody,
        Kind.FROZEN: anybody,
        Kind.STUN: senders,
        Kind.FREEZE: pace.processes,
        Kind.START: pace.processes,
        Kind.SEVERAL: (*anybody, *(f"{EVERY}{name}" for name in pace.services)),
        Kind.LOOP: pace.services,
        Kind.CLOCK: steps,
        Kind.CLIENT: pace.strategies,
        Kind.TWIN: pace.strategies,
        Kind.STRATEGY: pace.mortals,
        Kind.EXCHANGE: pace.exchanges,
        Kind.REFUSAL: pace.exchanges,
        Kind.FORCED: pace.forced,
        Kind.VENUE: pace.venue_faults,
    }
    return found.get(kind, ("",))


def _dealt(targets: Sequence[str], prng: Prng) -> Callable[[], str]:
    """Return a draw that deals every target once before any again, as cards from a deck."""
    deck: list[str] = []

    def draw() -> str:
        if not deck:
            deck.extend(targets)
        return deck.pop(prng.between(0, len(deck) - 1))

    return draw


def _together(draw: Callable[[], str], prng: Prng) -> Callable[[], str]:
    """Return a draw of several at once."""
    return lambda: ",".join(draw() for _ in range(prng.between(2, MOST_AT_ONCE)))
