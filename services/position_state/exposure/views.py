"""What is shown of exposure: one row a bucket, worth at the log's last price, and its cause (pure).

A bucket is overdue when what of it can be traded has waited for longer than L1 and no hedge of it
lets small fills wait any more.
"""

from collections.abc import Iterator
from decimal import Decimal, localcontext

from msgspec import Struct

from services.position_state.exposure import tradable
from services.position_state.exposure.makers import unpriced
from services.position_state.exposure.state import Bucket, Exposure, listed, reference
from services.position_state.exposure.takers import unfilled
from services.position_state.exposure.tradable import is_dust
from tandem.domain.instrument import notional
from tandem.domain.units import NS_PER_MS, ZERO
from tandem.hedging.exact import EXACT, quotient
from tandem.messages.queries import ExposureCause, ExposureView

LEVELS_MS = (250, 1_000, 5_000, 30_000)


class Overdue(Struct, frozen=True):
    """A bucket that is naked for too long: 1 for L1 and so on.

    `since_ns`, `for_ms`: since when, and so how long, it is naked by what can be traded.
    """

    row: ExposureView
    level: int
    since_ns: int
    for_ms: int


def rows(state: Exposure, now_ns: int) -> tuple[ExposureView, ...]:
    """Return every bucket as it is at the log's time `now_ns`."""
    with localcontext(EXACT):
        return tuple(_row(state, bucket, now_ns) for bucket in state.buckets.values())


def overdue(state: Exposure, now_ns: int) -> Iterator[Overdue]:
    """Return the buckets that somebody must hear of, and how urgently."""
    with localcontext(EXACT):
        for bucket in state.buckets.values():
            since_ns = tradable.since_ns(state, bucket)
            if since_ns is not None and (level := _level(bucket, since_ns, now_ns)):
                for_ms = (now_ns - since_ns) // NS_PER_MS
                yield Overdue(_row(state, bucket, now_ns), level, since_ns, for_ms)


def _level(bucket: Bucket, since_ns: int, now_ns: int) -> int:
    late_ms = (now_ns - max(since_ns, bucket.collects_until_ns)) // NS_PER_MS
    return sum(late_ms >= most for most in LEVELS_MS)


def _row(state: Exposure, bucket: Bucket, now_ns: int) -> ExposureView:
    naked = sum((lot.amount for lot in bucket.lots), ZERO)
    oldest = bucket.lots[0] if bucket.lots else None
    return ExposureView(
        pool=bucket.pool,
        exc=bucket.exc,
        ticker=bucket.ticker,
        naked=naked,
        notional=_notional(state, bucket, naked),
        in_flight=_in_flight(bucket),
        unpriced=unpriced(state, bucket),
        since_ns=oldest.since_ns if oldest else None,
        age_ms=max(0, now_ns - oldest.since_ns) // NS_PER_MS if oldest else 0,
        hedge_id=oldest.hedge_id if oldest else None,
        cause=_cause(state, bucket, naked),
        fact=bucket.cause,
    )


def _in_flight(bucket: Bucket) -> Decimal:
    return sum((unfilled(bucket, taker) for taker in bucket.takers.values()), ZERO)


def _notional(state: Exposure, bucket: Bucket, naked: Decimal) -> Decimal | None:
    """Return the worth of what is naked, None while there is no table or no price."""
    key = (bucket.exc, bucket.ticker)
    instrument, px = listed(state, key), reference(state, key)
    if instrument is None or px is None:
        return None
    worth = notional(instrument, naked, px)
    return worth if bucket.unit == 1 else quotient(worth, bucket.unit)


def _cause(state: Exposure, bucket: Bucket, naked: Decimal) -> ExposureCause:
    if not naked:
        return ExposureCause.NONE
    if any(taker.order.in_doubt for taker in bucket.takers.values()):
        return ExposureCause.IN_DOUBT
    if is_dust(state, bucket, naked):
        return ExposureCause.DUST
    if bucket.takers and is_dust(state, bucket, naked - _in_flight(bucket)):
        return ExposureCause.IN_FLIGHT
    return ExposureCause.UNDECIDED
