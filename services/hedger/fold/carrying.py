"""What is carried over to a log that begins anew, so that hedging goes on where it was (pure).

A store that was deleted has lost what no venue can tell: which makers are hedges, what was owed
below a lot, and which old fills old takers have covered. The venues are asked about the last
minutes only, and what is not known to be covered would be covered twice. But the hedgers live on,
and one that stood at the head knows all of it: it logs its state, once for each epoch, and every
copy reads on from there.

1. Only a young log takes it: one of which no decision was read, and of which the fold still knows
   every fact. These are folded in once more on top of what was carried, and as facts are a join
   (any order and repetition ends the same), nothing that was logged meanwhile is lost.
2. Whoever reads the log from its start does the same at the same place, so copies stay equal.
3. A taker that was in flight has lost its decision. It stays in flight until its account was
   backfilled for the epoch: what the venue did with it is told by then. One of which nothing is
   told has done nothing. (A gateway that is in doubt of it says so anew.)
4. Makers are logged again for whoever sends: they are looked up at the venue, never sent anew.
"""

import base64
from collections.abc import Callable, Iterator

from services.hedger.book import ledger
from services.hedger.book.ledger import Bucket, Taker
from services.hedger.fold import admission, makers
from services.hedger.fold.state import Link, State, Young, dump, load
from services.hedger.fold.step import Turn
from services.hedger.policy.rules import FOLD_VERSION
from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import is_reserved
from tandem.hedging import evidence
from tandem.messages import codec
from tandem.messages.codec import Fact
from tandem.messages.facts import read_fact
from tandem.messages.hedges import Carried, Decision
from tandem.messages.intents import HedgeOrder, NewOrder
from tandem.messages.reports import LinkReport, LinkState, SpecsReport
from tandem.runtime.archive import Archive
from tandem.runtime.fold.port import Append, ArmTimer, LogEvent

MOST_YOUNG = 5_000
MOST_BYTES = 700_000
FEW = 200
# What every account and gateway tells anew is not carried: tables, sessions, facts without a home.
CARRIED = (
    "rules",
    "active",
    "activations",
    "activation",
    "halts",
    "lifted",
    "links",
    "pending",
    "refused",
    "makers",
    "finished",
    "shelf",
    "takers",
    "buckets",
    "hashes",
    "oids",
    "own_orders",
    "strays",
    "references",
    "lent",
    "marks",
)
_NOT_KEPT = (Carried, SpecsReport, MalformedMessageError)
Step = Callable[[State, Turn], None]


def offers(state: State, epoch: int, *, is_anew: bool) -> tuple[Append, ...]:
    """Return what is so now, and what a log that was cut may have lost of it.

    Of a log that begins anew the venues are asked about the last minutes only. So a hedge that has
    filled is carried over, or not known there: taken on anew, it would be hedged a second time.
    """
    hedges = [one for one, is_filled in _hedges(state) if not (is_anew and is_filled)]
    return (
        *(_carried(state, epoch) if is_anew else ()),
        *_rules(state),
        *(Append(one) for one in state.halts.values()),
        *(Append(one) for one in hedges),
    )


def _carried(state: State, epoch: int) -> Iterator[Append]:
    packed = pack(state)
    if packed:
        yield Append(Carried(epoch=epoch, version=FOLD_VERSION, state=packed))


def _rules(state: State) -> Iterator[Append]:
    if state.activation is not None:
        yield Append(state.activation)


def _hedges(state: State) -> Iterator[tuple[HedgeOrder, bool]]:
    """Return the hedges that are not over, as they were asked for, and whether they have filled."""
    for link in state.links.values():
        if link.hedge is not None and not link.done_ns:
            yield link.hedge, bool(evidence.proven(link.order))
    for pending in state.pending.values():
        yield pending.hedge, False


def pack(state: State) -> str:
    """Return what is to be carried as text, with less of what is over where all is too much."""
    carried = State(clock_ns=state.clock_ns)
    for name in CARRIED:
        setattr(carried, name, getattr(state, name))
    for few in (FEW * 50, FEW * 5, 0):
        carried.shelf, carried.takers = _newest(state.shelf, few), _newest(state.takers, few)
        text = base64.b64encode(dump(carried)).decode()
        if len(text) <= MOST_BYTES:
            return text
    return ""


