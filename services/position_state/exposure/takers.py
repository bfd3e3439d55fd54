"""What takers cover of exposure: decided, in flight, filled, ended (pure).

1. A taker covers what the venue has proven, the oldest lots first; what it fills beyond them is
   naked on the other side, and nobody's.
   On a log that has begun anew it was for what the log has lost, and is nobody's need.
2. A piece is taken up when a decision for it is read. What a taker leaves unfilled is to be taken
   up again, and is no longer a fill's.
"""

from decimal import Decimal

from services.position_state.exposure.state import (
    Bucket,
    Exposure,
    OrderFact,
    Taker,
    Timings,
    forget_numbers,
    open_bucket,
    put_away,
    recall_taker,
)
from tandem.domain import ids
from tandem.domain.ids import ClientOrderId
from tandem.domain.units import ZERO
from tandem.hedging import attribution, evidence, ordinals
from tandem.hedging.attribution import NOBODY, Lot
from tandem.hedging.evidence import Evidence
from tandem.messages.hedges import Decision, TakerOrder
from tandem.messages.reports import FillReport


def on_decision(state: Exposure, now_ns: int, decision: Decision) -> None:
    """Put the takers of a decision in flight."""
    bucket = open_bucket(state, (decision.exc, decision.ticker), decision.pool)
    if ordinals.holds(bucket.decided, decision.epoch, decision.ordinal):
        return
    ordinals.add(bucket.decided, decision.epoch, decision.ordinal)
    for order in decision.takers:
        _enter(state, now_ns, bucket, order)
        pieces, _ = attribution.consume(bucket.undecided, order.amount * bucket.unit)
        _time(state.to_taker, pieces, now_ns)


def _enter(state: Exposure, now_ns: int, bucket: Bucket, order: TakerOrder) -> None:
    asked = abs(order.amount)
    known = recall_taker(state, bucket, order.client_order_id)
    if known is None:
        entered = Evidence(asked, asked=asked, immediate=True)
        bucket.takers[order.client_order_id] = Taker(order.client_order_id, order.amount, entered)
        return
    if known.is_adopted and (known.amount > 0) == (order.amount > 0):
        before = evidence.counted(known.order)
        known.is_adopted, known.amount, known.order.asked = False, order.amount, asked
        evidence.resize(known.order, asked)
        _follow(state, now_ns, (bucket, known), before)
    _land(state, now_ns, bucket, known)


def on_taker_fact(
    state: Exposure, now_ns: int, bucket: Bucket, told: tuple[ClientOrderId, OrderFact]
) -> bool:
    """Count what a fact proves of a taker; False while its direction is not known."""
    cloid, fact = told
    if bucket.exc != fact.exc:
        return True
    taker = recall_taker(state, bucket, cloid)
    if taker is None:
        if bucket.ticker != fact.ticker or _was_decided(bucket, cloid):
            return True
        taker = _adopt(bucket, cloid, fact)
    if taker is None:
        return False
    before = evidence.counted(taker.order)
    if isinstance(fact, FillReport):
        if evidence.absorb_fill(taker.order, fact):
            state.references[bucket.exc, bucket.ticker] = fact.last_px
    else:
        evidence.absorb_report(taker.order, fact)
    _follow(state, now_ns, (bucket, taker), before)
    _land(state, now_ns, bucket, taker)
    return True


def _was_decided(bucket: Bucket, cloid: ClientOrderId) -> bool:
    """Tell whether a taker's decision was read: if it is not known then, it was filled whole."""
    name = ids.taker_name(cloid)
    return name is not None and ordinals.holds(bucket.decided, name.epoch, name.ordinal)


def _adopt(bucket: Bucket, cloid: ClientOrderId, fact: OrderFact) -> Taker | None:
    """Take a taker whose decision was not read by the venue's word, where that has a direction."""
    amount = fact.signed_qty if isinstance(fact, FillReport) else fact.amount or ZERO
    if not amount:
        return None
    order = Evidence(quantity=ZERO, immediate=True, is_sized=False)
    taker = bucket.takers[cloid] = Taker(cloid, amount, order, is_adopted=True)
    return taker


def _follow(state: Exposure, now_ns: int, found: tuple[Bucket, Taker], before: Decimal) -> None:
    """Cover the oldest lots with what has newly been proven."""
    bucket, taker = found
    gained = (evidence.counted(taker.order) - before) * bucket.unit
    signed = gained if taker.amount > 0 else -gained
    if not signed:
        return
    if taker.is_adopted:
        attribution.consume(bucket.undecided, signed)
    _time(state.to_covered, attribution.cover(bucket.lots, signed, now_ns), now_ns)
    if state.partial:
        bucket.lots = [lot for lot in bucket.lots if lot.hedge_id != NOBODY]


def _land(state: Exposure, now_ns: int, bucket: Bucket, taker: Taker) -> None:
    """Put a taker away whose end the venue has proven; what it left is to be taken up again.

    One filled whole, with every fill known, is forgotten: nothing can add to it.
    """
    if not evidence.is_ended(taker.order):
        return
    del bucket.takers[taker.cloid]
    key = (bucket.exc, bucket.ticker)
    if not taker.is_adopted and evidence.is_complete(taker.order):
        forget_numbers(state, key, taker)
        return
    put_away(state, key, taker, now_ns)
    left = unfilled(bucket, taker)
    if left:
        _reopen(bucket.undecided, Lot(NOBODY, left, now_ns))


def _reopen(undecided: list[Lot], lot: Lot) -> None:
    """Let a piece be the next to be taken up; against the others' sign it nets with them."""
    if undecided and (undecided[0].amount > 0) != (lot.amount > 0):
        attribution.add(undecided, lot)
    else:
        undecided.insert(0, lot)


def unfilled(bucket: Bucket, taker: Taker) -> Decimal:
    """Return, signed, what a taker has not filled of what it is for."""
    left = max(ZERO, taker.order.quantity - evidence.proven(taker.order)) * bucket.unit
    return left if taker.amount > 0 else -left


def _time(timings: Timings, pieces: list[Lot], now_ns: int) -> None:
    for piece in pieces:
        if piece.hedge_id != NOBODY:
            timings.add(now_ns - piece.since_ns)
