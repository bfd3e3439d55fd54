"""How orders in doubt are looked for: by their ids, and in thorough rounds wherever they could be.

1. A round counts as absence only if every question was answered and the venue's time was shown
   before the first of them: the order by its id, the open orders, the fills since the intent.
2. A fill since the intent on an order that nobody knows could be ours: that order is asked for
   by the venue's id, and the round proves nothing until it is known.
3. An order that is found ended, without its quantity, has its fills asked for at once.
4. Orders that are due together share one round, and one round follows the other. Where one list
   of recent orders weighs less than a question for each of them it is asked first: what it shows
   is found. What it lacks proves nothing, for it may lag and be cut: absence takes each order's
   own question, and past the horizon it gets one.
5. While the venue's time does not advance its lists prove nothing, and are not asked for: a long
   stall would use up what cancels and hedges need.
6. What the venue's table does not list cannot be asked for by name, and is refused if it is sent:
   the lists of everything must do.
"""

import asyncio
from dataclasses import dataclass

from tandem.domain.errors import UnavailableError
from tandem.domain.ids import ClientOrderId, Ticker, VenueOrderId
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderStatus
from tandem.domain.units import MS_PER_S, NS_PER_MS
from tandem.gateway.core.cancels import AskOrder
from tandem.gateway.core.effects import Kill, LookUp
from tandem.gateway.port.requests import (
    CancelOne,
    FillsQuery,
    OpenOrdersQuery,
    OrderQuery,
    Query,
    Report,
    VenueQueryError,
)
from tandem.gateway.shell.dispatcher import Dispatcher
from tandem.gateway.shell.state import Core
from tandem.gateway.shell.venue.venue_client import VenueQueries
from tandem.messages.reports import FillReport, OrderReport
from tandem.transport.exchange import NoAnswerError, NothingSentError, Transport
from tandem.transport.priority import Priority

MAX_STRANGERS = 20
GATHER_S = 0.02
ASKED_AT_ONCE = 8
FEW = 8


class LookupInconclusiveError(UnavailableError):
    """The round proved nothing."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a round brought; `unknown` counts orders that traded and were not known before it."""

    facts: tuple[Report, ...]
    unknown: int


