"""What the hedger remembers: links, buckets, instruments and prices of the log (pure).

1. `makers` and `oids` find the link or the taker that a venue's fact is about; a taker's client
   id names its bucket by itself.
2. A fact that names only a venue order number nobody has claimed yet is kept as an orphan and
   taken up when a fact with both numbers arrives. Dropping the oldest loses no quantity: the
   cumulative of a later report of that order has it.
3. Facts of an order with our tag that has no home yet are strays (fold/adoption.py).
4. `refused` holds the latest hedge orders that were turned away, by their makers' client ids.
5. What has ended and may still be told of is packed: hedges on the `shelf`, takers that did not
   fill whole in `takers`, both found by client id and by venue number.
6. `activation` and `halts` are the newest rules and the halts in force, as they were logged: a log
   that was cut gets them again. `lifted`: halts that a resume has named.
   `young` is what was read of a log that is young (fold/carrying.py).
7. Everything is here: dumping and loading a state gives an equal state.
"""

import zlib
from decimal import Decimal

import msgspec
from msgspec import Struct, field

from services.hedger.book.ledger import Bucket, BucketKey, Taker
from services.hedger.book.own_orders import OwnOrders
from services.hedger.book.slots import Taken
from services.hedger.policy.account_health import Account
from services.hedger.policy.rules import DEFAULT_RULES, HedgeRules
from services.hedger.policy.sizing import Market
from tandem.domain import ids
from tandem.domain.ids import (
    ClientOrderId,
    Exc,
    HedgeId,
    Pool,
    Strategy,
    Ticker,
    Token,
    VenueOrderId,
)
from tandem.domain.instrument import Instrument
from tandem.domain.units import ONE, ZERO
from tandem.hedging.attribution import Covered
from tandem.hedging.conversion import Terms
from tandem.hedging.evidence import Evidence
from tandem.messages.hedges import Rules
from tandem.messages.intents import Halt, HedgeOrder, MakerSpec
from tandem.messages.reports import FillReport, OrderReport
from tandem.runtime.archive import Archive
from tandem.runtime.fold.passed_over import Faults

MAX_ORPHANS = 4_096
MAX_REFUSED = 256
MAX_FILLS_OF_ORPHAN = 256

InstrumentKey = tuple[Exc, Ticker]
OrderKey = tuple[Exc, Ticker, VenueOrderId]


class Leg(Struct):
    """One leg of a link. `unpriced`: maker quantity that waits for its price or the leg's mark.

    `taken`: the quantity of the fills that it was given, each at its own price.
    """

    exc: Exc
    ticker: Ticker
    terms: Terms
    target: Decimal = ZERO
    unpriced: Decimal = ZERO
    taken: Decimal = ZERO
    covered: Covered = field(default_factory=Covered)


class WaitingFill(Struct):
    """A maker fill that waits for the mark of a leg at its own minute."""

    leg: int
    signed_qty: Decimal
    px: Decimal
    minute: int


class Link(Struct):
    """One hedge order: its maker, its legs, and how its end is going.

    `surplus`: fills for legs by price that its amount has no room for (evidence.py 5), unsigned.
    `priced`, `paid`: sums of the maker's fills. `late`: what filled after a terminal status.
    `terminal_ns`: when the maker's end was first read. `is_settled`: its final quantity counts
    as known. `done_ns`: when nothing was left to do. `stops`: cancels asked for, 0 while none;
    `suspended`: why, unless a strategy asked for it; `cleared`: why its gateway cancels the maker.
    `hedge`: what was asked for, word for word.
    """

    hedge_id: HedgeId
    strategy: Strategy
    pool: Pool
    maker: MakerSpec
    cloid: ClientOrderId
    order: Evidence
    legs: list[Leg]
    coalesce_ms: int = 0
    waiting: list[WaitingFill] = field(default_factory=list)
    surplus: list[WaitingFill] = field(default_factory=list)
    priced: Decimal = ZERO
    paid: Decimal = ZERO
    late: Decimal = ZERO
    netted: str = ""
    refused: str = ""
    stops: int = 0
    stop_token: str = ""
    hedge: HedgeOrder | None = None
    suspended: str = ""
    cleared: str = ""
    terminal_ns: int = 0
    is_settled: bool = False
    done_ns: int = 0
    changed_ns: int = 0
    delta_id: str | None = None

    def bucket_key(self, leg: Leg) -> BucketKey:
        return (leg.exc, leg.ticker, self.pool)


