"""What the hedger waits for, and who has to bring it (pure).

A hedge that waits is shown at once on the pages; what follows is who is told when it lasts.
"""

from collections.abc import Iterator

from services.hedger.book import ledger
from services.hedger.book.ledger import Bucket
from services.hedger.fold.state import State
from tandem.domain import ids
from tandem.domain.ids import Exc, Ticker
from tandem.runtime.watch.waits import Wait

TABLE_S = 5.0
OUTCOME_S = 30.0
OWED_S = 15.0
# A gateway logs a mark a minute.
MARK_S = 90.0
MOST = 100


def waiting(state: State) -> tuple[Wait, ...]:
    """Return what is waited for now: tables, marks, outcomes, and whatever holds a need."""
    waits: list[Wait] = []
    for one in (*_tables(state), *_marks(state), *_buckets(state)):
        waits.append(one)
        if len(waits) >= MOST:
            break
    return tuple(waits)


def _tables(state: State) -> Iterator[Wait]:
    named: dict[Exc, None] = {}
    for pending in state.pending.values():
        named |= dict.fromkeys((pending.hedge.maker.exc, *(leg.exc for leg in pending.hedge.legs)))
    for bucket in state.buckets.values():
        named[bucket.exc] = None
    for exc in named:
        if exc not in state.instruments:
            text = f"the instrument table of {exc}: gateway-{exc} has not logged it"
            yield Wait(f"table-{exc}", text, TABLE_S)


def _marks(state: State) -> Iterator[Wait]:
    missing: dict[tuple[Exc, Ticker], None] = {}
    for link in state.links.values():
        for fill in link.waiting:
            leg = link.legs[fill.leg]
            missing[leg.exc, leg.ticker] = None
    for exc, ticker in missing:
        text = f"a mark of {ticker}: gateway-{exc} has logged none since a fill that is sized by it"
        yield Wait(f"mark-{exc}-{ticker}", text, MARK_S)


def _buckets(state: State) -> Iterator[Wait]:
    for bucket in state.buckets.values():
        for cloid in bucket.flying:
            text = f"the outcome of the taker {cloid}: gateway-{bucket.exc} has not told it"
            yield Wait(f"outcome-{cloid}", text, OUTCOME_S)
        if _is_held(bucket):
            yield _owed(bucket)


def _is_held(bucket: Bucket) -> bool:
    return bool(bucket.lots) and not bucket.is_dust and not bucket.flying


def _owed(bucket: Bucket) -> Wait:
    """What is oldest names the wait: where fills follow each other, each is another."""
    name = ids.bucket_hash(bucket.exc, bucket.ticker, bucket.pool)
    owed = f"{ledger.naked(bucket):f} {bucket.ticker} on {bucket.exc} in {bucket.pool}"
    why = bucket.held_reason or "no decision"
    return Wait(f"owed-{name}-{bucket.lots[0].since_ns}", f"a hedge of {owed}: {why}", OWED_S)
