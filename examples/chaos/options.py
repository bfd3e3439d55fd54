"""What the command line of a chaos run may say."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from examples.chaos.blows.plan import Kind

DEFAULT_MINUTES = 10.0
DEFAULT_KILLS_PER_MINUTE = 13
DEFAULT_FILLS_PER_S = 20
DEFAULT_QUIET_S = 240.0
MOST_SEED = 2**32


@dataclass(frozen=True, slots=True)
class Options:
    """One run. `directory` None: a temporary one, kept only when the run fails."""

    minutes: float
    seed: int
    kills_per_minute: int
    fills_per_s: int
    kinds: frozenset[Kind]
    copies: int
    gateway_copies: int
    tape: str
    quiet_s: float
    directory: Path | None
    sync_always: bool


def parse(argv: Sequence[str] | None, fresh_seed: int) -> Options:
    """Return the options; `fresh_seed` is taken when none is given."""
    given = _parser().parse_args(argv)
    kinds = frozenset(map(Kind, given.only or Kind))
    if given.no_venue_faults:
        kinds -= {Kind.VENUE}
    return Options(
        minutes=given.minutes,
        seed=fresh_seed % MOST_SEED if given.seed is None else given.seed,
        kills_per_minute=given.kills_per_minute,
        fills_per_s=given.fills_per_s,
        kinds=kinds,
        copies=given.copies,
        gateway_copies=given.gateway_copies,
        tape=given.tape,
        quiet_s=given.quiet_seconds,
        directory=given.directory,
        sync_always=given.sync_always,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.chaos",
        description=(
            "Run the whole system with two copies of everything, kill it at random while hedges "
            "run, then hold it to the exchanges' own books. Exit code 0: every promise held."
        ),
    )
    add = parser.add_argument
    add("--minutes", type=float, default=DEFAULT_MINUTES, help="of chaos (default %(default)s)")
    add("--seed", type=int, default=None, help="of the schedule and the strategies (fresh)")
    add(
        "--kills-per-minute",
        type=int,
        default=DEFAULT_KILLS_PER_MINUTE,
        help="processes killed or stopped a minute; freezes and faults come on top (%(default)s)",
    )
    add("--fills-per-s", type=int, default=DEFAULT_FILLS_PER_S, help="maker fills (%(default)s)")
    add(
        "--only",
        action="append",
        choices=[str(kind) for kind in Kind],
        help="nothing but this kind of blow; may be given several times",
    )
    add("--no-venue-faults", action="store_true", help="let the exchanges behave")
    add("--copies", type=int, default=2, help="of each state service (%(default)s)")
    add("--gateway-copies", type=int, default=2, help="of each gateway (%(default)s)")
    add("--tape", default="", help="recorded ETHUSDT tape (the shared one where it is), or -")
    add(
        "--quiet-seconds",
        type=float,
        default=DEFAULT_QUIET_S,
        help="the most that recovery may take at the end (%(default)s)",
    )
    add("--directory", type=Path, default=None, help="logs and stores; kept (temporary)")
    add("--sync-always", action="store_true", help="let NATS write through to the disk")
    return parser
