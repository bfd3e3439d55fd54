"""The hedge ledger of one bucket: what is owed, what is on its way, what is certain (pure).

A bucket is everything that one pool owes in one instrument. It holds two sums and one table:

    target   what the makers' proven fills call for          (grows by `owe`)
    done     what the takers have provably filled            (grows by `prove`)
    flying   takers that the log holds and whose end the venue has not proven

A maker fill changes `target` and nothing else; it stays there for ever, so it can be late, small
or unlucky, but not forgotten: `target - done` is naked until takers have filled it. A taker is in
`flying` from the moment the log holds it until the venue proves its end; as long as it is there,
everything it might still do is taken as possible, so nothing is sent on top of it that could
turn out too much. The *certain need* is what remains to be sent whatever the orders in flight
do. There is no separate remainder: what is too small to trade simply stays needed.

Quantities are exact decimals in units of the bucket: base units, or contracts of an inverse leg.

I1  No regret: a decision's quantity has the sign of the certain need at the log position it was
    decided at, and is not larger.
I2  A taker is in the log before it is on the wire: it enters `flying` by a logged decision only.
I3  A taker leaves `flying` only on the venue's proof; a doubt or a silence is no proof.
I4  One logged taker, one client id: a client id enters the ledger once.
I5  Folding the log from its start gives the same numbers: nothing but logged facts enters.
I6  target - done = naked, and naked - in flight = remainder, exactly, at each log position.
"""

from decimal import Decimal

from msgspec import Struct, field

from services.hedger.policy.retry import Pace
from tandem.domain.ids import ClientOrderId, Exc, Pool, Ticker
from tandem.domain.units import ONE, ZERO
from tandem.hedging import evidence
from tandem.hedging.attribution import Cover, Lot
from tandem.hedging.evidence import Evidence
from tandem.hedging.ordinals import Ordinals

BucketKey = tuple[Exc, Ticker, Pool]


class Taker(Struct):
    """One taker order of a decision; `amount` is signed, in contracts.

    `is_adopted`: its decision was never read; it is known by what the venue says of it.
    `is_carried`: it was in flight when its decision was lost (fold/carrying.py).
    `covers` are the maker fills it has been assigned to and whose price is still to come.
    """

    cloid: ClientOrderId
    amount: Decimal
    ordinal: int
    order: Evidence
    ended_ns: int = 0
    is_adopted: bool = False
    is_carried: bool = False
    covers: list[Cover] = field(default_factory=list)


class Bucket(Struct):
    """Everything that is owed in one instrument by one pool. `unit`: bucket units a contract.

    `decisions` is the highest ordinal in use, `decided` the ordinals whose decision was read.
    `lots` is the naked amount by the maker fills it comes from, oldest first; `pace` is how far
    the retry ladder has been climbed. `flush_ns` is until when small needs are collected,
    `armed_ns` when the last timer is due. `suspended` is why its makers are cancelled.
    """

    exc: Exc
    ticker: Ticker
    pool: Pool
    unit: Decimal = ONE
    target: Decimal = ZERO
    done: Decimal = ZERO
    flying: dict[ClientOrderId, Taker] = field(default_factory=dict)
    ended: dict[ClientOrderId, Taker] = field(default_factory=dict)
    decisions: int = 0
    decided: Ordinals = field(default_factory=dict)
    lots: list[Lot] = field(default_factory=list)
    pace: Pace = field(default_factory=Pace)
    flush_ns: int = 0
    armed_ns: int = 0
    cause: str = ""
    held_reason: str = ""
    suspended: str = ""
    is_dust: bool = False
    holds_remainder: bool = False
    remainders_held: int = 0
    remainders_flushed: int = 0
    netted: Decimal = ZERO
    unpriced: Decimal = ZERO
    delta_id: str | None = None

    @property
    def key(self) -> BucketKey:
        return (self.exc, self.ticker, self.pool)


def naked(bucket: Bucket) -> Decimal:
    """Return the proven exposure that no taker has covered yet, those in flight included."""
    return bucket.target - bucket.done


def rest(bucket: Bucket, taker: Taker) -> Decimal:
    """Return what a taker may still fill: anything between zero and this is possible."""
    left = taker.order.quantity - evidence.proven(taker.order)
    if left <= 0:
        return ZERO
    return (left if taker.amount > 0 else -left) * bucket.unit


def interval(bucket: Bucket) -> tuple[Decimal, Decimal]:
    """Return the least and the most that can remain needed once all in flight have ended."""
    lo = hi = bucket.target - bucket.done
    for taker in bucket.flying.values():
        left = rest(bucket, taker)
        if left > 0:
            lo -= left
        else:
            hi -= left
    return lo, hi


def certain_need(bucket: Bucket) -> Decimal:
    """Return what is needed whatever the orders in flight do; 0 when that is nothing.

    An order of unknown size can do anything.
    """
    if not all(taker.order.is_sized for taker in bucket.flying.values()):
        return ZERO
    lo, hi = interval(bucket)
    if lo > 0:
        return lo
    return hi if hi < 0 else ZERO


def in_flight(bucket: Bucket) -> Decimal:
    """Return the signed sum of what the takers in flight may still fill."""
    total = ZERO
    for taker in bucket.flying.values():
        total += rest(bucket, taker)
    return total


def remainder(bucket: Bucket) -> Decimal:
    """Return what would still be needed if all in flight filled whole (I6)."""
    return naked(bucket) - in_flight(bucket)


def owe(bucket: Bucket, amount: Decimal) -> None:
    """Add what a proven maker fill calls for."""
    bucket.target += amount


def enter(bucket: Bucket, taker: Taker) -> bool:
    """Take a logged taker into flight (I2); False when its client id is known already (I4)."""
    if taker.cloid in bucket.flying or taker.cloid in bucket.ended:
        return False
    bucket.flying[taker.cloid] = taker
    return True


def find(bucket: Bucket, cloid: ClientOrderId) -> Taker | None:
    return bucket.flying.get(cloid) or bucket.ended.get(cloid)


def prove(bucket: Bucket, taker: Taker, proven_before: Decimal) -> Decimal:
    """Book what a taker's evidence has gained; return it, signed, in units of the bucket."""
    gained = (evidence.counted(taker.order) - proven_before) * bucket.unit
    signed = gained if taker.amount > 0 else -gained
    bucket.done += signed
    return signed


def land(bucket: Bucket, taker: Taker, now_ns: int) -> bool:
    """Take a taker out of flight once the venue has proven its end (I3); True when it just did."""
    if taker.cloid not in bucket.flying or not evidence.is_ended(taker.order):
        return False
    del bucket.flying[taker.cloid]
    bucket.ended[taker.cloid] = taker
    taker.ended_ns = now_ns
    return True
