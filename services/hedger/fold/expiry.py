"""What is put away once nothing more is expected of it, by the log's own clock (pure).

1. A finished hedge leaves its page after keep_ms, or when a thousand younger ones have finished.
   It is shelved until watch_ms, packed: a late fill is still possible and will be hedged, and what
   is still said of one that filled whole must not look like a maker of nobody.
2. A taker that did not fill whole stays watched for watch_ms, packed after a minute; one that its
   gateway has proven never to have been sent for keep_ms only, so that a bucket refused for hours
   stays small.
3. Nothing that is owed, in flight or waiting is ever put away.
"""

from itertools import islice

from services.hedger.book.ledger import Taker
from services.hedger.fold import takers
from services.hedger.fold.state import Link, State, put_taker_away, shelve
from tandem.domain.units import NS_PER_MINUTE, NS_PER_MS
from tandem.hedging import evidence
from tandem.runtime.fold.port import SetRow

HEDGES_PAGE = "hedges"
MOST_FINISHED = 1_000
AT_ONCE = 64


def sweep(state: State) -> tuple[SetRow, ...]:
    """Put away what is too much, and once a minute of the log's clock what is due."""
    gone = _too_many(state)
    minute = state.clock_ns // NS_PER_MINUTE
    if minute != state.swept_minute:
        state.swept_minute = minute
        _forget_takers(state)
        _forget_strays(state)
        state.shelf.expire(_watched_since_ns(state))
        state.takers.expire(_watched_since_ns(state))
        state.own_orders.ended.expire(_watched_since_ns(state))
        gone += _due(state)
    return tuple(SetRow(HEDGES_PAGE, link.hedge_id, None) for link in gone)


def _watched_since_ns(state: State) -> int:
    return state.clock_ns - state.rules.watch_ms * NS_PER_MS


def _too_many(state: State) -> list[Link]:
    """Shelve the oldest finished hedges beyond the limit, some at once; those in use wait again."""
    if len(state.finished) < MOST_FINISHED + AT_ONCE:
        return []
    oldest = list(islice(state.finished, AT_ONCE))
    for hedge_id in oldest:
        state.finished[hedge_id] = state.finished.pop(hedge_id)
    return _shelve(state, [state.links[hedge_id] for hedge_id in oldest])


def _due(state: State) -> list[Link]:
    kept_ns = state.rules.keep_ms * NS_PER_MS
    done = (state.links[hedge_id] for hedge_id in state.finished)
    return _shelve(state, [link for link in done if state.clock_ns - link.done_ns > kept_ns])


def _shelve(state: State, links: list[Link]) -> list[Link]:
    """Shelve those that nothing waits for, and return them."""
    busy = {lot.hedge_id for bucket in state.buckets.values() for lot in bucket.lots}
    gone = [link for link in links if not link.waiting and link.hedge_id not in busy]
    for link in gone:
        shelve(state, link)
    return gone


def _forget_takers(state: State) -> None:
    for bucket in state.buckets.values():
        for taker in tuple(bucket.ended.values()):
            if _is_over(state, taker):
                takers.forget(state, bucket, taker)
            elif _may_be_packed(state, taker):
                put_taker_away(state, bucket, taker)


def _may_be_packed(state: State, taker: Taker) -> bool:
    """Adopted ones are looked at with every need; those never sent are forgotten soon."""
    is_old = taker.ended_ns < state.clock_ns - NS_PER_MINUTE
    return is_old and not taker.is_adopted and _was_sent(taker)


def _was_sent(taker: Taker) -> bool:
    return taker.order.was_sent or evidence.proven(taker.order) > 0


def _is_over(state: State, taker: Taker) -> bool:
    watched_ms = state.rules.watch_ms if _was_sent(taker) else state.rules.keep_ms
    return taker.ended_ns < state.clock_ns - watched_ms * NS_PER_MS


def _forget_strays(state: State) -> None:
    oldest_ns = _watched_since_ns(state)
    for cloid in [name for name, one in state.strays.items() if one.since_ns < oldest_ns]:
        del state.strays[cloid]
