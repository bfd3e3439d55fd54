"""Gathers what the verdict rests on: the venues' books, the log, every copy's pages, Redis."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeVar

import msgspec
import redis.asyncio

from examples.chaos.figures.timeline import Note
from examples.chaos.verdict import (
    BucketKey,
    Cause,
    Evidence,
    Shown,
    VenueOrder,
    VenueTrade,
    View,
    What,
    stem,
)
from examples.walkthrough.venue_books import Books, VenueBooks
from tandem import OMS
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Entry
from tandem.cli.servers import LocalServer
from tandem.domain.errors import UnavailableError
from tandem.domain.ids import Exc, maker_cloid
from tandem.domain.order import OrderStatus
from tandem.domain.units import NS_PER_MS, ONE
from tandem.messages import codec, subjects
from tandem.messages.deltas import OrderView, PositionView
from tandem.messages.facts import read_fact
from tandem.messages.hedges import Decision, Epoch
from tandem.messages.intents import CancelOrder, HedgeOrder, NewOrder, StopHedge
from tandem.messages.queries import HedgesPage, OrdersPage, PageRequest, PositionsPage
from tandem.messages.reports import FillReport, LinkReport, OrderReport
from tandem.runtime.clock import Clock
from tandem.runtime.fold.redis_pages import page_key
from tandem.runtime.resend_buffer import KEPT_NS

PageT = TypeVar("PageT", OrdersPage, PositionsPage, HedgesPage)
# With two copies, chance leaves one unasked once in half a million times.
ASKED_TIMES = 20
ASK_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 300.0
POLL_S = 0.05
REJECTED_ENDING = "rejected"
# Whose cancels are not a strategy's.
SYSTEM = ("hedger", "gateway")


@dataclass(slots=True)
class LogFacts:
    """What the log says of orders under our tags, gathered fact by fact."""

    makers: dict[str, Cause] = field(default_factory=dict)
    takers: dict[str, Cause] = field(default_factory=dict)
    plain: dict[str, Cause] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    fills: list[What] = field(default_factory=list)
    in_doubt: set[str] = field(default_factory=set)
    cancels: set[str] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)
    messages: int = 0

    def read(self, entry: Entry) -> None:
        self.messages += 1
        fact = read_fact(entry.subject, entry.payload)
        note = note_of(fact, entry)
        if note is not None:
            self.notes.append(note)
        match fact:
            case HedgeOrder() | Decision() | NewOrder(hedge_id=None):
                self._take_cause(fact)
            case FillReport():
                what = (fact.exc, str(fact.venue_order_id), fact.signed_qty, fact.last_px)
                self.fills.append(what)
            case OrderReport(in_doubt=True, client_order_id=cloid) if cloid is not None:
                self.in_doubt.add(cloid)
            case StopHedge(strategy=strategy) | CancelOrder(strategy=strategy):
                if strategy not in SYSTEM:
                    self.cancels.add(entry.subject)
            case _:
                pass

    def _take_cause(self, fact: HedgeOrder | Decision | NewOrder) -> None:
        match fact:
            case HedgeOrder() as hedge:
                pool = hedge.pool or hedge.strategy
                legs = [((pool, leg.exc, leg.ticker), leg.ratio) for leg in hedge.legs]
                name = stem(maker_cloid(hedge.hedge_id))
                _keep(self.makers, name, Cause(hedge.maker.amount, tuple(legs)))
                self.owners[name] = hedge.strategy
            case Decision() as made:
                key = (made.pool, made.exc, made.ticker)
                for taker in made.takers:
                    cause = Cause(taker.amount, ((key, ONE),))
                    _keep(self.takers, taker.client_order_id, cause)
            case NewOrder() as order:
                _keep(self.plain, order.client_order_id, Cause(order.amount, ()))
                self.owners[stem(order.client_order_id)] = order.strategy

    def without_fills(self) -> "LogFacts":
        """Return what stays true although the log was cut: why orders are at the venues."""
        return replace(self, fills=[], messages=0)

    def also(self, other: "LogFacts") -> "LogFacts":
        """Return these facts with the causes and notes of a log that was cut."""
        both = replace(
            self,
            makers=dict(self.makers),
            takers=dict(self.takers),
            plain=dict(self.plain),
            owners=self.owners | other.owners,
            in_doubt=self.in_doubt | other.in_doubt,
            cancels=self.cancels | other.cancels,
            notes=[*self.notes, *other.notes],
        )
        for name in ("makers", "takers", "plain"):
            for cloid, cause in getattr(other, name).items():
                _keep(getattr(both, name), cloid, cause)
        return both


def _keep(causes: dict[str, Cause], name: str, cause: Cause) -> None:
    """Keep the largest cause of a name: a hedger behind a cut may have given a name anew."""
    former = causes.get(name)
    if former is None or abs(cause.amount) > abs(former.amount):
        causes[name] = cause


def note_of(fact: codec.Fact, entry: Entry) -> Note | None:
    """Return what a fact says about how a hedge went, or why it waited."""
    at_ms = entry.ts_ns // NS_PER_MS
    match fact:
        case Decision():
            names = " ".join(taker.client_order_id for taker in fact.takers)
            return Note(at_ms, "log", "decision", f"{fact.pool} attempt={fact.attempt} {names}")
        case OrderReport(in_doubt=True):
            return Note(at_ms, "log", "in doubt", f"{fact.exc} {fact.client_order_id}")
        case OrderReport(order_status=OrderStatus.REJECTED):
            return Note(at_ms, "log", "rejected", f"{fact.exc} {fact.client_order_id} {fact.text}")
        case LinkReport():
            return Note(at_ms, "log", str(fact.state), f"{fact.exc} {fact.run[:4]} {fact.text}")
        case Epoch():
            return Note(at_ms, "log", "epoch", f"{fact.epoch} {fact.text}")
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Whom to ask. `least` is the least that may be sent to the hedge venue, by its price."""

    venues: Mapping[str, VenueBooks]
    bus: NatsBus
    clients: tuple[OMS, ...]
    redis_url: str
    clock: Clock
    least: Callable[[], Decimal]


