"""Which fact of the log concerns whom: the hedger's fold, from one logged fact to what follows.

    hedge intents, stops     fold/admission.py    which makers are quoted
    order reports, fills     makers.py    what is owed          takers.py   what is covered
    decisions                takers.py    what is in flight
    what has no home         fold/adoption.py  whose decision or hedge the log has lost
    sessions                 fold/suspension.py  where hedges cannot be had
    a log that begins anew   fold/carrying.py  what was known before it
    trades of somebody else  fold/external.py   which makers go because of them
    everything else          control.py   rules, tables, prices, timers

1. State changes only here, on a message read from the log (I5 of ledger.py).
2. No message stops the fold: malformed or poisonous ones end in one refusal or one alarm.
"""

from collections.abc import Callable
from decimal import localcontext
from typing import Any

from services.hedger.book import ledger, own_orders, slots
from services.hedger.book.ledger import Bucket, Taker
from services.hedger.fold import (
    admission,
    adoption,
    carrying,
    control,
    decisions,
    expiry,
    external,
    makers,
    suspension,
    takers,
    views,
)
from services.hedger.fold.state import (
    Link,
    State,
    bucket_of_taker,
    cloid_of,
    dump,
    keep_orphan,
    link_of_maker,
    load,
    recall_taker,
)
from services.hedger.fold.step import Turn
from services.hedger.policy.rules import DEFAULT_RULES, FOLD_VERSION, HedgeRules, to_fact
from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import ClientOrderId, Exc
from tandem.hedging import sanity
from tandem.hedging.exact import EXACT
from tandem.messages import codec, subjects
from tandem.messages.hedges import Carried, Decision, Rules, TimerFired
from tandem.messages.intents import Halt, HedgeOrder, NewOrder, Resume, StopHedge
from tandem.messages.queries import HedgesPage, PageRequest, QueryFailed
from tandem.messages.reports import (
    FillReport,
    LinkReport,
    MarkReport,
    OrderCleared,
    OrderReport,
    SpecsReport,
)
from tandem.runtime.fold.port import Append, Effect, Head, LogEvent, Proposal, SetRow

_HEDGE_INTENT = subjects.ALL_HEDGE_INTENTS.removesuffix("*.*")


class HedgerFold:
    """The fold of every hedge order of the log; `own` are the rules that this copy implements."""

    name = "hedger"
    version = FOLD_VERSION
    offers_intents = True
    filters = (
        subjects.ALL_HEDGE_INTENTS,
        subjects.ALL_NEW_ORDERS,
        subjects.ALL_HEDGE_FACTS,
        subjects.ALL_CONTROL,
        subjects.reports_kind("order"),
        subjects.reports_kind("fill"),
        subjects.reports_kind("mark"),
        subjects.reports_kind("specs"),
        subjects.reports_kind("link"),
        subjects.reports_kind("cleared"),
    )
    answers = (subjects.HEDGES_PAGE,)

    def __init__(self, own: HedgeRules = DEFAULT_RULES) -> None:
        self._own = to_fact(own)

    @property
    def rules(self) -> str:
        """Return the hash of the rules that this copy implements; no state depends on them."""
        return self._own.rules

    def initial(self) -> State:
        return State(young=[])

    def offers(self, state: State, epoch: int, *, is_anew: bool) -> tuple[Append, ...]:
        """Return what is so now, for a log that was cut, or that begins anew."""
        with localcontext(EXACT):
            return carrying.offers(state, epoch, is_anew=is_anew)

    def apply(self, state: State, event: LogEvent) -> tuple[Effect, ...]:
        with localcontext(EXACT):
            state.clock_ns = max(state.clock_ns, event.ts_ns)
            turn = Turn(event)
            if type(event.fact) in _HANDLERS:
                carrying.note(state, turn)
            _fold_in(state, turn)
            views.publish(state, turn)
            return (*turn.effects, *expiry.sweep(state))

    def propose(self, state: State, head: Head) -> tuple[Proposal, ...]:
        with localcontext(EXACT):
            return decisions.propose(state, head, self._own)

    def dump(self, state: State) -> bytes:
        return dump(state)

    def load(self, snapshot: bytes) -> State:
        return load(snapshot)

    def rows(self, state: State) -> tuple[SetRow, ...]:
        """Return every row of the pages, for when Redis comes back empty."""
        with localcontext(EXACT):
            return views.rows(state)

    def answer(self, state: State, head: Head, subject: str, query: codec.Query) -> codec.Answer:
        if subject != subjects.HEDGES_PAGE or not isinstance(query, PageRequest):
            return QueryFailed(text=f"the hedger does not answer {subject}", retryable=False)
        with localcontext(EXACT):
            hedges = [views.link_view(state, link) for link in state.links.values()]
            waits = [views.pending_view(one, state.clock_ns) for one in state.pending.values()]
            buckets = [views.bucket_view(state, one) for one in state.buckets.values()]
        return HedgesPage(
            epoch=head.epoch, seq=head.seq, hedges=(*hedges, *waits), buckets=tuple(buckets)
        )


def _go_through(state: State, turn: Turn, step: Callable[[State, Turn], None]) -> None:
    """Take one step; what waited for a home that there is now follows, then each touched bucket."""
    homes = (len(state.buckets), len(state.makers))
    step(state, turn)
    if state.strays and homes != (len(state.buckets), len(state.makers)):
        _take_strays(state, turn)
    _look(state, turn)


def _look(state: State, turn: Turn) -> None:
    for key in turn.buckets:
        decisions.look(state, turn, state.buckets[key])


