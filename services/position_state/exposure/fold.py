"""What each fact of the log does to exposure: fills of makers add to it, takers cover it (pure).

1. The rules are the hedger's own (tandem.hedging): the proven quantity of a maker, what it calls
   for on each leg, which fills a taker covers. Who computes is another process.
2. What is not sound is passed over in silence: the hedger, whose it is, tells of it.
3. A taker whose decision was not read is counted by what the venue says of it.
4. A log that begins anew has lost what was naked before, and only the hedgers carry it over: from
   there on what is shown here is marked as partial (`Exposure.partial`). It is the exposure of the
   hedges that the new log has; what takers fill beyond it was for what was carried.
"""

from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

import msgspec

from services.position_state.exposure.makers import agree, on_maker_fact, on_mark_known
from services.position_state.exposure.state import (
    Exposure,
    Hedge,
    Leg,
    OrderFact,
    cloid_by_oid,
    close_unused,
    is_put_away,
    keep_early,
    measure,
    oid_name,
    open_bucket,
    put_away,
    recall_hedge,
)
from services.position_state.exposure.takers import on_decision, on_taker_fact
from tandem.domain import ids
from tandem.domain.errors import InvalidInputError, MalformedMessageError
from tandem.domain.ids import ClientOrderId, Pool
from tandem.domain.units import NS_PER_MINUTE
from tandem.hedging import minute_marks, sanity
from tandem.hedging.evidence import Evidence
from tandem.hedging.exact import EXACT
from tandem.hedging.sizes import is_usable
from tandem.messages import rules as shape
from tandem.messages import subjects
from tandem.messages.hedges import Carried, Decision, HedgeRefused, Rules
from tandem.messages.intents import HedgeOrder
from tandem.messages.reports import FillReport, MarkReport, OrderReport, SpecsReport
from tandem.messages.rules import is_plain
from tandem.runtime.fold.port import LogEvent

FILTERS = (
    subjects.ALL_HEDGE_INTENTS,
    subjects.ALL_HEDGE_FACTS,
    subjects.ALL_RULES,
    subjects.reports_kind("order"),
    subjects.reports_kind("mark"),
)
WATCHED_NS = 172_800_000_000_000


class _Settings(msgspec.Struct):
    """What of the hedger's rules says when a need is too small."""

    hard_cap_bp: Decimal


_settings = msgspec.json.Decoder(_Settings)


def apply(state: Exposure, event: LogEvent) -> None:
    """Change exposure by one logged fact; most facts change nothing."""
    handler = _HANDLERS.get(type(event.fact))
    if handler is None or isinstance(event.fact, MalformedMessageError):
        return
    with localcontext(EXACT):
        if not sanity.fault(event.fact, event.ts_ns):
            handler(state, event, event.fact)
        _sweep(state, event.ts_ns)


def _on_hedge(state: Exposure, event: LogEvent, hedge: HedgeOrder) -> None:
    cloid = ids.maker_cloid(hedge.hedge_id)
    if cloid in state.hedges or is_put_away(state, cloid):
        return
    try:
        shape.check_hedge(hedge)
    except InvalidInputError:
        return
    amount = abs(hedge.maker.amount)
    pool = hedge.pool or Pool(hedge.strategy)
    taken_on = state.hedges[cloid] = Hedge(
        cloid=cloid,
        hedge_id=hedge.hedge_id,
        pool=pool,
        exc=hedge.maker.exc,
        ticker=hedge.maker.ticker,
        sign=1 if hedge.maker.amount > 0 else -1,
        coalesce_ms=hedge.coalesce_ms,
        order=Evidence(quantity=amount, asked=amount),
        legs=[Leg(spec) for spec in hedge.legs],
    )
    agree(state, taken_on)
    for leg in hedge.legs:
        open_bucket(state, (leg.exc, leg.ticker), pool)
    _take_early(state, event)


def _on_refused(state: Exposure, event: LogEvent, refused: HedgeRefused) -> None:
    """Put a refused hedge away; should the venue have its maker, what that fills is naked.

    Its buckets go with it unless something else needs them: names cost those who ask nothing.
    """
    hedge = state.hedges.pop(ids.maker_cloid(refused.hedge_id), None)
    if hedge is not None:
        put_away(state, (hedge.exc, hedge.ticker), hedge, event.ts_ns)
        close_unused(state, hedge)