async def read_log(bus: NatsBus, clock: Clock) -> LogFacts:
    """Read the whole log afresh, by nobody's state but its own."""
    facts = LogFacts()
    last_seq = (await bus.log.state()).last_seq
    reached = 0

    def on_entry(entry: Entry) -> None:
        nonlocal reached
        reached = entry.seq
        facts.read(entry)

    following = await bus.log.follow((subjects.ALL_FACTS,), 0, on_entry)
    async with asyncio.timeout(READ_TIMEOUT_S):
        while reached < last_seq:
            await clock.sleep(POLL_S)
    await following.close()
    return facts


async def read_cut_logs(kept: Sequence[LocalServer], clock: Clock) -> LogFacts:
    """Read every log that was taken away: what it told of causes stays true."""
    found = LogFacts()
    for server in kept:
        await asyncio.to_thread(server.start)
        bus = await NatsBus.connect(NatsOptions(server.url, "oracle"), clock)
        try:
            found = found.also((await read_log(bus, clock)).without_fills())
        except UnavailableError:
            continue  # It was taken away before anybody had made its streams anew.
        finally:
            await bus.close()
            await asyncio.to_thread(server.stop)
    return found


async def gather(witnesses: Witnesses, facts: LogFacts, wiped_ms: Sequence[int] = ()) -> Evidence:
    """Ask everybody once. `facts` may be empty for a look at the pages only.

    `wiped_ms`: when the log was deleted; what is older than is offered again may be missing in it.
    """
    books = {exc: await venue.books() for exc, venue in witnesses.venues.items()}
    trades = [
        VenueTrade(exc, one.order_id, one.client_order_id, one.amount, one.price, one.time_ms)
        for exc, venue in witnesses.venues.items()
        for one in await venue.trades()
    ]
    pages = await pages_of_copies(witnesses)
    forgotten = forgetful(wiped_ms, [trade.time_ms for trade in trades])
    return Evidence(
        told_since_ms=forgotten[-1] if forgotten else 0,
        forgetful=len(forgotten),
        orders=tuple(order for exc, book in books.items() for order in _orders(exc, book)),
        trades=tuple(trades),
        fills=tuple(facts.fills),
        makers=facts.makers,
        takers=facts.takers,
        plain=facts.plain,
        buckets=await shown_buckets(witnesses),
        books=tuple(_book(exc, book) for exc, book in books.items()),
        views=(*pages, *await redis_views(witnesses), *_mirrors(witnesses)),
    )


