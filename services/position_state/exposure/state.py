"""What exposure remembers of hedges, takers and buckets (pure).

1. The lots of a bucket add up to what is naked in it, and all have one sign (attribution.py).
2. `undecided` are the pieces that no decision has taken up yet: they say when each one was.
3. An order that has ended is packed into `ended`, found by its client id and its venue numbers: a
   late fact about it still counts. A taker filled whole with every fill known is forgotten: under
   an ordinal of `decided`, what is not known any more is a repetition.
4. A fact of an order whose hedge or bucket is not known yet is kept in `early`, by the name it
   goes by.
"""

from decimal import Decimal

import msgspec
from msgspec import Struct, field

from tandem.domain import ids
from tandem.domain.ids import ClientOrderId, Exc, HedgeId, Pool, Ticker, VenueOrderId
from tandem.domain.instrument import Instrument
from tandem.domain.units import ONE, ZERO
from tandem.hedging import conversion
from tandem.hedging.attribution import Lot
from tandem.hedging.conversion import Terms
from tandem.hedging.evidence import Evidence
from tandem.hedging.ordinals import Ordinals
from tandem.messages.intents import LegSpec
from tandem.messages.reports import FillReport, OrderReport
from tandem.runtime.archive import Archive

MOST_EARLY = 4_096
MOST_EARLY_EACH = 256
MOST_TIMINGS = 1_024

OrderFact = FillReport | OrderReport
InstrumentKey = tuple[Exc, Ticker]


class Leg(Struct):
    """One leg of a hedge; `terms` follow from the tables. `taken`: maker quantity priced so far."""

    spec: LegSpec
    terms: Terms | None = None
    taken: Decimal = ZERO

    @property
    def key(self) -> InstrumentKey:
        return (self.spec.exc, self.spec.ticker)


class WaitingFill(Struct):
    """A maker fill that waits for the mark of a leg at its own minute."""

    leg: int
    signed_qty: Decimal
    px: Decimal
    minute: int


class Hedge(Struct):
    """A hedge order: its maker, and the legs that each fill of it calls for.

    `surplus`: fills for legs by price that its amount has no room for, unsigned.
    """

    cloid: ClientOrderId
    hedge_id: HedgeId
    pool: Pool
    exc: Exc
    ticker: Ticker
    sign: int
    coalesce_ms: int
    order: Evidence
    legs: list[Leg]
    waiting: list[WaitingFill] = field(default_factory=list)
    surplus: list[WaitingFill] = field(default_factory=list)


class Taker(Struct):
    """A taker of a decision, or (`is_adopted`) one whose decision was not read; signed amount."""

    cloid: ClientOrderId
    amount: Decimal
    order: Evidence
    is_adopted: bool = False


class Bucket(Struct):
    """What is naked in one instrument of one pool. `unit`: bucket units a contract.

    `is_measured`: a table has told the unit. `decided`: the ordinals whose decision was read.
    `collects_until_ns`: until when its hedges let small fills wait. `cause`: the subject of the
    maker's fact that last called for something.
    """

    exc: Exc
    ticker: Ticker
    pool: Pool
    unit: Decimal = ONE
    is_measured: bool = False
    lots: list[Lot] = field(default_factory=list)
    undecided: list[Lot] = field(default_factory=list)
    takers: dict[ClientOrderId, Taker] = field(default_factory=dict)
    decided: Ordinals = field(default_factory=dict)
    collects_until_ns: int = 0
    cause: str = ""


class Timings(Struct):
    """How long maker fills waited: the newest of them, and how many there ever were."""

    count: int = 0
    newest_ns: list[int] = field(default_factory=list)

    def add(self, waited_ns: int) -> None:
        self.count += 1
        self.newest_ns.append(waited_ns)
        del self.newest_ns[:-MOST_TIMINGS]


class Exposure(Struct):
    """Everything that exposure is computed from.

    `hedges` by the maker's client id, `buckets` by the hash that a taker's client id names.
    `partial` says why what was naked before is not known, where it is not.
    """

    hard_cap_bp: Decimal = Decimal(50)
    instruments: dict[Exc, dict[Ticker, Instrument]] = field(default_factory=dict)
    references: dict[InstrumentKey, Decimal] = field(default_factory=dict)
    lent: dict[InstrumentKey, Decimal] = field(default_factory=dict)
    marks: dict[InstrumentKey, dict[int, Decimal]] = field(default_factory=dict)
    hedges: dict[ClientOrderId, Hedge] = field(default_factory=dict)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    oids: dict[str, ClientOrderId] = field(default_factory=dict)
    early: dict[str, list[OrderFact]] = field(default_factory=dict)
    ended: Archive = field(default_factory=Archive)
    swept_minute: int = 0
    to_taker: Timings = field(default_factory=Timings)
    to_covered: Timings = field(default_factory=Timings)
    partial: str = ""


