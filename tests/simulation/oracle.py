"""What must hold, judged by the venues' own books; never by the state of what is judged.

- conservation: per bucket, maker fills at the venue × ratio = taker fills at the venue + owed,
  and what is shown as owed is exactly that;
- at the end of a quiet time: owed is below one lot or minimum, and no taker is open;
- each cause in the log has at most one accepted venue order, which filled no more than was asked;
- each venue order under our tags has a cause in the log;
- pages, mirrors, exposure and every copy show what the venues' books hold;
- no nonce was seen twice with different bytes;
- a refusal in words that no table lists, which reached a gateway that lives on, is one in the log;
- no order that was to be kept went with its strategy;
- no bucket was hedged further than its makers had filled at that moment, where they quote one way.
"""

import base64
import hashlib
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from services.order_state.record import Record
from services.order_state.registry import Registry
from services.position_state.exposure import views
from tandem.bus.port import Entry
from tandem.domain.ids import Exc, Pool, Ticker, is_ours, is_reserved, maker_cloid
from tandem.domain.units import ZERO
from tandem.messages import subjects
from tandem.messages.deltas import BucketView, OrderView
from tandem.messages.facts import read_fact
from tandem.messages.hedges import Carried, Decision
from tandem.messages.intents import HedgeOrder, NewOrder
from tandem.messages.queries import (
    HedgesPage,
    OrderHistory,
    OrderHistoryRequest,
    OrdersPage,
    PageRequest,
    PositionsPage,
)
from tandem.runtime.fold.service import FoldService
from tests.simulation import farewell, unlisted
from tests.simulation.copies import BINANCE, BINANCE_TICKER, HYPERLIQUID, HYPERLIQUID_TICKER, Copy
from tests.simulation.venue import VenueOrder

if TYPE_CHECKING:
    from tests.simulation.world import World

_unpack = msgspec.msgpack.Decoder(Record)
CARRIED = subjects.carried(0).removesuffix("0")
BP = Decimal(10_000)
HARD_CAP_BP = Decimal(50)
BucketKey = tuple[Exc, Ticker, Pool]
OTHER = {BINANCE: HYPERLIQUID, HYPERLIQUID: BINANCE}
TICKERS = {BINANCE: BINANCE_TICKER, HYPERLIQUID: HYPERLIQUID_TICKER}


@dataclass(frozen=True)
class Causes:
    """What the log asked for: client id → signed amounts; makers → the bucket they feed.

    A name has several amounts where a cut took a decision out of the log after its order was
    placed, and a hedger that began behind the cut gave the name to another.
    """

    amounts: dict[str, set[Decimal]]
    fed: dict[str, BucketKey]
    takers: dict[str, BucketKey]


def causes(world: "World") -> Causes:
    """Return what the log asked for: read on from the last look, or anew once it was cut."""
    oms, lost = world.server.oms, len(world.lost)
    if world.causes is None or world.causes[0] != lost:
        found, unread = Causes(defaultdict(set), {}, {}), (*world.lost, *oms.after(0))
    else:
        _, read, found = world.causes
        unread = tuple(oms.after(read))
    _take_causes(found, unread)
    world.causes = (lost, oms.state().last_seq, found)
    return found


def _take_causes(found: Causes, entries: Iterable[Entry]) -> None:
    for entry in entries:
        if not entry.subject.startswith(("oms.intent", "oms.hedge.decision")):
            continue
        fact = read_fact(entry.subject, entry.payload)
        if isinstance(fact, HedgeOrder):
            cloid = maker_cloid(fact.hedge_id)
            found.amounts[cloid].add(fact.maker.amount)
            leg = fact.legs[0]
            found.fed[cloid] = (leg.exc, leg.ticker, fact.pool or Pool(fact.strategy))
        elif isinstance(fact, NewOrder):
            found.amounts[fact.client_order_id].add(fact.amount)
        elif isinstance(fact, Decision):
            for taker in fact.takers:
                found.amounts[taker.client_order_id].add(taker.amount)
                found.takers[taker.client_order_id] = (fact.exc, fact.ticker, fact.pool)