def forgetful(wiped_ms: Sequence[int], traded_ms: Sequence[int]) -> list[int]:
    """Return since when the log told again what it had lost, for each time that it lost more."""
    first_ms = min(traded_ms, default=0)
    since_ms = [at_ms - KEPT_NS // NS_PER_MS for at_ms in wiped_ms]
    return [one for one in since_ms if one > first_ms]


def _orders(exc: str, books: Books) -> list[VenueOrder]:
    return [
        VenueOrder(
            exc=exc,
            oid=one.order_id,
            cloid=one.client_order_id,
            amount=one.amount,
            filled=one.filled,
            is_open=one.is_open,
            ended_ms=one.updated_ms,
        )
        for one in books.orders
        if not one.status.lower().endswith(REJECTED_ENDING)
    ]


def _book(exc: str, books: Books) -> View:
    orders = {one.order_id: (one.amount, abs(one.filled)) for one in books.open_orders}
    positions = {one.symbol: one.amount for one in books.positions if one.amount}
    return View("venue", exc, orders, positions)


async def pages_of_copies(witnesses: Witnesses) -> list[View]:
    """Ask often enough for every copy to answer."""
    views = []
    for turn in range(ASKED_TIMES):
        for exc in witnesses.venues:
            orders, positions = await _pages(witnesses.bus, exc)
            views.append(
                View(
                    f"page (answer {turn})",
                    exc,
                    _open({row for row in orders.orders if row.exc == exc}),
                    _held({row for row in positions.positions if row.exc == exc}),
                )
            )
    return views


async def _pages(bus: NatsBus, exc: str) -> tuple[OrdersPage, PositionsPage]:
    ask = PageRequest(exc=Exc(exc))
    orders = await _ask(bus, subjects.ORDERS_PAGE, ask, OrdersPage)
    return orders, await _ask(bus, subjects.POSITIONS_PAGE, ask, PositionsPage)


async def _ask(bus: NatsBus, page: str, ask: PageRequest, kind: type[PageT]) -> PageT:
    answer = codec.decode_answer(await bus.request(page, codec.encode(ask), ASK_TIMEOUT_S))
    if not isinstance(answer, kind):
        raise UnavailableError(f"{page}: {answer}")
    return answer


async def shown_buckets(witnesses: Witnesses) -> dict[BucketKey, Shown]:
    """Return every bucket as the hedger's page shows it."""
    page = await _ask(witnesses.bus, subjects.HEDGES_PAGE, PageRequest(), HedgesPage)
    least = witnesses.least()
    return {
        (row.pool, row.exc, row.ticker): Shown(row.owed, row.in_flight, least)
        for row in page.buckets
    }


async def redis_views(witnesses: Witnesses) -> list[View]:
    """Return what any reader of Redis sees."""
    client = redis.asyncio.Redis.from_url(witnesses.redis_url, socket_timeout=ASK_TIMEOUT_S)
    try:
        return [await _redis_view(client, exc) for exc in witnesses.venues]
    finally:
        await client.aclose()


async def _redis_view(client: redis.asyncio.Redis, exc: str) -> View:
    orders = await client.hvals(page_key(f"orders:{exc}"))
    positions = await client.hvals(page_key(f"positions:{exc}"))
    return View(
        "redis",
        exc,
        _open({msgspec.json.decode(row, type=OrderView, strict=False) for row in orders}),
        _held({msgspec.json.decode(row, type=PositionView, strict=False) for row in positions}),
    )


def _mirrors(witnesses: Witnesses) -> list[View]:
    return [
        View(
            f"mirror of {client.strategy}",
            exc,
            _open(set(client.orders_peek(exc))),
            _held(set(client.positions_peek(exc))),
        )
        for client in witnesses.clients
        for exc in witnesses.venues
    ]


def _open(rows: set[OrderView]) -> dict[str, tuple[Decimal, Decimal]]:
    return {str(row.venue_order_id): (row.amount, row.cum_qty) for row in rows}


def _held(rows: set[PositionView]) -> dict[str, Decimal]:
    return {str(row.ticker): row.amount for row in rows if row.amount}
