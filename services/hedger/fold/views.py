"""What readers are shown of hedges and buckets, and the deltas that say it changed (pure).

1. A delta names its entity's previous delta, so a reader can tell a gap from silence.
2. Averages are rounded at 18 digits; every other number is exact.
"""

from services.hedger.book import ledger
from services.hedger.book.ledger import Bucket
from services.hedger.fold.state import Leg, Link, Pending, State, market
from services.hedger.fold.step import Turn
from services.hedger.policy import sizing
from tandem.domain.ids import HedgeId, Pool, maker_cloid
from tandem.domain.order import OrderStatus
from tandem.domain.units import NS_PER_MS, ZERO
from tandem.hedging import evidence
from tandem.hedging.exact import average
from tandem.messages import codec
from tandem.messages.deltas import (
    BucketDelta,
    BucketView,
    HedgeDelta,
    HedgeState,
    HedgeView,
    LegView,
)
from tandem.messages.intents import HedgeOrder
from tandem.messages.rules import is_plain
from tandem.runtime.fold.port import Publish, SetRow

HEDGES_PAGE = "hedges"
BUCKETS_PAGE = "buckets"
# What a maker's end says by itself, where neither the venue nor the hedge says more.
_ENDS = {
    OrderStatus.CANCELLED: "maker cancelled, and not by the hedge",
    OrderStatus.EXPIRED: "maker expired at the venue",
    OrderStatus.REJECTED: "maker refused, without a reason",
}
FINISHED = frozenset({HedgeState.DONE, HedgeState.REFUSED})


def publish(state: State, turn: Turn) -> None:
    """Add a delta and a row for everything that this turn touched."""
    for refusal in turn.refusals:
        view = intent_view(refusal.hedge, HedgeState.REFUSED, refusal.text, turn.now_ns)
        _publish_hedge(turn, view, refusal.delta_id)
    for hedge_id in turn.links:
        _publish_link(state, turn, hedge_id)
    for key in turn.buckets:
        _publish_bucket(state, turn, state.buckets[key])


def _publish_link(state: State, turn: Turn, hedge_id: HedgeId) -> None:
    link = state.links.get(hedge_id)
    if link is not None:
        view = link_view(state, link)
        finished_ns = link.done_ns or turn.now_ns
        link.done_ns = finished_ns if view.state in FINISHED else 0
        if link.done_ns:
            state.finished.setdefault(hedge_id)
        else:
            state.finished.pop(hedge_id, None)
        link.delta_id = _publish_hedge(turn, view, link.delta_id)
        return
    pending = state.pending.get(hedge_id)
    if pending is not None:
        view = pending_view(pending, turn.now_ns)
        pending.delta_id = _publish_hedge(turn, view, pending.delta_id)


def _publish_hedge(turn: Turn, view: HedgeView, prev: str | None) -> str:
    event = turn.event
    delta = HedgeDelta(
        epoch=event.epoch, seq=event.seq, index=turn.next_index(), prev=prev, hedge=view
    )
    turn.effects.append(Publish(f"hedge:{view.hedge_id}", delta))
    row = None if view.state is HedgeState.REFUSED else codec.encode_part(view)
    turn.effects.append(SetRow(HEDGES_PAGE, view.hedge_id, row))
    return delta.delta_id


def _publish_bucket(state: State, turn: Turn, bucket: Bucket) -> None:
    event = turn.event
    view = bucket_view(state, bucket)
    delta = BucketDelta(
        epoch=event.epoch,
        seq=event.seq,
        index=turn.next_index(),
        prev=bucket.delta_id,
        bucket=view,
    )
    name = bucket_row(bucket)
    turn.effects.append(Publish(f"bucket:{name}", delta))
    turn.effects.append(SetRow(BUCKETS_PAGE, name, codec.encode_part(view)))
    bucket.delta_id = delta.delta_id


def bucket_row(bucket: Bucket) -> str:
    """Return the name of a bucket's row."""
    return f"{bucket.exc}:{bucket.ticker}:{bucket.pool}"


def rows(state: State) -> tuple[SetRow, ...]:
    """Return every row of both pages, and of each a row that is gone."""
    known = (SetRow(page, "", None) for page in (HEDGES_PAGE, BUCKETS_PAGE))
    hedges = (
        SetRow(HEDGES_PAGE, link.hedge_id, codec.encode_part(link_view(state, link)))
        for link in state.links.values()
    )
    buckets = (
        SetRow(BUCKETS_PAGE, bucket_row(bucket), codec.encode_part(bucket_view(state, bucket)))
        for bucket in state.buckets.values()
    )
    return (*known, *hedges, *buckets)


def bucket_view(state: State, bucket: Bucket) -> BucketView:
    naked, flying = ledger.naked(bucket), ledger.in_flight(bucket)
    lo, hi = ledger.interval(bucket)
    return BucketView(
        pool=bucket.pool,
        exc=bucket.exc,
        ticker=bucket.ticker,
        maker_target=bucket.target,
        taker_filled=bucket.done,
        owed=naked,
        in_flight=flying,
        remainder=naked - flying,
        lo=lo,
        hi=hi,
        unpriced=bucket.unpriced,
        naked_notional=sizing.naked_notional(bucket, market(state, bucket)),
        naked_since_ns=bucket.lots[0].since_ns if bucket.lots else None,
        held_reason=bucket.held_reason,
        suspended=bucket.suspended,
        cause=bucket.cause,
        decisions=bucket.decisions,
        remainders_held=bucket.remainders_held,
        remainders_flushed=bucket.remainders_flushed,
        netted=bucket.netted,
    )