class Obstacle(Struct, frozen=True):
    """What keeps a hedge order from being taken on: `text` ends the words "waiting for"."""

    field: str
    value: str
    text: str


class Pending(Struct):
    """A hedge order that waits, until when it may, for what, and which field that is about.

    `is_over`: it would have been refused by now, but its maker is at the venue (fold/admission.py).
    """

    hedge: HedgeOrder
    until_ns: int
    obstacle: Obstacle
    delta_id: str | None = None
    is_over: bool = False


class Stray(Struct):
    """What was read of an order with our tag that belongs nowhere yet."""

    since_ns: int
    facts: list[OrderReport | FillReport] = field(default_factory=list)


class Young(Struct, frozen=True):
    """One fact of a young log, as it was read."""

    seq: int
    ts_ns: int
    epoch: int
    subject: str
    payload: bytes


class State(Struct):
    """The hedger's whole state. `active` is the hash of the rules in force, None before any.

    `activations`: the ordinal of the activation that brought them. `follows`: they are another
    version's, which took on what it would. `finished`: the hedges on the
    page that nothing is left to do for, in the order in which that became so.
    """

    clock_ns: int = 0
    rules: HedgeRules = DEFAULT_RULES
    active: str | None = None
    activations: int = 0
    follows: bool = False
    activation: Rules | None = None
    halts: dict[Token, Halt] = field(default_factory=dict)
    lifted: dict[Token, None] = field(default_factory=dict)
    accounts: dict[Exc, Account] = field(default_factory=dict)
    instruments: dict[Exc, dict[Ticker, Instrument]] = field(default_factory=dict)
    links: dict[HedgeId, Link] = field(default_factory=dict)
    pending: dict[HedgeId, Pending] = field(default_factory=dict)
    refused: dict[ClientOrderId, HedgeOrder] = field(default_factory=dict)
    makers: dict[ClientOrderId, HedgeId] = field(default_factory=dict)
    finished: dict[HedgeId, None] = field(default_factory=dict)
    shelf: Archive = field(default_factory=Archive)
    takers: Archive = field(default_factory=Archive)
    buckets: dict[BucketKey, Bucket] = field(default_factory=dict)
    hashes: dict[str, BucketKey] = field(default_factory=dict)
    oids: dict[OrderKey, ClientOrderId] = field(default_factory=dict)
    own_orders: OwnOrders = field(default_factory=OwnOrders)
    orphans: dict[OrderKey, list[FillReport]] = field(default_factory=dict)
    strays: dict[ClientOrderId, Stray] = field(default_factory=dict)
    references: dict[InstrumentKey, Decimal] = field(default_factory=dict)
    lent: dict[InstrumentKey, Decimal] = field(default_factory=dict)
    marks: dict[InstrumentKey, dict[int, Decimal]] = field(default_factory=dict)
    swept_minute: int = 0
    faults: Faults = field(default_factory=Faults)
    taken: Taken = field(default_factory=Taken)
    young: list[Young] | None = None


_dump = msgspec.msgpack.Encoder()
_load = msgspec.msgpack.Decoder(State)
_pack = msgspec.msgpack.Encoder(order="deterministic")  # sets too: copies pack the same bytes
_load_link = msgspec.msgpack.Decoder(Link)
_load_taker = msgspec.msgpack.Decoder(Taker)


def dump(state: State) -> bytes:
    return zlib.compress(_dump.encode(state), 1)


def load(snapshot: bytes) -> State:
    return _load.decode(zlib.decompress(snapshot))


def instrument(state: State, exc: Exc, ticker: Ticker) -> Instrument | None:
    return state.instruments.get(exc, {}).get(ticker)


def reference(state: State, key: InstrumentKey) -> Decimal | None:
    """Return the last logged price, else the one a maker of the same base asset lends."""
    return state.references.get(key) or state.lent.get(key)


def market(state: State, bucket: Bucket) -> Market:
    key = (bucket.exc, bucket.ticker)
    known = state.accounts.get(bucket.exc)
    return Market(instrument(state, *key), reference(state, key), known.fault if known else "")


def account_of(state: State, exc: Exc) -> Account:
    return state.accounts.setdefault(exc, Account())


def open_bucket(state: State, key: BucketKey, unit: Decimal = ONE) -> Bucket:
    """Return the bucket, opened if it is new."""
    known = state.buckets.get(key)
    if known is not None:
        return known
    exc, ticker, pool = key
    state.hashes[ids.bucket_hash(exc, ticker, pool)] = key
    return state.buckets.setdefault(key, Bucket(exc=exc, ticker=ticker, pool=pool, unit=unit))


