"""Which hedge intents are taken on, which are refused and why, and what a stop asks for (pure).

1. A hedge intent ends in exactly one of: its maker order logged, or one refusal naming field and
   rule. Malformed bytes under a hedge intent's subject are refused the same way.
2. Without the venue's instrument table nothing can be judged, and where hedges cannot be had now
   no maker is quoted: the intent waits, visibly, until the obstacle is gone or its validity has
   passed, then it is refused.
3. A hedge whose maker the venue turns out to have is taken on whatever stands against it, also
   after it was refused: a log that was cut has lost that it was, and its fills are owed.
4. The maker's client id, a stop's cancels and their contents are functions of the logged facts,
   so every copy asks for the same thing and the log keeps it once.
"""

from decimal import Context, localcontext

from services.hedger.fold import prices, timers
from services.hedger.fold.state import (
    Leg,
    Link,
    Obstacle,
    Pending,
    State,
    instrument,
    is_shelved,
    keep_refused,
    open_bucket,
)
from services.hedger.fold.step import Refusal, Turn
from services.hedger.policy import sizing
from tandem.domain import ids
from tandem.domain.errors import InvalidInputError, MalformedMessageError, UnknownInstrumentError
from tandem.domain.ids import ClientOrderId, Exc, HedgeId, Pool, Strategy, Ticker, Token
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderType
from tandem.domain.order_rules import Draft, broken_rule
from tandem.domain.units import NS_PER_MS
from tandem.hedging import conversion
from tandem.hedging.evidence import Evidence, status
from tandem.messages import rules as shape
from tandem.messages import subjects
from tandem.messages.hedges import HedgeRefused
from tandem.messages.intents import CancelOrder, HedgeOrder, MakerSpec, NewOrder, StopHedge
from tandem.messages.pairing import Priced, check_pairs
from tandem.runtime.fold.port import Append

QUICK_STOPS = 10
STOP_AGAIN_MS = 3_000
STOP_LATER_MS = 30_000
MOST_WAITING = 500
_NEAR = 3
_LOOSE = Context(prec=80)


def on_hedge_order(state: State, turn: Turn, hedge: HedgeOrder) -> None:
    known = _known(state, hedge.hedge_id)
    if known is not None:
        if known.strategy != hedge.strategy:
            # A refusal goes by the hedge's id: it would tell the owner that theirs is refused.
            turn.pass_over(state, f"hedge_id={hedge.hedge_id}: the hedge is another strategy's")
        return
    if is_shelved(state, ids.maker_cloid(hedge.hedge_id)):
        return  # it is over: taken on anew, what it filled would be hedged a second time
    try:
        shape.check_hedge(hedge)
    except InvalidInputError as error:
        _refuse(turn, hedge, error)
        return
    until_ns = turn.now_ns + hedge.valid_for_ms * NS_PER_MS
    consider(state, turn, hedge, until_ns)


def _known(state: State, hedge_id: HedgeId) -> HedgeOrder | Link | None:
    waits = state.pending.get(hedge_id)
    return waits.hedge if waits is not None else state.links.get(hedge_id)


def refuse_subject(turn: Turn, field: str, rule: str) -> None:
    """Refuse what stands under a hedge intent's subject without being one."""
    hedge_id = HedgeId(subjects.untoken(turn.event.subject.rpartition(".")[2]))
    _append_refusal(turn, HedgeRefused(hedge_id=hedge_id, field_name=field, rule=rule))


def refuse_malformed(turn: Turn, error: MalformedMessageError) -> None:
    refuse_subject(turn, error.field, error.rule)


def consider(state: State, turn: Turn, hedge: HedgeOrder, until_ns: int) -> None:
    """Accept, refuse, or wait."""
    if _is_at_work(state, hedge):
        resume(state, turn, hedge, until_ns)
        return
    obstacle = _unlisted(state, hedge) or _unhedgeable(state, hedge)
    if obstacle is not None:
        if _may_wait(state, hedge):
            _wait(state, turn, hedge, (until_ns, obstacle))
        else:
            rule = f"at most {MOST_WAITING} of {hedge.strategy} waiting; here for {obstacle.text}"
            error = InvalidInputError(obstacle.field, obstacle.value, rule)
            _turn_away(state, turn, hedge, error)
        return
    try:
        with localcontext(_LOOSE):
            _check_listed(state, hedge)
    except InvalidInputError as error:
        _turn_away(state, turn, hedge, error)
        return
    _accept(state, turn, hedge, until_ns)


def _may_wait(state: State, hedge: HedgeOrder) -> bool:
    """Tell whether one more hedge of a strategy may wait: each is looked at when one goes on."""
    if hedge.hedge_id in state.pending:
        return True
    own = (one for one in state.pending.values() if one.hedge.strategy == hedge.strategy)
    return sum(1 for _ in own) < MOST_WAITING