def _newest(archive: Archive, few: int) -> Archive:
    newest = Archive(
        dict(archive.fresh),
        dict(archive.others),
        dict(archive.blocks),
        list(archive.runs),
        archive.made,
    )
    newest.keep_newest(few)
    return newest


def note(state: State, turn: Turn) -> None:
    """Keep a fact of a young log; a decision ends its youth."""
    event = turn.event
    if state.young is None:
        return
    if _is_decided_here(event) or len(state.young) >= MOST_YOUNG:
        state.young = None
    elif not (isinstance(event.fact, _NOT_KEPT) or _is_of_a_hedge(event.fact)):
        payload = codec.encode(event.fact)
        state.young.append(Young(event.seq, event.ts_ns, event.epoch, event.subject, payload))


def _is_of_a_hedge(fact: Fact) -> bool:
    """Tell whether an order is one that follows from a hedge order, which is kept itself."""
    return isinstance(fact, NewOrder) and is_reserved(fact.client_order_id)


def _is_decided_here(event: LogEvent) -> bool:
    """Tell whether a fact is a decision of this log; one still on its way at the cut is not."""
    fact = event.fact
    return isinstance(fact, Decision) and fact.epoch >= event.epoch and fact.as_of < event.seq


def take(state: State, turn: Turn, fact: Carried, step: Step) -> None:
    """Go on from what was carried; `step` folds the facts in that were read before it."""
    former = _unpacked(fact)
    young, state.young = state.young, None
    if young is None or former is None:
        return
    asked, told = set(state.makers), {one.hedge_id: one for one in state.links.values()}
    for name in CARRIED:
        setattr(state, name, getattr(former, name))
    state.accounts, state.orphans = {}, {}
    for bucket in state.buckets.values():
        _carry_bucket(turn, bucket)
    for one in young:
        _again(state, turn, one, step)
    for link in state.links.values():
        if link.delta_id is None and link.hedge_id in told:
            link.delta_id = told[link.hedge_id].delta_id
        _carry_link(state, turn, link, is_asked=link.cloid in asked)
    for pending in state.pending.values():
        admission.wait_later(turn, pending)
        turn.touch_link(pending.hedge.hedge_id)
    turn.recovered = True


def _unpacked(fact: Carried) -> State | None:
    """Return a state of this version of the fold; None where it is another's, or none at all."""
    if fact.version != FOLD_VERSION:
        return None
    try:
        return load(base64.b64decode(fact.state, validate=True))
    except Exception:  # noqa: BLE001 - whatever it is, it is no state, and stops no fold
        return None


def _again(state: State, turn: Turn, one: Young, step: Step) -> None:
    """Fold a fact in once more; what is shown of it is shown by the turn that carries."""
    fact = read_fact(one.subject, one.payload)
    again = Turn(LogEvent(one.seq, one.ts_ns, one.subject, fact, one.epoch))
    step(state, again)
    turn.effects += [one for one in again.effects if isinstance(one, Append | ArmTimer)]
    turn.links |= again.links
    turn.buckets |= again.buckets


def _carry_bucket(turn: Turn, bucket: Bucket) -> None:
    bucket.armed_ns = bucket.flush_ns = 0
    for taker in bucket.flying.values():
        taker.is_carried, taker.order.in_doubt = True, False
    turn.touch_bucket(bucket)


def _carry_link(state: State, turn: Turn, link: Link, *, is_asked: bool) -> None:
    turn.touch_all(link)
    if evidence.is_ended(link.order):
        return
    if not is_asked:
        admission.quote_again(turn, link)
    if link.terminal_ns:
        if not link.is_settled:
            makers.settle_later(state, turn, link)
    elif link.stops:
        admission.stop_later(turn, link)


def on_session(state: State, turn: Turn, report: LinkReport) -> None:
    """An account was backfilled: a carried taker of which nothing is told has done nothing."""
    if report.state is not LinkState.RESYNCED or report.epoch < turn.event.epoch:
        return
    for bucket in state.buckets.values():
        if bucket.exc == report.exc:
            for taker in [one for one in bucket.flying.values() if _is_untold(one)]:
                evidence.end(taker.order)
                ledger.land(bucket, taker, turn.now_ns)
                turn.touch_bucket(bucket)


def _is_untold(taker: Taker) -> bool:
    is_silent = not taker.order.in_doubt and not evidence.proven(taker.order)
    return taker.is_carried and is_silent