class Lookups:
    """Carries out the questions of the sender and of the cancels."""

    def __init__(self, core: Core, queries: VenueQueries, dispatcher: Dispatcher) -> None:
        self._core = core
        self._queries = queries
        self._dispatcher = dispatcher
        self._due: list[LookUp] = []
        self._is_searching = False
        self._kills = core.context.metrics.counter(
            "gateway_nonces_killed", "of requests in doubt: free or used", ("nonce",)
        )
        self._failed = core.context.metrics.counter(
            "gateway_lookups_failed", "rounds without proof"
        )

    def look_up(self, effect: LookUp) -> None:
        self._due.append(effect)
        if not self._is_searching:
            self._is_searching = True
            self._core.context.tasks.spawn(self._search_all(), "look-up")

    def ask_order(self, effect: AskOrder) -> None:
        self._core.context.tasks.spawn(self._ask(effect), f"ask-{effect.key}")

    def kill(self, effect: Kill) -> None:
        self._core.context.tasks.spawn(self._kill(effect), f"kill-{effect.cloid}")

    async def _kill(self, effect: Kill) -> None:
        """Use up a doubtful request's nonce: if it was free, the request is dead."""
        core, now = self._core, self._core.now()
        now_ms = now.mono_ns // NS_PER_MS
        costs = core.venue.order_costs(CancelOne, Transport.HTTP)
        if core.budgets.wait_ms(costs, now_ms, Priority.PROOF) or not core.lease.holds(now.mono_ns):
            return
        core.budgets.take(costs, now_ms, Priority.PROOF)
        request = core.venue.encode_kill(effect.stamp, core.stamps.ask(now.venue_ms))
        try:
            answer = await core.network.call(request, core.settings.answer_timeout_ms / MS_PER_S)
        except (NothingSentError, NoAnswerError):
            return
        is_killed = core.venue.is_killed(answer)
        self._kills.labels("free" if is_killed else "used").inc()
        if is_killed:
            killed = core.sender.killed(effect.cloid, effect.stamp.call, core.now())
            self._dispatcher.carry_out(killed)
            self._dispatcher.pump()

    async def _search_all(self) -> None:
        """Carry out all that is due, and what becomes due meanwhile after it."""
        try:
            while self._due:
                await self._core.context.clock.sleep(GATHER_S)
                due, self._due = self._due, []
                await self._search(due)
                self._dispatcher.pump()
        finally:
            self._is_searching = False

    async def _search(self, effects: list[LookUp]) -> None:
        """Look for orders in one round: everywhere, where absence could be concluded."""
        left = effects
        try:
            is_thorough = any(effect.is_thorough for effect in effects)
            venue_ms = await self._queries.time_ms() if is_thorough else 0
            recent = await self._recent(effects)
            left = self._unfound(effects, recent or ())
            # Before the horizon a question for each says no more than the list that lacks it, and
            # of many orders they would use up what the rounds past the horizon need.
            is_rare = recent is not None or len(left) > FEW
            first = 1 if recent is None else 0
            asked = [one for one in left if one.is_thorough or not is_rare or one.nth <= first]
            done = await self._ask_each(asked)
            left = [one for one in left if one.cloid not in done]
            left = [one for one in left if self._can_count(one, venue_ms)]
            if left:
                self._judge(left, await self._listed(left, recent or ()), venue_ms)
        except (VenueQueryError, LookupInconclusiveError) as error:
            for effect in left:
                self._fail(effect, error)

    async def _recent(self, effects: list[LookUp]) -> tuple[Report, ...] | None:
        since_ms = min(effect.since_ms for effect in effects)
        instruments = self._instruments(effects)
        return await self._queries.recent(instruments, since_ms, len(effects), Priority.PROOF)

    def _instruments(self, effects: list[LookUp]) -> tuple[Instrument, ...]:
        table = self._core.instruments
        tickers = dict.fromkeys(effect.ticker for effect in effects)
        return tuple(table[ticker] for ticker in tickers if ticker in table)

    def _unfound(self, effects: list[LookUp], listed: tuple[Report, ...]) -> list[LookUp]:
        """Take what a list shows; return the orders that it does not, or without a quantity."""
        shown: dict[ClientOrderId, list[Report]] = {}
        for fact in listed:
            if isinstance(fact, OrderReport) and fact.client_order_id is not None:
                shown.setdefault(fact.client_order_id, []).append(fact)
        left = []
        for effect in effects:
            facts = tuple(shown.get(effect.cloid, ()))
            if not facts or any(_lacks_quantity(fact) for fact in facts):
                left.append(effect)
            else:
                found = self._core.sender.found(effect.cloid, facts, self._core.now())
                self._dispatcher.carry_out(found)
        return left

    async def _ask_each(self, effects: list[LookUp]) -> set[ClientOrderId]:
        """Ask for each order by its id; return which need no more of this round."""
        at_once = asyncio.Semaphore(ASKED_AT_ONCE)

        async def ask(effect: LookUp) -> bool:
            async with at_once:
                return await self._is_done(effect)

        done = await asyncio.gather(*map(ask, effects))
        return {one.cloid for one, is_done in zip(effects, done, strict=True) if is_done}

    async def _is_done(self, effect: LookUp) -> bool:
        """Ask for an order by its id; False when the venue knows no such order."""
        try:
            return await self._is_found(effect)
        except (VenueQueryError, LookupInconclusiveError) as error:
            self._fail(effect, error)
            return True

    def _can_count(self, effect: LookUp, venue_ms: int) -> bool:
        if effect.may_prove(venue_ms):
            return True
        self._core.sender.lookup_failed(effect.cloid, self._core.now())
        return False

    def _judge(self, effects: list[LookUp], everything: "Seen", venue_ms: int) -> None:
        """Conclude for each order from all that the venue shows."""
        for effect in effects:
            ours = tuple(fact for fact in everything.facts if _names(fact, effect.cloid))
            if ours:
                found = self._core.sender.found(effect.cloid, ours, self._core.now())
                self._dispatcher.carry_out(found)
            elif everything.unknown:
                text = f"{everything.unknown} unknown orders traded since the intent"
                self._fail(effect, LookupInconclusiveError(text))
            else:
                absent = self._core.sender.absent(effect.cloid, venue_ms, self._core.now())
                self._dispatcher.carry_out(absent)

    def _fail(self, effect: LookUp, error: Exception) -> None:
        self._failed.inc()
        self._core.context.log.warning("lookup", cloid=effect.cloid, error=str(error))
        self._core.sender.lookup_failed(effect.cloid, self._core.now())

    async def _is_found(self, effect: LookUp) -> bool:
        """Ask for an order by its id.

        Raises:
            LookupInconclusiveError: a list was cut.
            VenueQueryError: no usable answer.
        """
        instrument = self._core.instruments.get(effect.ticker)
        if instrument is None:
            return False
        query = OrderQuery(instrument=instrument, client_order_id=effect.cloid)
        found = await self._queries.order(query)
        if not found:
            return False
        if any(_lacks_quantity(fact) for fact in found):
            fills = FillsQuery((query.instrument,), effect.since_ms)
            found = (*found, *await self._whole(fills))
        facts = self._core.sender.found(effect.cloid, found, self._core.now())
        self._dispatcher.carry_out(facts)
        return True

    async def _whole(self, query: Query) -> tuple[Report, ...]:
        """Return a listing that shows everything.

        Raises:
            LookupInconclusiveError: there are more pages than we read.
        """
        listing = await self._queries.listing(query, Priority.PROOF)
        if listing.unsound:
            raise LookupInconclusiveError(f"a row cannot be so: {listing.unsound[0].text}")
        if listing.more is not None:
            raise LookupInconclusiveError(f"cut after {len(listing.facts)} facts: {listing.more}")
        return listing.facts

    async def _listed(self, effects: list[LookUp], recent: tuple[Report, ...]) -> "Seen":
        """Return the open orders, the fills, and what the orders are that nobody knows."""
        instruments = self._instruments(effects)
        is_all_listed = all(effect.ticker in self._core.instruments for effect in effects)
        listed = await self._whole(OpenOrdersQuery(instruments if is_all_listed else ()))
        fills = await self._whole(FillsQuery(instruments, min(one.since_ms for one in effects)))
        strangers = self._strangers(fills)
        unmasked: list[Report] = [fact for fact in recent if _name(fact) in strangers]
        strangers -= {_name(fact) for fact in unmasked}
        for ticker, oid in sorted(strangers)[:MAX_STRANGERS]:
            asked = OrderQuery(instrument=self._core.instruments[ticker], venue_order_id=oid)
            unmasked += await self._queries.order(asked) or ()
        for fact in unmasked:
            self._core.journal.log(fact)
        return Seen((*listed, *fills, *unmasked), len(strangers))

    def _strangers(self, fills: tuple[Report, ...]) -> set[tuple[Ticker, VenueOrderId | None]]:
        return {
            (fill.ticker, fill.venue_order_id)
            for fill in fills
            if isinstance(fill, FillReport)
            and fill.client_order_id is None
            and not fill.is_system
            and fill.ticker in self._core.instruments
            and not self._core.known.has_oid(fill.ticker, fill.venue_order_id)
        }

    async def _ask(self, effect: AskOrder) -> None:
        cancels = self._core.cancels
        try:
            facts = await self._queries.order(effect.query)
        except VenueQueryError as error:
            self._core.context.log.warning("question", key=effect.key, error=str(error))
            cancels.ask_failed(effect.key, self._core.now())
            return
        asked = cancels.asked(effect.key, facts, self._core.now())
        self._dispatcher.carry_out_cancels(asked)
        self._dispatcher.pump()


def _lacks_quantity(fact: Report) -> bool:
    if not isinstance(fact, OrderReport) or fact.order_status is OrderStatus.REJECTED:
        return False
    return fact.order_status.is_terminal and fact.cum_qty is None


def _name(fact: Report) -> tuple[Ticker, VenueOrderId | None]:
    oid = fact.venue_order_id if isinstance(fact, OrderReport) else None
    return fact.ticker, oid


def _names(fact: Report, cloid: ClientOrderId) -> bool:
    return isinstance(fact, OrderReport | FillReport) and fact.client_order_id == cloid