def resume(state: State, turn: Turn, hedge: HedgeOrder, until_ns: int) -> Link | None:
    """Take on a hedge whose maker is at the venue already, whatever stands against quoting it.

    A log that was cut got it anew and has lost that it was taken on: what its maker fills is
    hedged. Where it would not be quoted now, the maker is cancelled.
    """
    obstacle = _unlisted(state, hedge) or _unknown(state, hedge)
    if obstacle is not None:
        _wait(state, turn, hedge, (until_ns, obstacle))
        return None
    waits = state.pending.get(hedge.hedge_id)
    was_refused = state.refused.pop(ids.maker_cloid(hedge.hedge_id), None) is not None
    barred = _unhedgeable(state, hedge) or _closed(state, hedge)
    link = _accept(state, turn, hedge, until_ns)
    if was_refused or (waits is not None and waits.is_over):
        suspend(turn, link, "its maker was at the venue when it was refused")
    elif barred is not None:
        suspend(turn, link, f"waiting for {barred.text}")
    return link


def regain(state: State, turn: Turn, exc: Exc, cloid: ClientOrderId) -> Link | None:
    """Return the hedge whose maker the venue is found to have; None: none is known, or can be yet.

    One that waits is taken on at once, and one that was refused all the same.
    """
    waiting = {ids.maker_cloid(one): waits for one, waits in state.pending.items()}
    if cloid in waiting:
        hedge, until_ns = waiting[cloid].hedge, waiting[cloid].until_ns
    elif cloid in state.refused:
        hedge, until_ns = state.refused[cloid], turn.now_ns
    else:
        return None
    return resume(state, turn, hedge, until_ns) if hedge.maker.exc == exc else None


def _is_at_work(state: State, hedge: HedgeOrder) -> bool:
    """Tell whether the venue has told of a hedge's maker."""
    return ids.maker_cloid(hedge.hedge_id) in state.strays


def _unknown(state: State, hedge: HedgeOrder) -> Obstacle | None:
    """Return which instrument its venue's table lacks."""
    legs = ((f"legs[{n}].ticker", leg.exc, leg.ticker) for n, leg in enumerate(hedge.legs))
    for name, exc, ticker in (("maker.ticker", hedge.maker.exc, hedge.maker.ticker), *legs):
        if instrument(state, exc, ticker) is None:
            return Obstacle(name, ticker, f"{exc} to list {ticker}")
    return None


def _unlisted(state: State, hedge: HedgeOrder) -> Obstacle | None:
    """Return whose instrument table is missing."""
    legs = (("legs.exc", leg.exc) for leg in hedge.legs)
    for name, exc in (("maker.exc", hedge.maker.exc), *legs):
        if exc not in state.instruments:
            return Obstacle(name, exc, f"the instrument table of {exc}")
    return None


def _unhedgeable(state: State, hedge: HedgeOrder) -> Obstacle | None:
    """Return which leg cannot be hedged now."""
    for index, leg in enumerate(hedge.legs):
        account = state.accounts.get(leg.exc)
        bucket = state.buckets.get((leg.exc, leg.ticker, hedge.pool or Pool(hedge.strategy)))
        if account is not None and account.bar:
            return Obstacle(f"legs[{index}].exc", leg.exc, f"{leg.exc} to be well: {account.bar}")
        if bucket is not None and bucket.suspended:
            why = f"what is owed on {leg.exc} to be hedged: {bucket.suspended}"
            return Obstacle(f"legs[{index}].ticker", leg.ticker, why)
    return None


def _closed(state: State, hedge: HedgeOrder) -> Obstacle | None:
    """Return which leg does not trade at its venue."""
    for index, leg in enumerate(hedge.legs):
        why = sizing.closed(state.instruments.get(leg.exc, {}).get(leg.ticker))
        if why:
            text = f"{leg.exc} {leg.ticker} to trade: {why}"
            return Obstacle(f"legs[{index}].ticker", leg.ticker, text)
    return None


def _wait(state: State, turn: Turn, hedge: HedgeOrder, waits: tuple[int, Obstacle]) -> None:
    until_ns, obstacle = waits
    if hedge.hedge_id not in state.pending:
        key = timers.TimerKey(timers.Wakes.SPECS, turn.place, hedge.hedge_id)
        turn.effects.append(timers.arm(key, until_ns))
        state.pending[hedge.hedge_id] = Pending(hedge, until_ns, obstacle)
    state.pending[hedge.hedge_id].obstacle = obstacle
    turn.touch_link(hedge.hedge_id)


def reconsider(state: State, turn: Turn) -> None:
    """Consider again what waits: an obstacle went away."""
    for pending in tuple(state.pending.values()):
        consider(state, turn, pending.hedge, pending.until_ns)