def _on_decision(state: Exposure, event: LogEvent, decision: Decision) -> None:
    if shape.foreign_taker(decision) is None:
        on_decision(state, event.ts_ns, decision)
        _take_early(state, event)


def _on_order_fact(state: Exposure, event: LogEvent, fact: OrderFact) -> None:
    name = oid_name(fact)
    cloid = fact.client_order_id
    if cloid is None and name:
        cloid = cloid_by_oid(state, name)
    if cloid is None:
        if name and isinstance(fact, FillReport):
            keep_early(state, name, fact)
        return
    _give(state, event, cloid, fact)
    if name and name in state.early:
        for orphan in state.early.pop(name):
            _give(state, event, cloid, orphan)
    if name and _is_live(state, cloid):
        state.oids.setdefault(name, cloid)


def _give(state: Exposure, event: LogEvent, cloid: ClientOrderId, fact: OrderFact) -> None:
    if ids.is_maker_cloid(cloid):
        hedge = recall_hedge(state, cloid)
        if hedge is None or not on_maker_fact(state, event, hedge, fact):
            keep_early(state, cloid, fact)
    elif (taker := ids.taker_name(cloid)) is not None:
        bucket = state.buckets.get(taker.bucket)
        if bucket is None or not on_taker_fact(state, event.ts_ns, bucket, (cloid, fact)):
            keep_early(state, cloid, fact)


def _is_live(state: Exposure, cloid: ClientOrderId) -> bool:
    if cloid in state.hedges:
        return True
    bucket = state.buckets.get(cloid[6:18])
    return bucket is not None and cloid in bucket.takers


def _take_early(state: Exposure, event: LogEvent) -> None:
    """Give what was read too early to the hedges, buckets and tables that are known now."""
    for name in [one for one in state.early if ids.is_reserved(one)]:
        cloid = ClientOrderId(name)
        if cloid in state.hedges or cloid[6:18] in state.buckets:
            for fact in state.early.pop(name):
                _on_order_fact(state, event, _named(fact, cloid))


def _named(fact: OrderFact, cloid: ClientOrderId) -> OrderFact:
    return msgspec.structs.replace(fact, client_order_id=cloid)


def _on_specs(state: Exposure, event: LogEvent, specs: SpecsReport) -> None:
    usable = (one for one in specs.instruments if is_usable(one))
    state.instruments[specs.exc] = {one.ticker: one for one in usable}
    for hedge in state.hedges.values():
        agree(state, hedge)
    for bucket in state.buckets.values():
        measure(state, bucket)
    _take_early(state, event)


def _on_mark(state: Exposure, event: LogEvent, mark: MarkReport) -> None:
    key = (mark.exc, mark.ticker)
    state.references[key] = mark.mid
    minute_marks.note(state.marks.setdefault(key, {}), mark)
    on_mark_known(state, event)


def _on_rules(state: Exposure, _event: LogEvent, rules: Rules) -> None:
    try:
        settings = _settings.decode(rules.settings)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return
    if is_plain(settings.hard_cap_bp) and settings.hard_cap_bp >= 0:
        state.hard_cap_bp = settings.hard_cap_bp


def _on_carried(state: Exposure, _event: LogEvent, carried: Carried) -> None:
    state.partial = (
        f"the log began anew in epoch {carried.epoch}: what was naked before is not known here"
    )


def _sweep(state: Exposure, now_ns: int) -> None:
    """Let go, once a minute of the log's clock, of orders that ended longer ago than it reaches."""
    minute = now_ns // NS_PER_MINUTE
    if minute != state.swept_minute:
        state.swept_minute = minute
        state.ended.expire(now_ns - WATCHED_NS)


# The key of an entry is the type of its handler's fact, so the call is right by construction.
_HANDLERS: dict[type, Callable[[Exposure, LogEvent, Any], None]] = {
    HedgeOrder: _on_hedge,
    HedgeRefused: _on_refused,
    Decision: _on_decision,
    OrderReport: _on_order_fact,
    FillReport: _on_order_fact,
    SpecsReport: _on_specs,
    MarkReport: _on_mark,
    Rules: _on_rules,
    Carried: _on_carried,
}
