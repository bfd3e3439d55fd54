"""How much of a certain need goes out now, and if nothing does, why (pure).

1. A quantity is cut towards zero to the lot: it has the sign of the need and is not larger (I1).
2. What is below the lot, the minimum quantity or the minimum notional is dust: it stays needed.
   How that is judged: tandem.hedging.sizes. Without any reference price the venue is the judge.
3. Whether a need can be traded is said before whether it is its turn, so dust never waits.
"""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from services.hedger.book import ledger
from services.hedger.book.ledger import Bucket
from services.hedger.policy.rules import HedgeRules
from tandem.domain.instrument import Instrument, notional
from tandem.domain.units import ZERO
from tandem.hedging.exact import quotient
from tandem.hedging.sizes import cut_to_lot, least_notional

MAX_TAKERS = 64


class Hold(StrEnum):
    """Why nothing is sent."""

    NO = ""
    FLAT = "nothing owed"
    IN_FLIGHT = "orders in flight may cover it"
    NO_SPECS = "no instrument table of the venue yet"
    HALTED = "not tradable at the venue"
    SICK = "the hedge account is sick"
    LOT = "below the lot"
    MIN_QTY = "below the minimum quantity"
    MIN_NOTIONAL = "below the minimum notional"
    WAITING = "waiting to try again"
    COALESCING = "collecting small fills"

    @property
    def is_dust(self) -> bool:
        return self in {Hold.LOT, Hold.MIN_QTY, Hold.MIN_NOTIONAL}


class Market(Struct, frozen=True):
    """What the log says of a bucket's instrument, None: nothing yet; and what ails its account."""

    instrument: Instrument | None
    reference: Decimal | None
    fault: str = ""


class Verdict(Struct, frozen=True):
    """A signed quantity of contracts to send, or 0 and why not; `text` has the numbers."""

    need: Decimal
    quantity: Decimal = ZERO
    hold: Hold = Hold.NO
    text: str = ""


def judge(bucket: Bucket, market: Market, now_ns: int, rules: HedgeRules) -> Verdict:
    need = ledger.certain_need(bucket)
    if not need:
        flat = Hold.IN_FLIGHT if ledger.naked(bucket) else Hold.FLAT
        return Verdict(need, hold=flat)
    instrument = market.instrument
    if instrument is None:
        return _held(need, Hold.NO_SPECS, f"{bucket.exc} {bucket.ticker}")
    quantity = cut_to_lot(need, bucket.unit, instrument.lot)
    too_small = _too_small(instrument, quantity, market.reference, rules)
    if too_small is not None:
        return _held(need, *too_small)
    not_now = _not_now(bucket, market, now_ns, rules)
    if not_now is not None:
        return _held(need, *not_now)
    bounded = _bounded(bucket, instrument, quantity)
    if _too_small(instrument, bounded, market.reference, rules) is None:
        quantity = bounded
    return Verdict(need, quantity)


def _held(need: Decimal, hold: Hold, detail: str) -> Verdict:
    return Verdict(need, hold=hold, text=f"{hold.value}: {detail}")


def _bounded(bucket: Bucket, instrument: Instrument, quantity: Decimal) -> Decimal:
    """Keep under the ceiling that a margin refusal left."""
    ceiling = bucket.pace.ceiling
    if ceiling is None or abs(quantity) <= ceiling:
        return quantity
    lots = (ceiling // instrument.lot) * instrument.lot
    return lots if quantity > 0 else -lots


def naked_notional(bucket: Bucket, market: Market) -> Decimal | None:
    """Return the worth of what is naked, None while there is no price or no instrument."""
    if market.instrument is None or market.reference is None:
        return None
    worth = notional(market.instrument, ledger.naked(bucket), market.reference)
    return worth if bucket.unit == 1 else quotient(worth, bucket.unit)


def _too_small(
    instrument: Instrument, quantity: Decimal, reference: Decimal | None, rules: HedgeRules
) -> tuple[Hold, str] | None:
    if not quantity:
        return Hold.LOT, f"{instrument.lot:f}"
    if abs(quantity) < instrument.min_qty:
        return Hold.MIN_QTY, f"{abs(quantity):f} < {instrument.min_qty:f}"
    if reference is None:
        return None
    worth = notional(instrument, quantity, reference)
    least = least_notional(instrument, rules.hard_cap_bp)
    if worth < least:
        return Hold.MIN_NOTIONAL, f"{abs(quantity):f} at {reference:f} is {worth:f} < {least:f}"
    return None


def closed(listed: Instrument | None) -> str:
    """Return why nothing trades in an instrument of a venue's table, or the empty text."""
    if listed is None:
        return "the venue no longer lists it"
    if listed.is_tradable:
        return ""
    return f"the venue lists it as {listed.status}" if listed.status else "the venue has closed it"


def _not_now(
    bucket: Bucket, market: Market, now_ns: int, rules: HedgeRules
) -> tuple[Hold, str] | None:
    why = closed(market.instrument)
    if why:
        return Hold.HALTED, f"{bucket.exc} {bucket.ticker}, {why}"
    if market.fault:
        return Hold.SICK, market.fault
    if now_ns < bucket.pace.not_before_ns:
        why = bucket.pace.words or bucket.pace.cause
        return Hold.WAITING, f"{why}, try {bucket.pace.tries + 1}"
    if now_ns < bucket.flush_ns and not bucket.pace.tries:
        worth = naked_notional(bucket, market)
        if worth is None or worth < rules.soft_cap_notional:
            return Hold.COALESCING, f"naked {ledger.naked(bucket):f}"
    return None


def split(
    quantity: Decimal, instrument: Instrument, reference: Decimal | None, rules: HedgeRules
) -> tuple[Decimal, ...]:
    """Return the quantity as one taker, or as several of nearly equal size when one is too much.

    What more than MAX_TAKERS would carry stays needed and goes with the next decision.
    """
    limit, lot = _limit(instrument, reference, rules), instrument.lot
    if limit is None or abs(quantity) <= limit:
        return (quantity,)
    lots = int(abs(quantity) // lot)
    most = max(1, int(limit // lot))
    count = -(-lots // most)
    if count > MAX_TAKERS:
        count, lots = MAX_TAKERS, MAX_TAKERS * most
    share, extra = divmod(lots, count)
    one = lot if quantity > 0 else -lot
    return tuple((share + (index < extra)) * one for index in range(count))


def _limit(instrument: Instrument, reference: Decimal | None, rules: HedgeRules) -> Decimal | None:
    limits = [instrument.max_qty, instrument.market_max_qty]
    if rules.clip_notional is not None and reference is not None:
        limits.append(_clip(instrument, reference, rules.clip_notional, rules))
    given = [limit for limit in limits if limit is not None]
    return min(given) if given else None


def _clip(instrument: Instrument, reference: Decimal, clip: Decimal, rules: HedgeRules) -> Decimal:
    """Return the clip in contracts: never so small that the halves of it could not be traded."""
    contract = notional(instrument, Decimal(1), reference)
    smallest = quotient(2 * least_notional(instrument, rules.hard_cap_bp), contract)
    return max(quotient(clip, contract), smallest, 2 * instrument.min_qty, instrument.lot)