def link_view(state: State, link: Link) -> HedgeView:
    return HedgeView(
        hedge_id=link.hedge_id,
        strategy=link.strategy,
        pool=link.pool,
        state=hedge_state(state, link),
        maker_cloid=link.cloid,
        maker_amount=link.maker.amount,
        maker_filled=evidence.proven(link.order),
        maker_avg_px=average(link.paid, link.priced),
        legs=tuple(leg_view(leg) for leg in link.legs),
        text=_text(state, link),
        timestamp=link.changed_ns // NS_PER_MS,
    )


def leg_view(leg: Leg) -> LegView:
    covered = leg.covered
    waited = average(covered.waited, covered.timed)
    return LegView(
        exc=leg.exc,
        ticker=leg.ticker,
        target=leg.target,
        covered=covered.amount,
        owed=leg.target - covered.amount,
        avg_px=average(covered.paid, covered.priced),
        slippage_bp=average(covered.slipped, covered.measured),
        slippage_qty=covered.measured,
        fill_to_hedge_ns_mean=int(waited) if waited is not None else None,
    )


def hedge_state(state: State, link: Link) -> HedgeState:
    status = evidence.status(link.order)
    if not (status.is_terminal or evidence.is_ended(link.order)):
        return HedgeState.WORKING
    if status is OrderStatus.REJECTED and not evidence.proven(link.order):
        return HedgeState.REFUSED
    is_proven = link.is_settled or evidence.is_ended(link.order)
    if is_proven and not link.waiting and all(_is_clear(state, link, leg) for leg in link.legs):
        return HedgeState.DONE
    return HedgeState.HEDGING


def _is_clear(state: State, link: Link, leg: Leg) -> bool:
    """Tell whether nothing but dust is left of this leg."""
    if leg.target == leg.covered.amount:
        return True
    bucket = state.buckets[link.bucket_key(leg)]
    return bucket.is_dust and not bucket.flying


def _text(state: State, link: Link) -> str:
    parts = [_maker_words(link), link.netted]
    if link.late:
        parts.append(f"LATE_FILL {link.late:f}")
    if link.terminal_ns and not evidence.is_ended(link.order):
        parts.append("the venue has not proven the maker's final quantity")
    if link.suspended:
        parts.append(f"maker suspended: {link.suspended}")
    elif link.stops and not link.terminal_ns:
        parts.append("stopping")
    parts += (_leg_words(state, link, leg) for leg in link.legs)
    return "; ".join(part for part in parts if part)


def _maker_words(link: Link) -> str:
    """Say why the maker ended short of its whole quantity, or that its outcome is unknown."""
    order = link.order
    told = order.doubt or order.text
    short = evidence.counted(order) < order.quantity
    if link.cleared and short:
        return f"maker cancelled: {link.cleared}"
    if told or not short:
        return told if short else ""
    return _ENDS.get(evidence.status(order), "") if not link.stops else _stopped(link)


def _stopped(link: Link) -> str:
    """A maker that is suspended is said to be."""
    is_over = link.terminal_ns and not link.suspended
    return "maker cancelled: the hedge was stopped" if is_over else ""


def _leg_words(state: State, link: Link, leg: Leg) -> str:
    """Say what keeps a leg from being covered: what was said of the takers for it."""
    bucket = state.buckets[link.bucket_key(leg)]
    if leg.target == leg.covered.amount:
        return ""
    doubts = (taker.order.doubt for taker in bucket.flying.values() if taker.order.doubt)
    said = next(doubts, bucket.pace.words)
    return f"{leg.exc} {leg.ticker}: {said}" if said else ""


def pending_view(pending: Pending, now_ns: int) -> HedgeView:
    text = f"waiting for {pending.obstacle.text}"
    return intent_view(pending.hedge, HedgeState.WORKING, text, now_ns)


def intent_view(hedge: HedgeOrder, state: HedgeState, text: str, now_ns: int) -> HedgeView:
    """Return the view of a hedge order that no maker order stands for.

    An amount that it was refused for is not passed on: a reader could not count with it either.
    """
    legs = tuple(
        LegView(exc=leg.exc, ticker=leg.ticker, target=ZERO, covered=ZERO, owed=ZERO)
        for leg in hedge.legs
    )
    return HedgeView(
        hedge_id=hedge.hedge_id,
        strategy=hedge.strategy,
        pool=hedge.pool or Pool(hedge.strategy),
        state=state,
        maker_cloid=maker_cloid(hedge.hedge_id),
        maker_amount=hedge.maker.amount if is_plain(hedge.maker.amount) else ZERO,
        maker_filled=ZERO,
        maker_avg_px=None,
        legs=legs,
        text=text,
        timestamp=now_ns // NS_PER_MS,
    )
