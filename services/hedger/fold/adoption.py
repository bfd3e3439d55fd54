"""Orders that carry our tag and that nothing in the ledger stands for (pure).

A log that was cut can have lost the decision of a taker, or the hedge intent of a maker, whose
order the venue has. A taker's client id tells its bucket, so it is adopted there: its quantity
and direction are the venue's own, and it is in flight until the venue has proven its end. A
maker's client id tells nothing: what is said of it waits for its hedge intent, unless that is
there and was turned away (fold/admission.py).

1. A taker whose decision was read is never adopted: if the ledger does not have it, it was sealed.
2. Facts come in any order: what cannot be placed yet is kept as a stray until its bucket, its
   direction or its hedge is known. Dropping the oldest of too many raises an alarm.
3. The ordinal of an adopted taker is used: no decision takes it again.
4. While a maker of ours has fills that belong to no hedge known here, an adopted taker may be what
   has covered it. Then its fills lower a need, and never make one.
"""

from decimal import Decimal

from services.hedger.book import ledger
from services.hedger.book.ledger import Bucket, Taker
from services.hedger.fold import admission, takers
from services.hedger.fold.state import Link, State, Stray, bucket_of_taker
from services.hedger.fold.step import SERVICE, Turn
from tandem.domain import ids
from tandem.domain.ids import ClientOrderId, TakerName
from tandem.domain.units import ZERO
from tandem.hedging import evidence, ordinals
from tandem.hedging.evidence import Evidence
from tandem.messages.hedges import Alarm
from tandem.messages.reports import FillReport, OrderReport
from tandem.runtime.fold.port import Append

MAX_STRAYS = 4_096

Home = tuple[Bucket, Taker]


def home(
    state: State, turn: Turn, cloid: ClientOrderId, fact: OrderReport | FillReport
) -> Home | Link | None:
    """Return the adopted taker, or the regained hedge, that a fact is about.

    None: it is not ours, or has to wait.
    """
    name = ids.taker_name(cloid)
    if name is None:
        return _maker_home(state, turn, cloid, fact) if ids.is_maker_cloid(cloid) else None
    bucket = bucket_of_taker(state, cloid)
    if bucket is not None:
        if not _is_of(bucket, fact) or ordinals.holds(bucket.decided, name.epoch, name.ordinal):
            return None
        amount = _direction(fact)
        if amount:
            return _adopt(state, turn, (bucket, cloid, name), amount)
    _stray(state, turn, cloid, fact)
    return None


def _maker_home(
    state: State, turn: Turn, cloid: ClientOrderId, fact: OrderReport | FillReport
) -> Link | None:
    link = admission.regain(state, turn, fact.exc, cloid)
    if link is None:
        _stray(state, turn, cloid, fact)
    return link


def _is_of(bucket: Bucket, fact: OrderReport | FillReport) -> bool:
    return (bucket.exc, bucket.ticker) == (fact.exc, fact.ticker)


def _direction(fact: OrderReport | FillReport) -> Decimal:
    """Return a quantity with the order's sign, 0 where the fact does not tell it."""
    if isinstance(fact, FillReport):
        return fact.signed_qty
    return fact.amount or ZERO


def _adopt(
    state: State, turn: Turn, whom: tuple[Bucket, ClientOrderId, TakerName], amount: Decimal
) -> Home:
    bucket, cloid, name = whom
    order = Evidence(quantity=ZERO, immediate=True, is_sized=False)
    taker = Taker(cloid, amount, name.ordinal, order, is_adopted=True)
    ledger.enter(bucket, taker)
    bucket.decisions = max(bucket.decisions, name.ordinal)
    turn.touch_bucket(bucket)
    place = f"{bucket.exc} {bucket.ticker} {bucket.pool}"
    text = f"adopted {cloid} of {place}: the log has lost its decision"
    alarm = Alarm(source=SERVICE, key=f"adopted-{cloid}", text=text)
    turn.effects.append(Append(alarm))
    for fact in claim(state, cloid):
        if isinstance(fact, FillReport):
            takers.on_fill(state, turn, (bucket, taker), fact)
        else:
            takers.on_report(state, turn, (bucket, taker), fact)
    return bucket, taker


def _stray(state: State, turn: Turn, cloid: ClientOrderId, fact: OrderReport | FillReport) -> None:
    if cloid not in state.strays and len(state.strays) >= MAX_STRAYS:
        oldest = next(iter(state.strays))
        del state.strays[oldest]
        turn.alarm(f"more than {MAX_STRAYS} orders of unknown hedges: {oldest} is forgotten")
    stray = state.strays.setdefault(cloid, Stray(turn.now_ns))
    was_filled = _is_filled_maker((cloid, stray))
    stray.facts.append(fact)
    if _is_filled_maker((cloid, stray)) and not was_filled:
        turn.alarm(f"the maker {cloid} on {fact.exc} has filled and belongs to no hedge known here")


def claim(state: State, cloid: ClientOrderId) -> tuple[OrderReport | FillReport, ...]:
    """Take what was kept of an order, in the order in which it was read."""
    stray = state.strays.pop(cloid, None)
    return tuple(stray.facts) if stray is not None else ()


def found(state: State) -> tuple[ClientOrderId, ...]:
    """Return the strays whose bucket or hedge is known by now."""
    return tuple(
        cloid
        for cloid in state.strays
        if cloid in state.makers or bucket_of_taker(state, cloid) is not None
    )


def holds(state: State, bucket: Bucket, quantity: Decimal) -> bool:
    """Tell whether a need may be only that of fills whose makers the log has lost."""
    covered = adopted_fills(bucket)
    return covered * quantity < 0 and any(map(_is_filled_maker, state.strays.items()))


def adopted_fills(bucket: Bucket) -> Decimal:
    """Return what adopted takers have provably filled, signed, in contracts."""
    total = ZERO
    for taker in (*bucket.flying.values(), *bucket.ended.values()):
        if taker.is_adopted:
            filled = evidence.proven(taker.order)
            total += filled if taker.amount > 0 else -filled
    return total


def _is_filled_maker(one: tuple[ClientOrderId, Stray]) -> bool:
    cloid, stray = one
    return ids.is_maker_cloid(cloid) and any(
        isinstance(fact, FillReport) or bool(fact.cum_qty) for fact in stray.facts
    )
