"""What a maker's proven fills add to exposure, leg by leg (pure).

1. A maker's proven quantity only rises, and each rise is naked at once, also after its end.
2. Legs that depend on a price take each fill once, at its own price, as the hedger's do.
"""

from decimal import Decimal

from services.position_state.exposure.state import (
    Bucket,
    Exposure,
    Hedge,
    Leg,
    OrderFact,
    WaitingFill,
    listed,
    open_bucket,
    put_away,
)
from services.position_state.exposure.tradable import is_dust
from tandem.domain.units import NS_PER_MS, ZERO
from tandem.hedging import attribution, conversion, evidence, minute_marks
from tandem.hedging.attribution import Lot
from tandem.hedging.conversion import Terms
from tandem.hedging.exact import quotient
from tandem.messages.reports import FillReport
from tandem.runtime.fold.port import LogEvent


def on_maker_fact(state: Exposure, event: LogEvent, hedge: Hedge, fact: OrderFact) -> bool:
    """Count what a fact proves of a maker; False while a table that it needs is missing."""
    if hedge.exc != fact.exc:
        return True
    if not agree(state, hedge):
        return False
    before = evidence.counted(hedge.order)
    _absorb(state, hedge, fact)
    gained = evidence.counted(hedge.order) - before
    if gained:
        _owe_quantity(state, event, hedge, gained)
    take_marks(state, event, hedge)
    _end(state, event, hedge)
    return True


def agree(state: Exposure, hedge: Hedge) -> bool:
    """Settle by the tables, once, how each leg follows the maker; False while one is missing."""
    maker = listed(state, (hedge.exc, hedge.ticker))
    for leg in hedge.legs:
        instrument = listed(state, leg.key)
        if leg.terms is None and maker is not None and instrument is not None:
            unit = open_bucket(state, leg.key, hedge.pool).unit
            leg.terms = conversion.terms(leg.spec, maker, instrument, unit)
    return all(leg.terms is not None for leg in hedge.legs)


def _absorb(state: Exposure, hedge: Hedge, fact: OrderFact) -> None:
    if not isinstance(fact, FillReport):
        evidence.absorb_report(hedge.order, fact)
        _lend(state, hedge, fact.avg_px or fact.price)
    elif evidence.absorb_fill(hedge.order, fact):
        _lend(state, hedge, fact.last_px)
        _keep_for_price(hedge, fact)


def _owe_quantity(state: Exposure, event: LogEvent, hedge: Hedge, gained: Decimal) -> None:
    for leg, terms in _followed(hedge):
        if not conversion.is_by_price(terms):
            target = conversion.target_by_quantity(terms, gained * hedge.sign)
            _owe(state, event, (hedge, leg), target)


def _followed(hedge: Hedge) -> list[tuple[Leg, Terms]]:
    return [(leg, leg.terms) for leg in hedge.legs if leg.terms is not None]


def _keep_for_price(hedge: Hedge, fill: FillReport) -> None:
    minute = minute_marks.minute_of(fill.ts_event_ns)
    for index, (_, terms) in enumerate(_followed(hedge)):
        if conversion.is_by_price(terms):
            hedge.surplus.append(WaitingFill(index, fill.last_qty, fill.last_px, minute))


def _make_room(hedge: Hedge) -> None:
    """Let fills wait for their price as far as the order, as amended, has room for them."""
    still: list[WaitingFill] = []
    for fill in hedge.surplus:
        leg = hedge.legs[fill.leg]
        part = min(fill.signed_qty, hedge.order.quantity - leg.taken)
        leg.taken += part
        if part:
            signed = part * hedge.sign
            hedge.waiting.append(WaitingFill(fill.leg, signed, fill.px, fill.minute))
        if part < fill.signed_qty:
            still.append(WaitingFill(fill.leg, fill.signed_qty - part, fill.px, fill.minute))
    hedge.surplus = still


def on_mark_known(state: Exposure, event: LogEvent) -> None:
    """Value what waited for a mark."""
    for hedge in tuple(state.hedges.values()):
        if hedge.waiting:
            take_marks(state, event, hedge)
            _end(state, event, hedge)


def take_marks(state: Exposure, event: LogEvent, hedge: Hedge) -> None:
    """Count the waiting fills whose price is complete."""
    _make_room(hedge)
    still: list[WaitingFill] = []
    for fill in hedge.waiting:
        leg, terms = _followed(hedge)[fill.leg]
        mark = minute_marks.at(state.marks.get(leg.key, {}), fill.minute)
        if mark is None and conversion.needs_mark(terms):
            still.append(fill)
            continue
        target = conversion.target_by_price(terms, fill.signed_qty, fill.px, mark)
        _owe(state, event, (hedge, leg), target)
    hedge.waiting = still


def _owe(state: Exposure, event: LogEvent, whom: tuple[Hedge, Leg], amount: Decimal) -> None:
    hedge, leg = whom
    bucket = open_bucket(state, leg.key, hedge.pool)
    bucket.cause = event.subject
    _collect(state, bucket, hedge, event.ts_ns)
    attribution.add(bucket.lots, Lot(hedge.hedge_id, amount, event.ts_ns))
    attribution.add(bucket.undecided, Lot(hedge.hedge_id, amount, event.ts_ns))


def _collect(state: Exposure, bucket: Bucket, hedge: Hedge, now_ns: int) -> None:
    """Note until when the hedge lets a fill wait for more of them.

    Where enough has waited its time already and is not taken up, no later fill puts it off.
    """
    if hedge.coalesce_ms and bucket.collects_until_ns <= now_ns:
        undecided = sum((lot.amount for lot in bucket.undecided), ZERO)
        if not is_dust(state, bucket, undecided):
            return
        bucket.collects_until_ns = now_ns + hedge.coalesce_ms * NS_PER_MS


def _end(state: Exposure, event: LogEvent, hedge: Hedge) -> None:
    """A maker's end flushes; it is put away once nothing of it waits for a price."""
    if not (evidence.is_ended(hedge.order) or evidence.status(hedge.order).is_terminal):
        return
    for leg in hedge.legs:
        open_bucket(state, leg.key, hedge.pool).collects_until_ns = 0
    if not hedge.waiting:
        del state.hedges[hedge.cloid]
        put_away(state, (hedge.exc, hedge.ticker), hedge, event.ts_ns)


def unpriced(state: Exposure, bucket: Bucket) -> Decimal:
    """Return, in units of the makers, what has filled and waits for its price."""
    total = ZERO
    for hedge in state.hedges.values():
        if hedge.waiting and hedge.pool == bucket.pool:
            legs = _followed(hedge)
            for fill in hedge.waiting:
                leg, terms = legs[fill.leg]
                if leg.key == (bucket.exc, bucket.ticker):
                    total += abs(fill.signed_qty) * terms.maker_unit
    return total


def _lend(state: Exposure, hedge: Hedge, px: Decimal | None) -> None:
    """Keep the maker's price, converted, for legs of the same base asset that have none yet."""
    maker = listed(state, (hedge.exc, hedge.ticker))
    if px is None or px <= 0 or maker is None or maker.inverse:
        return
    for leg in hedge.legs:
        instrument = listed(state, leg.key)
        if instrument is None or instrument.inverse or instrument.base_asset != maker.base_asset:
            continue
        state.lent[leg.key] = quotient(px * instrument.multiplier, maker.multiplier)
