"""What a logged decision puts in flight, and what the venue then proves about it (pure).

1. A decision read from the log is what changes the ledger, whichever copy wrote it; deciding
   changes nothing.
2. A taker filled whole with every fill known is sealed: no fact can add to it, so it is
   forgotten, and facts under its client id are repetitions. Every other one stays watched.
3. A decision counts only if its takers' client ids are those of its own bucket, epoch and ordinal:
   under others their reports would not find it. Its slot is taken all the same (book/slots.py).
4. A decision that is read after its taker was adopted (fold/adoption.py) takes it over.
5. A fill after a taker's proven end is real: it is booked like any other.
6. A decision that is read again, as on a log that was carried over, puts nothing in flight: its
   takers may have been sealed.
"""

from decimal import Decimal

from services.hedger.book import ledger, slots
from services.hedger.book.ledger import Bucket, Taker
from services.hedger.fold import prices, suspension
from services.hedger.fold.state import State, leg_of, open_bucket
from services.hedger.fold.step import Turn
from services.hedger.policy import retry
from services.hedger.policy.retry import Failure
from tandem.domain import ids
from tandem.domain.order import RejectReason
from tandem.hedging import attribution, evidence, ordinals
from tandem.hedging.attribution import Cover
from tandem.hedging.evidence import Evidence
from tandem.messages import subjects
from tandem.messages.hedges import Decision
from tandem.messages.reports import FillReport, OrderReport
from tandem.messages.rules import foreign_taker


def on_decision(state: State, turn: Turn, decision: Decision) -> None:
    key = (decision.exc, decision.ticker, decision.pool)
    stranger = foreign_taker(decision)
    if stranger is not None:
        turn.pass_over(state, f"{stranger} is no client id of this decision")
        take_slot(state, turn)
        return
    bucket = open_bucket(state, key)
    if ordinals.holds(bucket.decided, decision.epoch, decision.ordinal):
        return
    ordinals.add(bucket.decided, decision.epoch, decision.ordinal)
    _use(bucket, decision.ordinal)
    for order in decision.takers:
        _enter(
            state,
            turn,
            bucket,
            Taker(
                order.client_order_id,
                order.amount,
                decision.ordinal,
                Evidence(abs(order.amount), asked=abs(order.amount), immediate=True),
            ),
        )
    bucket.remainders_flushed += bucket.holds_remainder
    bucket.holds_remainder = False
    bucket.flush_ns = 0
    turn.touch_bucket(bucket)
    touch_owners(state, turn, bucket)


def take_slot(state: State, turn: Turn) -> None:
    """Note that the event's subject is a decision's and holds none that counts."""
    slot = subjects.decision_slot(turn.event.subject)
    if slot is None:
        return
    key, epoch, ordinal = slot
    taken = (ids.bucket_hash(*key), epoch, ordinal)
    slots.take_decision(state.taken, taken, state.hashes.__contains__)
    if key in state.buckets:
        turn.touch_bucket(state.buckets[key])


def _use(bucket: Bucket, ordinal: int) -> None:
    bucket.decisions = max(bucket.decisions, ordinal)


def _enter(state: State, turn: Turn, bucket: Bucket, taker: Taker) -> None:
    """Take a taker into flight, or take over the one that was adopted before."""
    if ledger.enter(bucket, taker):
        return
    known = ledger.find(bucket, taker.cloid)
    if known is None or not known.is_adopted or (known.amount > 0) != (taker.amount > 0):
        return
    known.is_adopted, known.amount = False, taker.amount
    before = evidence.counted(known.order)
    known.order.asked = abs(taker.amount)
    evidence.resize(known.order, abs(taker.amount))
    _follow(state, turn, (bucket, known), before)
    _seal(state, bucket, known)


def on_report(state: State, turn: Turn, found: tuple[Bucket, Taker], report: OrderReport) -> None:
    bucket, taker = found
    before, was_in_doubt = evidence.counted(taker.order), taker.order.in_doubt
    evidence.absorb_report(taker.order, report)
    if taker.order.in_doubt and not was_in_doubt and taker.cloid in bucket.flying:
        suspension.on_doubt(state, turn, bucket.exc, taker.order.doubt)
        tell_owners(turn, bucket)
    _follow(state, turn, found, before)
    _seal(state, bucket, taker)


def on_fill(state: State, turn: Turn, found: tuple[Bucket, Taker], fill: FillReport) -> None:
    bucket, taker = found
    before = evidence.counted(taker.order)
    is_new = evidence.absorb_fill(taker.order, fill)
    _follow(state, turn, found, before)
    if is_new:
        prices.note_trade(state, (bucket.exc, bucket.ticker), fill.last_px)
        _price(state, turn, found, fill)
    _seal(state, bucket, taker)