def _orders(world: "World") -> Iterator[tuple[Exc, VenueOrder]]:
    for exc, venue in world.venues.items():
        for order in venue.books.orders.values():
            yield exc, order


# What heals by itself.


def restless(world: "World") -> list[str]:
    """Return what has not come to rest or does not agree yet."""
    for reasons in ([*_open(world)], [*_owed(world)]):
        if reasons:
            return reasons
    return [
        *_orders_differ(world),
        *_positions_differ(world),
        *_exposures_differ(world),
        *_copies_differ(world),
        *_mirrors_differ(world),
    ]


def _open(world: "World") -> Iterator[str]:
    for exc, venue in world.venues.items():
        for order in venue.open.values():
            if is_reserved(order.cloid):
                yield f"{exc} order {order.oid} {order.cloid} is still open"


def _targets(world: "World", found: Causes) -> dict[BucketKey, Decimal]:
    """Return what each bucket's makers have filled, with the sign of the hedge."""
    owed: dict[BucketKey, Decimal] = defaultdict(lambda: ZERO)
    for _, order in _orders(world):
        if order.cloid in found.fed:
            owed[found.fed[order.cloid]] -= order.sign * order.filled
    return owed


def _hedged(world: "World", found: Causes) -> dict[BucketKey, Decimal]:
    done: dict[BucketKey, Decimal] = defaultdict(lambda: ZERO)
    for _, order in _orders(world):
        if order.cloid in found.takers:
            done[found.takers[order.cloid]] += order.sign * order.filled
    return done


def _owed(world: "World") -> Iterator[str]:
    found = causes(world)
    targets, hedged = _targets(world, found), _hedged(world, found)
    for copy, service in _running(world, "hedger"):
        views = {(one.exc, one.ticker, one.pool): one for one in _buckets(service)}
        for key, target in targets.items():
            yield from _bucket_fault(world, copy, key, target - hedged[key], views.get(key))


def _bucket_fault(
    world: "World", copy: Copy, key: BucketKey, owed: Decimal, view: BucketView | None
) -> Iterator[str]:
    if view is None:
        if owed:
            yield f"{copy.name} knows no bucket {key}, which owes {owed}"
        return
    if view.owed != owed:
        yield f"{copy.name} shows {view.owed} owed in {key}, the venues say {owed}"
    if view.in_flight or view.lo != view.hi:
        yield f"{copy.name} has {view.in_flight} in flight in {key} ({view.lo}..{view.hi})"
    contract = world.venues[key[0]].contract
    least = contract.min_notional * (BP + HARD_CAP_BP) / BP
    is_dust = abs(owed) < contract.lot or abs(owed) // contract.lot * contract.lot * 100 < least
    if not is_dust:
        yield f"{owed} is owed in {key}: {view.held_reason}"


def _running(world: "World", kind: str) -> Iterator[tuple[Copy, FoldService]]:  # type: ignore[type-arg]
    for (name, _), copy in sorted(world.copies.items()):
        if name == kind and isinstance(copy.service, FoldService):
            yield copy, copy.service


def _buckets(service: FoldService) -> tuple[BucketView, ...]:  # type: ignore[type-arg]
    answer = service.runner._answer(subjects.HEDGES_PAGE, PageRequest())
    assert isinstance(answer, HedgesPage)
    return answer.buckets


_STATUS = {"live": ("NEW", "PARTIAL"), "filled": ("FILLED",), "cancelled": ("CANCELLED",),
           "expired": ("EXPIRED", "REJECTED", "CANCELLED")}  # fmt: skip


def _orders_differ(world: "World") -> Iterator[str]:
    for copy, service in _running(world, "order-state"):
        for exc, order in _orders(world):
            if is_ours(order.cloid):
                view = _order_view(service, exc, order)
                if view is not None or not _is_traceless(world, order):
                    yield from _order_fault(copy, exc, order, view)
        page = service.runner._answer(subjects.ORDERS_PAGE, PageRequest())
        assert isinstance(page, OrdersPage)
        for row in page.orders:
            if not _is_at_venue(world, row):
                yield f"{copy.name} shows {row.client_order_id} open, {row.exc} does not"


