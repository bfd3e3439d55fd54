"""Looking at a touched bucket again, and the decision a copy at the head proposes for it (pure).

1. Proposing changes nothing: the same state proposes the same decision, under the ordinal after
   the decisions read so far, so that of several copies the log takes one (a compare-and-set).
   A slot that was seen to hold something else is left out (book/slots.py).
2. A copy proposes only under the rules in force. (That it stands at the head, and that every
   gateway has resynced in a new epoch, the runtime sees to.)
"""

from msgspec import structs

from services.hedger.book import slots
from services.hedger.book.ledger import Bucket
from services.hedger.fold import adoption, takers, timers
from services.hedger.fold.state import State, market
from services.hedger.fold.step import Turn
from services.hedger.policy import retry, sizing
from services.hedger.policy.sizing import Hold, Verdict
from tandem.domain import ids
from tandem.domain.ids import HedgeId
from tandem.hedging import ordinals
from tandem.messages.hedges import Decision, Rules, TakerOrder
from tandem.runtime.fold.port import Head, Proposal

MAX_NAMED_HEDGES = 8
MAX_NAMED_FILLS = 32


def look(state: State, turn: Turn, bucket: Bucket) -> None:
    """Judge a bucket anew: what holds it, whether it is dust, and when to look again."""
    verdict = sizing.judge(bucket, market(state, bucket), state.clock_ns, state.rules)
    if not bucket.flying and (verdict.hold.is_dust or verdict.hold is Hold.FLAT):
        retry.calm(bucket.pace)
        turn.recovered |= bool(bucket.suspended)
        bucket.suspended = ""
    bucket.held_reason = verdict.text or verdict.hold.value
    if verdict.quantity and adoption.holds(state, bucket, verdict.quantity):
        bucket.held_reason = "makers of adopted takers are not known"
    _note_dust(state, turn, bucket, verdict.hold.is_dust)
    _arm(turn, bucket, verdict)


def _note_dust(state: State, turn: Turn, bucket: Bucket, is_dust: bool) -> None:
    """Count a remainder when it is first held; its hedges may be done now."""
    if is_dust and not bucket.holds_remainder:
        bucket.remainders_held += 1
    is_owed = bucket.target != bucket.done
    bucket.holds_remainder = is_dust or (bucket.holds_remainder and is_owed)
    if is_dust != bucket.is_dust:
        bucket.is_dust = is_dust
        takers.touch_owners(state, turn, bucket)


def _arm(turn: Turn, bucket: Bucket, verdict: Verdict) -> None:
    if verdict.hold is Hold.WAITING:
        due_ns = bucket.pace.not_before_ns
    elif verdict.hold is Hold.COALESCING:
        due_ns = bucket.flush_ns
    else:
        return
    if due_ns == bucket.armed_ns:
        return
    bucket.armed_ns = due_ns
    name = ids.bucket_hash(bucket.exc, bucket.ticker, bucket.pool)
    key = timers.TimerKey(timers.Wakes.BUCKET, turn.place, name)
    turn.effects.append(timers.arm(key, due_ns))


def propose(state: State, head: Head, own: Rules) -> tuple[Proposal, ...]:
    """Return a decision for each bucket that can trade, or the rules if the log has none."""
    if state.active is None:
        ordinal = ordinals.next_free(state.taken.rules, 0, own.ordinal - 1)
        return (Proposal("rules", structs.replace(own, ordinal=ordinal)),)
    if state.active != own.rules:
        return ()
    proposals = (_propose(state, head, bucket) for bucket in state.buckets.values())
    return tuple(one for one in proposals if one is not None)


def _propose(state: State, head: Head, bucket: Bucket) -> Proposal | None:
    if bucket.target == bucket.done:
        return None
    now_ns = max(head.ts_ns, state.clock_ns)
    seen = market(state, bucket)
    verdict = sizing.judge(bucket, seen, now_ns, state.rules)
    if not verdict.quantity or seen.instrument is None:
        return None
    if adoption.holds(state, bucket, verdict.quantity):
        return None
    amounts = sizing.split(verdict.quantity, seen.instrument, seen.reference, state.rules)
    name = ids.bucket_hash(bucket.exc, bucket.ticker, bucket.pool)
    taken = state.taken.decisions.get(name, {})
    ordinal = ordinals.next_free(taken, head.epoch, bucket.decisions)
    if ordinal >= slots.MOST_ORDINALS:
        return None
    takers = tuple(
        TakerOrder(
            client_order_id=ids.taker_cloid(name, head.epoch, ordinal, index),
            amount=amount,
            band_bp=retry.band_bp(bucket.pace, state.rules),
            hard_cap_bp=state.rules.hard_cap_bp,
        )
        for index, amount in enumerate(amounts)
    )
    decision = Decision(
        exc=bucket.exc,
        ticker=bucket.ticker,
        pool=bucket.pool,
        epoch=head.epoch,
        ordinal=ordinal,
        as_of=head.seq,
        need=verdict.need,
        attempt=bucket.pace.tries,
        rules=state.active or "",
        takers=takers,
        cause=bucket.cause,
        hedge_ids=_hedges(bucket),
        fills_ns=_fills_ns(bucket),
        ts_sent_ns=now_ns,
    )
    return Proposal("\x1f".join((*bucket.key, str(head.epoch))), decision)


def _hedges(bucket: Bucket) -> tuple[HedgeId, ...]:
    """Return the hedges this is for, oldest first."""
    names = dict.fromkeys(lot.hedge_id for lot in bucket.lots[:MAX_NAMED_HEDGES])
    return tuple(name for name in names if name)


def _fills_ns(bucket: Bucket) -> tuple[int, ...]:
    """Return when the log had the fills this may cover, oldest first."""
    return tuple(dict.fromkeys(lot.since_ns for lot in bucket.lots[:MAX_NAMED_FILLS]))