def _follow(state: State, turn: Turn, found: tuple[Bucket, Taker], before: Decimal) -> None:
    """Book what has newly been proven, and take the taker out of flight if it has ended."""
    bucket, taker = found
    if evidence.exceeds(taker.order):
        filled, most = evidence.proven(taker.order), taker.order.asked
        turn.alarm(
            f"the taker {taker.cloid} on {bucket.exc} has filled {filled:f} by what is told of it, "
            f"and is for {most:f}"
        )
    signed = ledger.prove(bucket, taker, before)
    if signed:
        turn.touch_bucket(bucket)
        _cover(state, turn, found, signed)
        if bucket.pace.words:
            tell_owners(turn, bucket)
        retry.progress(bucket.pace)
    if ledger.land(bucket, taker, turn.now_ns):
        turn.touch_bucket(bucket)
        bucket.cause = turn.event.subject
        touch_owners(state, turn, bucket)
        _fail(state, turn, found)


def _cover(state: State, turn: Turn, found: tuple[Bucket, Taker], signed: Decimal) -> None:
    bucket, taker = found
    for piece in attribution.cover(bucket.lots, signed, turn.now_ns):
        taker.covers.append(Cover(piece.hedge_id, piece.amount, piece.since_ns))
        leg = leg_of(state, piece.hedge_id, bucket)
        if leg is not None:
            attribution.count(leg.covered, piece, turn.now_ns)
            turn.touch_link(piece.hedge_id)


def _price(state: State, turn: Turn, found: tuple[Bucket, Taker], fill: FillReport) -> None:
    """Give the covered pieces their price: fills and pieces pair up, oldest first."""
    bucket, taker = found
    mids = {one.at_ns: one.mid for one in fill.mids if one.mid > 0}
    for piece in attribution.split_priced(taker.covers, fill.last_qty * bucket.unit):
        leg = leg_of(state, piece.hedge_id, bucket)
        if leg is not None:
            attribution.price(leg.covered, piece, fill.last_px, mids.get(piece.since_ns))
            turn.touch_link(piece.hedge_id)


def _fail(state: State, turn: Turn, found: tuple[Bucket, Taker]) -> None:
    """Climb the retry ladder for a taker that ended with something left."""
    bucket, taker = found
    filled = evidence.proven(taker.order)
    if taker.is_adopted or filled >= abs(taker.amount):
        return
    reason = None if filled else taker.order.reason or RejectReason.NO_MATCH
    failure = Failure(taker.ordinal, reason, abs(taker.amount), taker.order.text)
    known = bucket.pace.words
    rung = retry.fail(bucket.pace, failure, turn.now_ns, state.rules)
    if bucket.pace.words != known:
        tell_owners(turn, bucket)
    text = failure.words
    if rung.is_held or (rung.suspends and not bucket.suspended):
        turn.alarm(f"{rung.level} {bucket.exc} {bucket.ticker} {bucket.pool}: {text}")
    if reason in retry.OF_ACCOUNT:
        suspension.on_refused_account(state, turn, bucket)
    elif rung.suspends:
        suspension.suspend_bucket(state, turn, bucket, text)


def _seal(state: State, bucket: Bucket, taker: Taker) -> None:
    if taker.is_adopted:
        return
    if taker.cloid in bucket.ended and evidence.is_complete(taker.order):
        forget(state, bucket, taker)


def forget(state: State, bucket: Bucket, taker: Taker) -> None:
    """Let go of an ended taker; what is still said of it changes nothing."""
    bucket.ended.pop(taker.cloid, None)
    name = ids.taker_name(taker.cloid)
    if name is not None:
        ordinals.add(bucket.decided, name.epoch, name.ordinal)
    for oid in taker.order.venue_orders:
        state.oids.pop((bucket.exc, bucket.ticker, oid), None)


def tell_owners(turn: Turn, bucket: Bucket) -> None:
    """Look again at every hedge that is owed here: what is said of its takers has changed."""
    for lot in bucket.lots:
        turn.touch_link(lot.hedge_id)


def touch_owners(state: State, turn: Turn, bucket: Bucket) -> None:
    """Look again at the ended hedges that are not covered: they may be done, or not any more."""
    for lot in bucket.lots:
        link = state.links.get(lot.hedge_id)
        if link is not None and link.terminal_ns:
            turn.touch_link(lot.hedge_id)