def _is_traceless(world: "World", order: VenueOrder) -> bool:
    """Tell whether nobody can know of an order any more, and it did nothing.

    A cut has lost its cause and all that was said of it, and who said it is dead; it ended without
    a fill, so that no list of the venue's shows it.
    """
    if not world.lost or order.status == "live" or order.filled:
        return False
    name = order.cloid.encode()
    return all(name not in entry.payload for entry in world.server.oms.after(0))


def _order_view(service: FoldService, exc: Exc, order: VenueOrder) -> OrderView | None:  # type: ignore[type-arg]
    asked = OrderHistoryRequest(exc=exc, cloid=order.cloid)
    answer = service.runner._answer(subjects.ORDER_HISTORY, asked)
    return answer.order if isinstance(answer, OrderHistory) else None


def _order_fault(copy: Copy, exc: Exc, order: VenueOrder, view: OrderView | None) -> Iterator[str]:
    name = f"{exc} {order.oid} {order.cloid}"
    if view is None:
        yield f"{copy.name} does not know {name}"
    elif view.cum_qty != order.filled:
        yield f"{copy.name} shows {view.cum_qty} of {name} filled, the venue {order.filled}"
    elif view.order_status.value not in _STATUS[order.status]:
        yield f"{copy.name} shows {name} {view.order_status.value}, the venue {order.status}"


def _is_at_venue(world: "World", row: OrderView) -> bool:
    venue = world.venues[row.exc]
    return any(order.cloid == row.client_order_id for order in venue.open.values())


def _positions_differ(world: "World") -> Iterator[str]:
    for copy, service in _running(world, "position-state"):
        page = service.runner._answer(subjects.POSITIONS_PAGE, PageRequest())
        assert isinstance(page, PositionsPage)
        shown = {(row.exc, row.ticker): row.amount for row in page.positions}
        for exc, venue in world.venues.items():
            for ticker, held in venue.books.holdings.items():
                amount = shown.get((exc, ticker), ZERO)  # type: ignore[arg-type]
                if amount != held.amount:
                    yield f"{copy.name} shows {amount} {ticker} on {exc}, the venue {held.amount}"


def _exposures_differ(world: "World") -> Iterator[str]:
    """What position-state tells of exposure is what the venues' books say, too."""
    found = causes(world)
    targets, hedged = _targets(world, found), _hedged(world, found)
    for copy, service in _running(world, "position-state"):
        exposure, at_ns = service.runner.state.exposure, service.runner.head.ts_ns
        shown = {(row.exc, row.ticker, row.pool): row for row in views.rows(exposure, at_ns)}
        for key, target in targets.items():
            row, owed = shown.get(key), target - hedged[key]
            naked = row.naked if row is not None else ZERO
            if naked != owed and not exposure.partial:
                yield f"{copy.name} tells {naked} naked in {key}, the venues say {owed}"
            if row is not None and row.in_flight:
                yield f"{copy.name} tells {row.in_flight} in flight in {key}"


def _copies_differ(world: "World") -> Iterator[str]:
    """Copies that have read the same must be the same, byte for byte."""
    for kind in ("order-state", "position-state", "hedger"):
        seen: dict[int, tuple[str, object]] = {}
        for copy, service in _running(world, kind):
            runner = service.runner
            state = _comparable(runner.state)
            first = seen.setdefault(runner.head.seq, (copy.name, state))
            if first[1] != state:
                yield f"{first[0]} and {copy.name} differ at {runner.head.seq}"
        if len(seen) > 1:
            yield f"copies of {kind} stand at {sorted(seen)}"


def _comparable(state: object) -> object:
    """Return a state whose parts compare by value, whatever order its sets were packed in."""
    if not isinstance(state, Registry):
        return state
    ended = [_unpack.decode(packed) for packed in state.ended.payloads()]
    return (state.live, ended)