def _dispatch(state: State, turn: Turn) -> None:
    fact = turn.event.fact
    if isinstance(fact, MalformedMessageError):
        _on_malformed(state, turn, fact)
        return
    handler = _HANDLERS.get(type(fact))
    if handler is None:
        return
    wrong = sanity.fault(fact, turn.now_ns)
    if wrong:
        turn.pass_over(state, wrong)
        _take_slot(state, turn)
        return
    handler(state, turn, fact)


def _on_malformed(state: State, turn: Turn, error: MalformedMessageError) -> None:
    if turn.event.subject.startswith(_HEDGE_INTENT):
        admission.refuse_malformed(turn, error)
    elif turn.event.subject.startswith(("oms.hedge.", "oms.control.")):
        turn.pass_over(state, str(error))
        _take_slot(state, turn)


def _take_slot(state: State, turn: Turn) -> None:
    """Go round a slot that holds something else, lest a bucket wait for its decision for ever."""
    takers.take_slot(state, turn)
    activation = subjects.rules_slot(turn.event.subject)
    if activation is not None:
        slots.take_rules(state.taken, activation)


def _on_order_report(state: State, turn: Turn, report: OrderReport) -> None:
    own_orders.tell(state.own_orders, report, turn.now_ns)
    cloid = _owner(state, report)
    if cloid is None:
        return
    if external.is_foreign_order(state, report):
        external.on_order(state, turn, report)
        return
    _give(state, turn, cloid, report)
    _take_orphans(state, turn, cloid, report)


def _on_fill(state: State, turn: Turn, fill: FillReport) -> None:
    cloid = _owner(state, fill)
    is_at_home = cloid is not None and _home(state, fill.exc, cloid) is not None
    is_foreign = not is_at_home and external.is_foreign_fill(state, fill)
    if is_foreign:
        external.on_fill(state, turn, fill)
    if cloid is None and not fill.is_system:
        keep_orphan(state, (fill.exc, fill.ticker, fill.venue_order_id), fill)
    elif cloid is not None and not is_foreign:
        _give(state, turn, cloid, fill)
        _take_orphans(state, turn, cloid, fill)


def _owner(state: State, fact: OrderReport | FillReport) -> ClientOrderId | None:
    """Return whose fact it is: by its client id, else by a venue number known to be ours."""
    if fact.client_order_id is not None:
        return fact.client_order_id
    if fact.venue_order_id is None:
        return None
    return cloid_of(state, (fact.exc, fact.ticker, fact.venue_order_id))


def _take_orphans(
    state: State, turn: Turn, cloid: ClientOrderId, fact: OrderReport | FillReport
) -> None:
    """Remember both numbers of an order of ours, and give it the fills that came before them."""
    if fact.venue_order_id is None:
        return
    key = (fact.exc, fact.ticker, fact.venue_order_id)
    orphans = state.orphans.pop(key, ())
    for fill in orphans:
        _give(state, turn, cloid, fill)
    if key not in state.oids and _is_watched(state, cloid):
        state.oids[key] = cloid


def _take_strays(state: State, turn: Turn) -> None:
    """Give what was read too early to the buckets and links that are known now."""
    for cloid in adoption.found(state):
        for fact in adoption.claim(state, cloid):
            _give(state, turn, cloid, fact)
            _take_orphans(state, turn, cloid, fact)


def _is_watched(state: State, cloid: ClientOrderId) -> bool:
    if cloid in state.makers:
        return True
    bucket = bucket_of_taker(state, cloid)
    return bucket is not None and ledger.find(bucket, cloid) is not None


def _give(state: State, turn: Turn, cloid: ClientOrderId, fact: OrderReport | FillReport) -> None:
    home = _home(state, fact.exc, cloid) or adoption.home(state, turn, cloid, fact)
    if isinstance(home, Link):
        if isinstance(fact, FillReport):
            makers.on_fill(state, turn, home, fact)
        else:
            makers.on_report(state, turn, home, fact)
    elif home is not None:
        if isinstance(fact, FillReport):
            takers.on_fill(state, turn, home, fact)
        else:
            takers.on_report(state, turn, home, fact)


def _home(state: State, exc: Exc, cloid: ClientOrderId) -> tuple[Bucket, Taker] | Link | None:
    """Return the taker in its bucket, or the link of the maker, that a client id names."""
    bucket = bucket_of_taker(state, cloid)
    if bucket is not None:
        taker = ledger.find(bucket, cloid) or recall_taker(state, bucket, cloid)
        if taker is not None:
            return (bucket, taker) if bucket.exc == exc else None
    link = link_of_maker(state, cloid)
    return link if link is not None and link.maker.exc == exc else None


def _on_new_order(state: State, _turn: Turn, order: NewOrder) -> None:
    own_orders.ask(state.own_orders, order)


def _on_carried(state: State, turn: Turn, carried: Carried) -> None:
    carrying.take(state, turn, carried, _fold_in)


def _fold_in(state: State, turn: Turn) -> None:
    _go_through(state, turn, _dispatch)
    if turn.recovered:
        _go_through(state, turn, admission.reconsider)


def _on_session(state: State, turn: Turn, report: LinkReport) -> None:
    carrying.on_session(state, turn, report)
    suspension.on_session(state, turn, report)


# The key of an entry is the type of its handler's fact, so the call is right by construction.
_HANDLERS: dict[type, Callable[[State, Turn, Any], None]] = {
    HedgeOrder: admission.on_hedge_order,
    NewOrder: _on_new_order,
    StopHedge: admission.on_stop,
    OrderReport: _on_order_report,
    FillReport: _on_fill,
    Decision: takers.on_decision,
    Rules: control.on_rules,
    SpecsReport: control.on_specs,
    MarkReport: control.on_mark,
    LinkReport: _on_session,
    OrderCleared: makers.on_cleared,
    Carried: _on_carried,
    Halt: control.on_halt,
    Resume: control.on_resume,
    TimerFired: control.on_timer,
}