def bucket_of_taker(state: State, cloid: ClientOrderId) -> Bucket | None:
    """Return the bucket that a taker's client id names, None if it is not one of ours."""
    if not ids.is_taker_cloid(cloid):
        return None
    key = state.hashes.get(cloid[6:18])
    return state.buckets.get(key) if key is not None else None


def link_of_maker(state: State, cloid: ClientOrderId) -> Link | None:
    """Return the link of a maker, fetched back from the shelf if it was put there."""
    hedge_id = state.makers.get(cloid)
    if hedge_id is not None:
        return state.links.get(hedge_id)
    shelved = state.shelf.take(cloid)
    if shelved is None:
        return None
    link = _load_link.decode(shelved)
    state.links[link.hedge_id] = link
    state.makers[cloid] = link.hedge_id
    state.finished[link.hedge_id] = None
    state.oids |= dict.fromkeys(_order_keys(link.maker.exc, link.maker.ticker, link.order), cloid)
    return link


def shelve(state: State, link: Link) -> None:
    """Put a finished link away; late facts about its maker find it."""
    del state.links[link.hedge_id], state.makers[link.cloid]
    state.finished.pop(link.hedge_id, None)
    keys = _order_keys(link.maker.exc, link.maker.ticker, link.order)
    _forget_oids(state, keys)
    state.shelf.put(_names(link.cloid, keys), state.clock_ns, _pack.encode(link))


def is_shelved(state: State, cloid: ClientOrderId) -> bool:
    """Tell whether a maker is of a hedge that was put away."""
    return state.shelf.peek(cloid) is not None


def recall_taker(state: State, bucket: Bucket, cloid: ClientOrderId) -> Taker | None:
    """Return a taker of a bucket that was put away, among its ended ones from now on."""
    packed = state.takers.take(cloid)
    if packed is None:
        return None
    taker = bucket.ended[cloid] = _load_taker.decode(packed)
    state.oids |= dict.fromkeys(_order_keys(bucket.exc, bucket.ticker, taker.order), cloid)
    return taker


def put_taker_away(state: State, bucket: Bucket, taker: Taker) -> None:
    """Pack an ended taker; late facts about it find it."""
    del bucket.ended[taker.cloid]
    keys = _order_keys(bucket.exc, bucket.ticker, taker.order)
    _forget_oids(state, keys)
    state.takers.put(_names(taker.cloid, keys), taker.ended_ns, _pack.encode(taker))


def _forget_oids(state: State, keys: tuple[OrderKey, ...]) -> None:
    for key in keys:
        state.oids.pop(key, None)


def _names(cloid: ClientOrderId, keys: tuple[OrderKey, ...]) -> tuple[str, ...]:
    return (cloid, *(_oid_name(key) for key in keys))


def _order_keys(exc: Exc, ticker: Ticker, order: Evidence) -> tuple[OrderKey, ...]:
    return tuple((exc, ticker, oid) for oid in order.venue_orders if oid)


def _oid_name(key: OrderKey) -> str:
    return "\x1f".join(key)


def cloid_of(state: State, key: OrderKey) -> ClientOrderId | None:
    """Return the client id of an order of ours by its venue number, also of one put away."""
    known = state.oids.get(key)
    if known is not None:
        return known
    shelved = state.shelf.peek(_oid_name(key))
    if shelved is not None:
        return _load_link.decode(shelved).cloid
    taker = state.takers.peek(_oid_name(key))
    return _load_taker.decode(taker).cloid if taker is not None else None


def leg_of(state: State, hedge_id: HedgeId, bucket: Bucket) -> Leg | None:
    link = state.links.get(hedge_id)
    if link is None:
        return None
    for leg in link.legs:
        if leg.exc == bucket.exc and leg.ticker == bucket.ticker:
            return leg
    return None


def keep_refused(state: State, hedge: HedgeOrder) -> None:
    """Keep a hedge that was refused for a while: its maker may turn out to be at the venue."""
    if len(state.refused) >= MAX_REFUSED:
        del state.refused[next(iter(state.refused))]
    state.refused[ids.maker_cloid(hedge.hedge_id)] = hedge


def keep_orphan(state: State, key: OrderKey, fill: FillReport) -> None:
    if key not in state.orphans and len(state.orphans) >= MAX_ORPHANS:
        del state.orphans[next(iter(state.orphans))]
    fills = state.orphans.setdefault(key, [])
    fills.append(fill)
    del fills[:-MAX_FILLS_OF_ORPHAN]