def _mirrors_differ(world: "World") -> Iterator[str]:
    oms = world.strategy.oms
    if oms is None or not world.strategy.is_ready:
        yield "the strategy is not ready"
        return
    for exc, venue in world.venues.items():
        for ticker, held in venue.books.holdings.items():
            amount = oms._positions[exc].amount(ticker)
            if amount != held.amount:
                yield f"the client's mirror shows {amount} {ticker} on {exc}, not {held.amount}"
        for row in oms._orders[exc]:
            if not _is_at_venue(world, row):
                yield f"the client's mirror shows {row.client_order_id} open, {exc} does not"
    for _, service in _running(world, "hedger"):
        for view in _buckets(service):
            mirrored = oms._hedges.bucket(view.exc, view.ticker, view.pool)
            if mirrored is None or mirrored.owed != view.owed:
                yield f"the client's mirror of {view.pool} {view.exc} is not what the hedger shows"


# What must never happen.


def final(world: "World") -> list[str]:
    """Return what cannot heal: doubles, orders without cause, too much, nonces, regrets."""
    found = causes(world)
    return [
        *_doubles(world, found),
        *_regrets(world, found),
        *world.hyperliquid.reused,
        *unlisted.misread(world),
        *farewell.let_go(world),
        *([f"{world.counts['filter failures']} orders broke a filter of the venue"]
          if world.counts["filter failures"] else []),
    ]  # fmt: skip


def _doubles(world: "World", found: Causes) -> Iterator[str]:
    accepted: dict[str, list[VenueOrder]] = defaultdict(list)
    for _, order in _orders(world):
        if is_ours(order.cloid):
            accepted[order.cloid].append(order)
    for cloid, orders in accepted.items():
        asked = found.amounts.get(cloid)
        if len(orders) > 1:
            yield f"{cloid} was accepted {len(orders)} times: {[one.oid for one in orders]}"
        if not asked:
            yield f"{cloid} has no cause in the log"
            continue
        filled = sum((order.sign * order.filled for order in orders), ZERO)
        if not any(abs(filled) <= abs(one) and filled * one >= 0 for one in asked):
            yield f"{cloid} filled {filled} of {sorted(asked)}"


def _regrets(world: "World", found: Causes) -> Iterator[str]:
    """Follow both venues' fills in time: a bucket is never hedged beyond its makers' fills."""
    signs: dict[BucketKey, set[int]] = defaultdict(set)
    for cloid, key in found.fed.items():
        signs[key] |= {1 if one > 0 else -1 for one in found.amounts[cloid]}
    owed: dict[BucketKey, Decimal] = defaultdict(lambda: ZERO)
    for fill in world.fills:
        maker, taker = found.fed.get(fill.cloid), found.takers.get(fill.cloid)
        if maker is not None:
            owed[maker] -= fill.sign * fill.qty
        elif taker is not None:
            owed[taker] -= fill.sign * fill.qty
            if len(signs[taker]) == 1 and owed[taker] * next(iter(signs[taker])) > 0:
                yield f"{taker} was hedged {abs(owed[taker])} too far by {fill.cloid}"


def digest(world: "World") -> str:
    """Return the fingerprint of a run: the log, the deltas, the venues' books."""
    told = hashlib.blake2b(digest_size=16)
    for stream in (world.server.oms, world.server.deltas):
        for entry in stream.after(0):
            told.update(f"{entry.seq} {entry.ts_ns} {entry.subject} ".encode() + _said(entry))
    for exc, order in _orders(world):
        told.update(f"{exc} {order}".encode())
    return told.hexdigest()


def _said(entry: Entry) -> bytes:
    """Return a message's payload; of a state that is carried over, its sets in order.

    A set has none of its own: whoever logs the state first may write it otherwise.
    """
    if not entry.subject.startswith(CARRIED):
        return entry.payload
    fact = read_fact(entry.subject, entry.payload)
    assert isinstance(fact, Carried)
    state = msgspec.msgpack.decode(zlib.decompress(base64.b64decode(fact.state)))
    return repr(_in_order(state)).encode()


def _in_order(value: object) -> object:
    if isinstance(value, dict):
        return {key: _in_order(one) for key, one in value.items()}
    if not isinstance(value, list):
        return value
    names = all(isinstance(one, str) for one in value)
    return sorted(value) if names else [_in_order(one) for one in value]
