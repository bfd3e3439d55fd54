"""What is put away once nothing more is expected of it, by the log's own clock (pure).

1. A finished hedge leaves its page after keep_ms: if its maker filled whole it is forgotten,
   else it is shelved until watch_ms, because a late fill is still possible and will be hedged.
2. A taker that did not fill whole stays watched for watch_ms; one that its gateway has proven
   never to have been sent for keep_ms only, so that a bucket refused for hours stays small.
3. Nothing that is owed, in flight or waiting is ever put away.
"""

from services.hedger import evidence, takers
from services.hedger.ledger import Taker
from services.hedger.rules import NS_PER_MS
from services.hedger.state import Link, State, drop_shelved, forget_oids, shelve
from tandem.domain.ids import HedgeId
from tandem.runtime.effects import SetRow

NS_PER_MINUTE = 60_000_000_000
HEDGES_PAGE = "hedges"


def sweep(state: State) -> tuple[SetRow, ...]:
    """Once a minute of the log's clock, put away what is due."""
    minute = state.clock_ns // NS_PER_MINUTE
    if minute == state.swept_minute:
        return ()
    state.swept_minute = minute
    _forget_takers(state)
    _forget_shelf(state)
    _forget_strays(state)
    kept_ns = state.rules.keep_ms * NS_PER_MS
    due = [link for link in state.links.values() if _is_due(state, link, kept_ns)]
    busy = _named_in_lots(state)
    gone = [link for link in due if link.hedge_id not in busy]
    for link in gone:
        _put_away(state, link)
    return tuple(SetRow(HEDGES_PAGE, link.hedge_id, None) for link in gone)


def _is_due(state: State, link: Link, kept_ns: int) -> bool:
    return link.done_ns > 0 and not link.waiting and state.clock_ns - link.done_ns > kept_ns


def _named_in_lots(state: State) -> set[HedgeId]:
    return {lot.hedge_id for bucket in state.buckets.values() for lot in bucket.lots}


def _put_away(state: State, link: Link) -> None:
    if not evidence.is_complete(link.order):
        shelve(state, link)
        return
    del state.links[link.hedge_id], state.makers[link.cloid]
    forget_oids(state, link)


def _forget_takers(state: State) -> None:
    for bucket in state.buckets.values():
        for taker in [one for one in bucket.ended.values() if _is_over(state, one)]:
            takers.forget(state, bucket, taker)


def _is_over(state: State, taker: Taker) -> bool:
    was_sent = taker.order.was_sent or evidence.proven(taker.order) > 0
    watched_ms = state.rules.watch_ms if was_sent else state.rules.keep_ms
    return taker.ended_ns < state.clock_ns - watched_ms * NS_PER_MS


def _forget_strays(state: State) -> None:
    oldest_ns = state.clock_ns - state.rules.watch_ms * NS_PER_MS
    for cloid in [name for name, one in state.strays.items() if one.since_ns < oldest_ns]:
        del state.strays[cloid]


def _forget_shelf(state: State) -> None:
    oldest_ns = state.clock_ns - state.rules.watch_ms * NS_PER_MS
    for cloid, (since_ns, _) in list(state.shelf.items()):
        if since_ns >= oldest_ns:
            break
        drop_shelved(state, cloid)