def on_wait_over(state: State, turn: Turn, hedge_id: HedgeId) -> None:
    pending = state.pending.get(hedge_id)
    if pending is None or turn.now_ns < pending.until_ns:
        return
    if _is_at_work(state, pending.hedge):
        pending.is_over = True
        return
    obstacle = pending.obstacle
    rule = f"waited {pending.hedge.valid_for_ms} ms for {obstacle.text}"
    error = InvalidInputError(obstacle.field, obstacle.value, rule)
    _turn_away(state, turn, pending.hedge, error)


def _check_listed(state: State, hedge: HedgeOrder) -> None:
    maker = _listed(state, "maker.ticker", hedge.maker.exc, hedge.maker.ticker)
    _check_maker(maker, hedge.maker)
    legs = [
        _listed(state, f"legs[{index}].ticker", leg.exc, leg.ticker)
        for index, leg in enumerate(hedge.legs)
    ]
    if not state.follows:
        check_pairs(hedge, _priced(state, maker), [_priced(state, leg) for leg in legs])


def _priced(state: State, listed: Instrument) -> Priced:
    """Return an instrument at its last logged price; what a maker asks for is none."""
    return Priced(listed, state.references.get((listed.exc, listed.ticker)))


def _listed(state: State, field: str, exc: Exc, ticker: Ticker) -> Instrument:
    known = instrument(state, exc, ticker)
    if known is None:
        nearest = _nearest(ticker, state.instruments.get(exc, {}))
        error = UnknownInstrumentError(exc, ticker, nearest)
        raise InvalidInputError(field, ticker, str(error).partition(": ")[2])
    if why := sizing.closed(known):
        raise InvalidInputError(field, ticker, f"not tradable on {exc} now: {why}")
    return known


def _nearest(ticker: Ticker, table: dict[Ticker, Instrument]) -> tuple[str, ...]:
    """Return listed names that share the most leading characters."""
    return tuple(sorted(table, key=lambda name: (-_shared(ticker, name), name))[:_NEAR])


