"""Position-state and the hedger read one log: what is naked, whose, and in flight is one answer.

What the log is broken by may bring a taker before anything that opens its bucket: the hedger keeps
it then, and position-state counts it where a hedge order that waits has named the place. So only
what both have is compared, and of what is nobody's the amount alone.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

import pytest
from msgspec import structs

from services.hedger.book import ledger
from services.hedger.book.ledger import Bucket
from services.hedger.fold.router import HedgerFold
from services.hedger.fold.state import State
from services.position_state.exposure import state as exposures
from services.position_state.exposure.state import Exposure
from services.position_state.exposure.takers import unfilled
from services.position_state.fold import PositionFold
from tandem.bus.filters import matcher
from tandem.bus.port import Entry
from tandem.domain.ids import Exc, Pool, Ticker, bucket_hash
from tandem.domain.units import ZERO
from tandem.hedging.attribution import Lot
from tandem.runtime.fold import epochs
from tandem.runtime.fold.state import FoldCopy
from tests.property.broken_logs import Breaker
from tests.property.survival import TRUE_LOGS, FellError
from tests.property.true_logs import START_NS, true_log

SEEDS = range(1, 121)
FRESH = 40
MOST_STEP_NS = 10_000_000_000
# Facts of a taker of ours under another ticker (926, 1493), of an empty client id (3326);
# a decision that is read twice (4463); a row of a table with too many figures (70000928).
FOUND = (926, 1_493, 3_326, 4_463, 70_000_928)
NONE = exposures.Bucket(Exc(""), Ticker(""), Pool(""))
Naked = tuple[list[tuple[str, Decimal, int]], set[str], Decimal]


def broken(seed: int) -> tuple[Entry, ...]:
    return Breaker(true_log(seed % TRUE_LOGS), seed).broken()


def as_served(log: Iterable[Entry]) -> Iterator[Entry]:
    """Give the log the clock of one server: each fold's own reads on from what it reads.

    It does not jump by days: what waits for its hedge for so long is forgotten in the hedger.
    """
    now_ns, before_ns = START_NS, START_NS
    for entry in log:
        now_ns += min(max(0, entry.ts_ns - before_ns), MOST_STEP_NS)
        before_ns = entry.ts_ns
        yield structs.replace(entry, ts_ns=now_ns)


def compare(log: Iterable[Entry]) -> int:
    """Fold a log in both; return at how many places something was naked, raise where they differ.

    Raises:
        FellError: they do not agree.
    """
    hedger = FoldCopy(HedgerFold(), 1, frozenset())
    positions = FoldCopy(PositionFold(), 1, frozenset())
    is_for_hedger, is_for_positions = map(_reads, (HedgerFold, PositionFold))
    places = 0
    for entry in as_served(log):
        if is_for_hedger(entry.subject):
            hedger.read(entry)
        if is_for_positions(entry.subject):
            positions.read(entry)
        places += _agree(entry, hedger.state, positions.state.exposure)
    return places


def _reads(fold: type[HedgerFold | PositionFold]) -> Callable[[str], object]:
    return matcher((*fold.filters, *epochs.FILTERS))


def _agree(entry: Entry, state: State, exposure: Exposure) -> bool:
    is_naked = False
    for bucket in state.buckets.values():
        told = exposure.buckets.get(bucket_hash(*bucket.key), NONE)
        mine, theirs = _of_hedger(bucket), _of_exposure(told)
        if mine != theirs:
            raise FellError(f"{entry.seq} {entry.subject}: {bucket.key}: {mine}, {theirs}")
        is_naked = is_naked or bool(bucket.lots)
    return is_naked


def _of_hedger(bucket: Bucket) -> Naked:
    return _lots(bucket.lots), set(bucket.flying), ledger.in_flight(bucket)


def _of_exposure(told: exposures.Bucket) -> Naked:
    flying = sum((unfilled(told, one) for one in told.takers.values()), ZERO)
    return _lots(told.lots), set(told.takers), flying


def _lots(lots: list[Lot]) -> list[tuple[str, Decimal, int]]:
    return [(lot.hedge_id, lot.amount, lot.since_ns if lot.hedge_id else 0) for lot in lots]


def test_what_both_say_of_a_desks_log_is_the_same_at_each_place() -> None:
    assert sum(compare(true_log(seed)) for seed in range(TRUE_LOGS)) > TRUE_LOGS


@pytest.mark.parametrize("seed", FOUND)
def test_what_was_found(seed: int) -> None:
    compare(broken(seed))


def test_what_both_say_of_broken_logs_is_the_same_at_each_place() -> None:
    for seed in SEEDS:
        compare(broken(seed))


def test_what_both_say_of_logs_that_nobody_has_seen_is_the_same() -> None:
    first = random.SystemRandom().randrange(10**9)
    for seed in range(first, first + FRESH):
        try:
            compare(broken(seed))
        except FellError as error:
            raise FellError(f"seed {seed}: {error}") from error