_pack = msgspec.msgpack.Encoder(order="deterministic")  # sets too: copies pack the same bytes
_load_hedge = msgspec.msgpack.Decoder(Hedge)
_load_taker = msgspec.msgpack.Decoder(Taker)


def listed(state: Exposure, key: InstrumentKey) -> Instrument | None:
    exc, ticker = key
    return state.instruments.get(exc, {}).get(ticker)


def reference(state: Exposure, key: InstrumentKey) -> Decimal | None:
    """Return the last logged price, else the one a maker of the same base asset lends."""
    return state.references.get(key) or state.lent.get(key)


def open_bucket(state: Exposure, key: InstrumentKey, pool: Pool) -> Bucket:
    """Return the bucket, opened if it is new."""
    name = ids.bucket_hash(*key, pool)
    known = state.buckets.get(name)
    if known is None:
        known = state.buckets[name] = Bucket(exc=key[0], ticker=key[1], pool=pool)
        measure(state, known)
    return known


def close_unused(state: Exposure, hedge: Hedge) -> None:
    """Let go of the buckets of a hedge that is not there any more, if nothing ever came of them."""
    for leg in hedge.legs:
        name = ids.bucket_hash(*leg.key, hedge.pool)
        bucket = state.buckets.get(name)
        if bucket is not None and not (_is_used(bucket) or _is_wanted(state, bucket)):
            del state.buckets[name]


def _is_used(bucket: Bucket) -> bool:
    return bool(bucket.lots or bucket.undecided or bucket.takers or bucket.decided or bucket.cause)


def _is_wanted(state: Exposure, bucket: Bucket) -> bool:
    place = (bucket.exc, bucket.ticker)
    others = (one for one in state.hedges.values() if one.pool == bucket.pool)
    return any(leg.key == place for one in others for leg in one.legs)


def measure(state: Exposure, bucket: Bucket) -> None:
    """Take the bucket's unit from the first table that lists it, for good: legs speak it."""
    instrument = listed(state, (bucket.exc, bucket.ticker))
    if instrument is None or bucket.is_measured:
        return
    bucket.is_measured = True
    if not bucket.lots and not bucket.takers:
        bucket.unit = conversion.bucket_unit(instrument)


def oid_name(fact: OrderFact) -> str:
    """Return what an order goes by at its venue, the empty text where the fact does not say."""
    oid = fact.venue_order_id
    return _oid_name(fact.exc, fact.ticker, oid) if oid is not None else ""


def _oid_name(exc: Exc, ticker: Ticker, oid: VenueOrderId) -> str:
    return "\x1f".join((exc, ticker, oid))


def put_away(state: Exposure, key: InstrumentKey, order: Hedge | Taker, now_ns: int) -> None:
    """Pack an order that has ended."""
    numbers = forget_numbers(state, key, order)
    state.ended.put((order.cloid, *numbers), now_ns, _pack.encode(order))


def forget_numbers(state: Exposure, key: InstrumentKey, order: Hedge | Taker) -> list[str]:
    """Let go of what an order goes by at its venue, and return it."""
    numbers = [_oid_name(*key, oid) for oid in order.order.venue_orders if oid]
    for name in numbers:
        state.oids.pop(name, None)
    return numbers


def is_put_away(state: Exposure, cloid: ClientOrderId) -> bool:
    return state.ended.peek(cloid) is not None


def recall_hedge(state: Exposure, cloid: ClientOrderId) -> Hedge | None:
    """Return a hedge, fetched back if it was put away."""
    if cloid not in state.hedges and (packed := state.ended.take(cloid)) is not None:
        state.hedges[cloid] = _load_hedge.decode(packed)
    return state.hedges.get(cloid)


def recall_taker(state: Exposure, bucket: Bucket, cloid: ClientOrderId) -> Taker | None:
    """Return a taker of a bucket, fetched back if it was put away."""
    if cloid not in bucket.takers and (packed := state.ended.take(cloid)) is not None:
        bucket.takers[cloid] = _load_taker.decode(packed)
    return bucket.takers.get(cloid)


def cloid_by_oid(state: Exposure, name: str) -> ClientOrderId | None:
    """Return the client id of an order of ours by its name at the venue."""
    known = state.oids.get(name)
    packed = state.ended.peek(name) if known is None else None
    return known if packed is None else _cloid.decode(packed).cloid


class _Named(Struct):
    """What both kinds of packed orders have."""

    cloid: ClientOrderId


_cloid = msgspec.msgpack.Decoder(_Named)


def keep_early(state: Exposure, name: str, fact: OrderFact) -> None:
    """Keep a fact until somebody knows whose it is; the oldest go."""
    if name not in state.early and len(state.early) >= MOST_EARLY:
        del state.early[next(iter(state.early))]
    facts = state.early.setdefault(name, [])
    facts.append(fact)
    del facts[:-MOST_EARLY_EACH]
