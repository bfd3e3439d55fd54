"""A simulated venue: orders, fills, positions, and what it tells to whom; no protocol yet.

The venue's own books are the truth that everything else is judged by. It decides by its own
generator what an order meets: makers rest and are filled in pieces by the script, IOC takers
fill wholly, partly or not at all.

1. An order is accepted at most once per request that reached it; the same request twice is two
   orders unless the venue's own rule (a nonce, an open client id) refuses the second.
2. A client id is unique only among open orders.
3. Every fill has its own number, in the order of the engine.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from tandem.domain.units import NS_PER_MS, ZERO
from tests.simulation.loop import VirtualLoop
from tests.simulation.unlisted import Unlisted

EPOCH_MS = 1_700_000_000_000
MAKER_PX = Decimal(100)
LIVE = "live"
FILLED = "filled"
CANCELLED = "cancelled"
EXPIRED = "expired"
FIRST_ID = 1_000_000


@dataclass(slots=True)
class VenueOrder:
    """One order as the venue has it. `seen_ms`: from when on queries find it."""

    oid: int
    cloid: str
    ticker: str
    sign: int
    qty: Decimal
    price: Decimal
    tif: str
    placed_ms: int
    seen_ms: int
    reduce_only: bool = False
    status: str = LIVE
    filled: Decimal = ZERO
    updated_ms: int = 0
    forced: str = ""

    @property
    def left(self) -> Decimal:
        return self.qty - self.filled


@dataclass(frozen=True, slots=True)
class VenueFill:
    """One trade of ours, or one that the venue made on our account.

    `forced` is what the venue made it for (`forced.py`); older faults leave it empty.
    """

    trade_id: int
    oid: int
    cloid: str
    ticker: str
    sign: int
    qty: Decimal
    price: Decimal
    time_ms: int
    is_maker: bool
    start_position: Decimal
    forced: str = ""


@dataclass(frozen=True, slots=True)
class Contract:
    """What is traded here, and in which steps."""

    ticker: str
    lot: Decimal
    min_qty: Decimal
    min_notional: Decimal


@dataclass(slots=True)
class Holding:
    amount: Decimal = ZERO
    entry: Decimal = ZERO
    updated_ms: int = 0


@dataclass
class Odds:
    """How this venue treats what reaches it; parts of a hundred unless named otherwise."""

    taker_part: int = 20
    taker_none: int = 8
    taker_split: int = 40
    refuse: int = 0
    lag_ms: int = 0
    timeout_executed: int = 0
    timeout_lost: int = 0


@dataclass
class Books:
    """Everything that happened at this venue, for ever; only the oracle reads all of it."""

    orders: dict[int, VenueOrder] = field(default_factory=dict)
    by_cloid: dict[str, list[int]] = field(default_factory=dict)
    fills: list[VenueFill] = field(default_factory=list)
    holdings: dict[str, Holding] = field(default_factory=dict)


Tell = Callable[[VenueOrder, VenueFill | None], None]


class Venue:
    """The engine. `tell` hears of each change of an order, with the fill that caused it."""

    def __init__(self, exc: str, loop: VirtualLoop, rng: random.Random, contract: Contract) -> None:
        self.exc = exc
        self.loop = loop
        self.rng = rng
        self.contract = contract
        self.odds = Odds()
        self.unlisted = Unlisted(random.Random(0))
        self.books = Books()
        self.open: dict[int, VenueOrder] = {}
        self.counts: Counter[str] = Counter()
        self.skew_ms = 0
        self.stalled_at_ms: int | None = None
        self.mark = MAKER_PX
        self.tell: Tell = lambda order, fill: None
        self.witness: Callable[[VenueFill], None] = lambda fill: None
        self._asked: set[str] = set()
        self._last_oid = self._last_trade = FIRST_ID
        self._last_ms = 0

    def now_ms(self) -> int:
        """The venue's clock: skewed, stepping, and standing still while the chain stalls."""
        if self.stalled_at_ms is not None:
            return self.stalled_at_ms
        return EPOCH_MS + self.loop.now_ns // NS_PER_MS + self.skew_ms

    def stall(self) -> None:
        if self.stalled_at_ms is None:
            self.stalled_at_ms = self.now_ms()

    def resume(self) -> None:
        self.stalled_at_ms = None

    def holding(self, ticker: str) -> Holding:
        return self.books.holdings.setdefault(ticker, Holding())

    def is_open(self, cloid: str) -> bool:
        return any(oid in self.open for oid in self.books.by_cloid.get(cloid, ()))

    def asked(self, cloid: str) -> None:
        """Count a request that reached the venue; the second of one client id was sent again."""
        self.counts["resent orders"] += cloid in self._asked
        self._asked.add(cloid)

    def accept(self, order: VenueOrder) -> VenueOrder:
        """Take an order into the books; a maker rests, an IOC meets the market at once."""
        self._last_oid += 1
        order.oid = self._last_oid
        order.placed_ms = order.updated_ms = self.now_ms()
        order.seen_ms = order.placed_ms + self.odds.lag_ms
        self.books.orders[order.oid] = order
        self.books.by_cloid.setdefault(order.cloid, []).append(order.oid)
        self.open[order.oid] = order
        self.counts["orders accepted"] += 1
        self.tell(order, None)
        if order.tif == "IOC":
            self._take(order)
        return order

    def _take(self, order: VenueOrder) -> None:
        """Let an IOC meet what the generator puts in its way."""
        lots = int(order.qty / self.contract.lot)
        roll = self.rng.randrange(100)
        if roll < self.odds.taker_none:
            taken = 0
        elif roll < self.odds.taker_none + self.odds.taker_part:
            taken = self.rng.randint(0, lots)
        else:
            taken = lots
        first = taken
        if taken > 1 and self.rng.randrange(100) < self.odds.taker_split:
            first = self.rng.randint(1, taken - 1)
        for part in (first, taken - first):
            if part:
                self.fill(order, part * self.contract.lot, is_maker=False)
        if order.status == LIVE:
            self.end(order, EXPIRED)

    def fill(self, order: VenueOrder, qty: Decimal, *, is_maker: bool) -> None:
        """Trade a piece of an order."""
        order.filled += qty
        order.updated_ms = self._engine_ms()
        trade = self._trade(order, qty, is_maker=is_maker)
        if order.filled == order.qty:
            order.status = FILLED
            self.open.pop(order.oid, None)
        self.tell(order, trade)

    def _engine_ms(self) -> int:
        """Times of the engine never fall, though the clock that we are shown may step."""
        self._last_ms = max(self._last_ms, self.now_ms())
        return self._last_ms

    def _trade(self, order: VenueOrder, qty: Decimal, *, is_maker: bool) -> VenueFill:
        held = self.holding(order.ticker)
        self._last_trade += 1
        trade = VenueFill(
            trade_id=self._last_trade,
            oid=order.oid,
            cloid=order.cloid,
            ticker=order.ticker,
            sign=order.sign,
            qty=qty,
            price=order.price if is_maker else self.mark,
            time_ms=order.updated_ms,
            is_maker=is_maker,
            start_position=held.amount,
            forced=order.forced,
        )
        self._hold(held, trade)
        self.books.fills.append(trade)
        self.witness(trade)
        self.counts["maker fills" if is_maker else "taker fills"] += 1
        return trade

    def _hold(self, held: Holding, trade: VenueFill) -> None:
        signed = trade.sign * trade.qty
        amount = held.amount + signed
        if held.amount == 0 or held.amount * signed > 0:
            worth = abs(held.amount) * held.entry + trade.qty * trade.price
            held.entry = worth / abs(amount)
        elif amount == 0:
            held.entry = ZERO
        elif held.amount * amount < 0:
            held.entry = trade.price
        held.amount = amount
        held.updated_ms = trade.time_ms

    def end(self, order: VenueOrder, status: str) -> None:
        order.status = status
        order.updated_ms = self._engine_ms()
        self.open.pop(order.oid, None)
        self.tell(order, None)

    def cancel(self, order: VenueOrder) -> None:
        self.counts["cancels"] += 1
        self.end(order, CANCELLED)

    def makers(self) -> list[VenueOrder]:
        return [order for order in self.open.values() if order.tif != "IOC"]

    def flow(self, pieces: int) -> int:
        """Let a taker flow of somebody else hit resting makers; return how many pieces traded."""
        done = 0
        resting = self.makers()
        hit = sorted(self.rng.choices(range(len(resting)), k=pieces)) if resting else []
        for index in hit:
            order = resting[index]
            if order.status == LIVE:
                lots = min(int(order.left / self.contract.lot), self.rng.choice((1, 1, 2, 3, 5)))
                self.fill(order, lots * self.contract.lot, is_maker=True)
                done += 1
        return done

    def external(self, qty: Decimal, sign: int, *, is_system: bool) -> None:
        """Trade on our account what no order of ours caused: by hand, or a liquidation."""
        cloid = "" if is_system else "by-hand"
        order = VenueOrder(0, cloid, self.contract.ticker, sign, qty, self.mark, "EXTERNAL", 0, 0)
        self._last_oid += 1
        order.oid = self._last_oid
        order.placed_ms = self._engine_ms()
        self.books.orders[order.oid] = order
        self.counts["external fills"] += 1
        self.fill(order, qty, is_maker=False)

    def force(self, qty: Decimal, cloid: str, forced: str) -> None:
        """Close a part of our position as the venue does it: an ordinary trade of its own order."""
        held = self.holding(self.contract.ticker)
        qty, sign = min(qty, abs(held.amount)), -1 if held.amount > 0 else 1
        self._last_oid += 1
        order = VenueOrder(
            self._last_oid, cloid, self.contract.ticker, sign, qty, self.mark, "EXTERNAL", 0, 0
        )
        order.forced, order.placed_ms = forced, self._engine_ms()
        self.books.orders[order.oid] = order
        self.counts["forced fills"] += 1
        self.fill(order, qty, is_maker=False)

    def restart(self) -> None:
        """Begin anew from the books: what rests and the numbers go on where they were."""
        books = self.books
        self.resume()
        self.open = {oid: one for oid, one in books.orders.items() if one.status == LIVE}
        self._last_oid = max(books.orders, default=FIRST_ID)
        self._last_trade = max((one.trade_id for one in books.fills), default=FIRST_ID)

    def find(self, *, oid: int | None, cloid: str | None) -> VenueOrder | None:
        """Answer a query: what was accepted a moment ago is not found yet."""
        if oid is None:
            oids = self.books.by_cloid.get(cloid or "", ())
            live = [one for one in oids if one in self.open]
            oid = (live or list(oids) or [0])[-1]
        order = self.books.orders.get(oid)
        if order is None or order.seen_ms > self.now_ms():
            self.counts["lagging lookups"] += order is not None
            return None
        return order

    def recent(self, since_ms: int = 0) -> list[VenueOrder]:
        """Return the orders that lists of recent ones show: they lag as much as queries do."""
        now_ms = self.now_ms()
        return [
            order
            for order in self.books.orders.values()
            if order.seen_ms <= now_ms and order.placed_ms >= since_ms
        ]