def _shared(one: str, other: str) -> int:
    pairs = zip(one.upper(), other.upper(), strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _check_maker(listed: Instrument, maker: MakerSpec) -> None:
    draft = Draft(
        maker.amount, maker.price, valued_at=maker.price, skips_min_notional=maker.reduce_only
    )
    broken = broken_rule(listed, draft)
    if broken is not None:
        raise InvalidInputError(f"maker.{broken.field}", broken.value, broken.rule)


def _accept(state: State, turn: Turn, hedge: HedgeOrder, until_ns: int) -> Link:
    waited = state.pending.pop(hedge.hedge_id, None)
    link = _link(state, hedge, turn.now_ns)
    link.delta_id = waited.delta_id if waited is not None else None
    state.links[link.hedge_id] = link
    state.makers[link.cloid] = link.hedge_id
    if link.maker.price is not None:
        prices.lend_reference(state, link, link.maker.price)
    order = _maker_order(link, turn.now_ns, max(1, (until_ns - turn.now_ns) // NS_PER_MS))
    turn.effects.append(Append(order))
    turn.touch_all(link)
    return link


def _link(state: State, hedge: HedgeOrder, now_ns: int) -> Link:
    link = Link(
        hedge_id=hedge.hedge_id,
        strategy=hedge.strategy,
        pool=hedge.pool or Pool(hedge.strategy),
        maker=hedge.maker,
        cloid=ids.maker_cloid(hedge.hedge_id),
        order=Evidence(quantity=abs(hedge.maker.amount), asked=abs(hedge.maker.amount)),
        legs=[],
        coalesce_ms=hedge.coalesce_ms,
        changed_ns=now_ns,
        hedge=hedge,
    )
    maker = state.instruments[hedge.maker.exc][hedge.maker.ticker]
    for leg in hedge.legs:
        listed = state.instruments[leg.exc][leg.ticker]
        key = (leg.exc, leg.ticker, link.pool)
        bucket = open_bucket(state, key, conversion.bucket_unit(listed))
        terms = conversion.terms(leg, maker, listed, bucket.unit)
        link.legs.append(Leg(leg.exc, leg.ticker, terms))
    return link


def _maker_order(link: Link, now_ns: int, valid_for_ms: int) -> NewOrder:
    maker = link.maker
    return NewOrder(
        exc=maker.exc,
        ticker=maker.ticker,
        client_order_id=link.cloid,
        amount=maker.amount,
        order_type=OrderType.LIMIT,
        strategy=link.strategy,
        price=maker.price,
        price_match=maker.price_match,
        time_in_force=maker.time_in_force,
        post_only=maker.post_only,
        reduce_only=maker.reduce_only,
        valid_for_ms=valid_for_ms,
        hedge_id=link.hedge_id,
        disconnect_after_ms=link.hedge.disconnect_after_ms if link.hedge is not None else None,
        ts_sent_ns=now_ns,
    )


def _refuse(
    turn: Turn, hedge: HedgeOrder, error: InvalidInputError, waited: Pending | None = None
) -> None:
    rule = f"{error.value}: {error.rule}"
    _append_refusal(turn, HedgeRefused(hedge_id=hedge.hedge_id, field_name=error.field, rule=rule))
    delta_id = waited.delta_id if waited is not None else None
    turn.refusals.append(Refusal(hedge, f"{error.field}={rule}", delta_id))


def _turn_away(state: State, turn: Turn, hedge: HedgeOrder, error: InvalidInputError) -> None:
    """Refuse a hedge that is well formed."""
    keep_refused(state, hedge)
    _refuse(turn, hedge, error, state.pending.pop(hedge.hedge_id, None))


def _append_refusal(turn: Turn, refusal: HedgeRefused) -> None:
    turn.effects.append(Append(refusal))


def on_stop(state: State, turn: Turn, stop: StopHedge) -> None:
    """Cancel the maker; what it has filled, and still fills, is hedged as always."""
    pending, link = state.pending.get(stop.hedge_id), state.links.get(stop.hedge_id)
    known = _known(state, stop.hedge_id)
    if known is not None and known.strategy != stop.strategy:
        turn.pass_over(state, f"strategy={stop.strategy}: the hedge is another strategy's")
        return
    if pending is not None and _is_at_work(state, pending.hedge):
        pending.is_over = True
    elif pending is not None:
        error = InvalidInputError("hedge_id", stop.hedge_id, "stopped before it was taken on")
        _turn_away(state, turn, pending.hedge, error)
    if link is None or link.stops or status(link.order).is_terminal:
        return
    link.stop_token = stop.token
    _cancel(turn, link, stop.strategy)


def suspend(turn: Turn, link: Link, why: str) -> None:
    """Cancel the maker of a hedge that cannot be hedged now, unless its end is asked for."""
    if link.stops or status(link.order).is_terminal:
        return
    link.suspended = why
    link.stop_token = f"suspend-{turn.place}"
    _cancel(turn, link, link.strategy)


def quote_again(turn: Turn, link: Link) -> None:
    """Log the maker of a hedge again, which the log has lost: it is looked up, never sent anew."""
    order = _maker_order(link, turn.now_ns, valid_for_ms=1)
    turn.effects.append(Append(order))


def stop_later(turn: Turn, link: Link) -> None:
    """Arm the timer anew by which an unanswered cancel is asked for again."""
    key = timers.TimerKey(timers.Wakes.STOP, turn.place, link.hedge_id)
    turn.effects.append(timers.arm(key, turn.now_ns + STOP_AGAIN_MS * NS_PER_MS))


def wait_later(turn: Turn, pending: Pending) -> None:
    """Arm the timer anew by which a hedge that waits is refused."""
    key = timers.TimerKey(timers.Wakes.SPECS, turn.place, pending.hedge.hedge_id)
    turn.effects.append(timers.arm(key, pending.until_ns))


def on_stop_again(state: State, turn: Turn, hedge_id: HedgeId) -> None:
    """Ask again for the cancel of a maker that has not ended: the first one may have expired.

    Never for the last time, for its venue may be away for hours; but by and by more seldom.
    """
    link = state.links.get(hedge_id)
    if link is None or status(link.order).is_terminal:
        return
    if _is_news(link.stops):
        turn.alarm(
            f"hedge {hedge_id}: its maker {link.cloid} does not end after {link.stops} cancels"
        )
    _cancel(turn, link, link.strategy)


def _is_news(stops: int) -> bool:
    """Tell whether so many cancels in vain are worth an alarm: 10, 20, 40, 80 and so on.

    Of a log that was lost a thousand makers may wait at once for their ends to be looked up.
    """
    times, rest = divmod(stops, QUICK_STOPS)
    return times > 0 and not rest and not times & (times - 1)


def _cancel(turn: Turn, link: Link, strategy: Strategy) -> None:
    link.stops += 1
    cancel = CancelOrder(
        exc=link.maker.exc,
        token=Token(f"{link.stop_token}-{link.stops}"),
        strategy=strategy,
        ticker=link.maker.ticker,
        client_order_id=link.cloid,
        ts_sent_ns=turn.now_ns,
    )
    key = timers.TimerKey(timers.Wakes.STOP, turn.place, link.hedge_id)
    turn.effects.append(Append(cancel))
    again_ms = STOP_AGAIN_MS if link.stops < QUICK_STOPS else STOP_LATER_MS
    turn.effects.append(timers.arm(key, turn.now_ns + again_ms * NS_PER_MS))
    turn.touch_link(link.hedge_id)
