"""The smallest variant of a failing seed: fewer faults, fewer quotes, the same failure."""

from collections.abc import Callable

from tests.simulation import course
from tests.simulation.course import Result
from tests.simulation.plan import TOGGLES, plan

MOST_TRIES = 60


def shrink(seed: int, says: Callable[[str], None]) -> tuple[frozenset[str], int, Result]:
    """Leave out what can be left out; return the toggles, the quotes kept and the last failure."""
    without: frozenset[str] = frozenset()
    quotes = len(plan(seed).quotes)
    failing = course.run(plan(seed))
    tries = 0
    for name in TOGGLES:
        if tries >= MOST_TRIES:
            break
        tries += 1
        result = course.run(plan(seed, without | {name}, quotes))
        if not result.is_good:
            without, failing = without | {name}, result
            says(f"fails without {name} too")
    while quotes > 1 and tries < MOST_TRIES:
        tries += 1
        result = course.run(plan(seed, without, quotes - 1))
        if result.is_good:
            break
        quotes, failing = quotes - 1, result
        says(f"fails with {quotes} quotes too")
    return without, quotes, failing


def command(seed: int, without: frozenset[str], quotes: int) -> str:
    """Return what replays a variant."""
    left_out = f" --without '{','.join(sorted(without))}'" if without else ""
    fewer = f" --quotes {quotes}" if quotes < len(plan(seed).quotes) else ""
    return f"python -m tests.simulation --seed {seed}{left_out}{fewer} --trace"
