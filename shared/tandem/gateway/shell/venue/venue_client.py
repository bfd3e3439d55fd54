"""How the venue is asked over HTTP: inside the budgets, in turn, one request after another.

1. What a refusal asks us to wait holds for every request of the account.
2. After "too many requests" the rest of a question is not asked: the refusal stands for it.
3. A question of many requests takes room for each as it is asked: the venue weighs each by itself.
"""

import contextlib
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace

from tandem.domain.execution import OutcomeKind
from tandem.domain.instrument import Instrument
from tandem.domain.units import MS_PER_S, NS_PER_MS
from tandem.gateway.port.fill_windows import FillLimits
from tandem.gateway.port.requests import (
    AccountQuery,
    BalanceQuery,
    FillsQuery,
    InstrumentsQuery,
    Listing,
    OrderQuery,
    OrderRequest,
    Outcome,
    Query,
    RecentOrdersQuery,
    Report,
    Stamp,
    TimeQuery,
    UnansweredError,
    VenueQueryError,
)
from tandem.gateway.shell.state import Core
from tandem.messages.queries import VenueBalance
from tandem.transport.exchange import NoAnswerError, NothingSentError, RawAnswer, Transport
from tandem.transport.priority import Priority
from tandem.transport.rate_limit import MOST_WAITING, Cost

QUERY_TIMEOUT_S = 5.0
# A need waits for what these tell: one whose answer was lost is asked again sooner.
PROOF_TIMEOUT_S = 2.0
TABLE_TIMEOUT_S = 20.0
TIME_TIMEOUT_S = 1.0
MAX_PAGES = 50
# A pause or a smaller limit may be told meanwhile, or room be given by who was before.
MOST_NAP_MS = 250
THROTTLED = frozenset({418, 429})
Take = Callable[[tuple[Report, ...]], None]
TIMEOUTS_S = {InstrumentsQuery: TABLE_TIMEOUT_S, TimeQuery: TIME_TIMEOUT_S}


def timeout_s(query: Query, priority: Priority) -> float:
    """Return how long a question waits for its answer."""
    usual_s = TIMEOUTS_S.get(type(query), QUERY_TIMEOUT_S)
    return min(usual_s, PROOF_TIMEOUT_S) if priority <= Priority.PROOF else usual_s


@dataclass(frozen=True, slots=True)
class VenueQueries:
    """Asks one venue, each question with the priority of what wants to know."""

    core: Core

    async def ask(self, query: Query, priority: Priority) -> list[RawAnswer]:
        """Return the answers to one query.

        Raises:
            VenueQueryError: one request brought no answer, or too many wait.
        """
        core = self.core
        answers: list[RawAnswer] = []
        costs = core.venue.costs(query, Transport.HTTP)
        requests = core.venue.encode_query(query, core.stamp())
        for index in range(len(requests)):
            if answers and answers[-1].status in THROTTLED:
                answers.append(answers[-1])
                continue
            if await self._room(_part(costs, index, len(requests)), priority):
                # What was signed before may be too old by now.
                requests = core.venue.encode_query(query, core.stamp())
            try:
                answer = await core.network.call(requests[index], timeout_s(query, priority))
            except (NothingSentError, NoAnswerError) as error:
                raise UnansweredError(str(error)) from error
            core.budgets.observe(core.venue.usage(answer), self._mono_ms())
            core.budgets.take(core.venue.extra_costs(query, answer), self._mono_ms(), priority)
            answers.append(answer)
        return answers

    async def _room(self, costs: tuple[Cost, ...], priority: Priority) -> bool:
        """Wait until the request may be made; False: it might at once."""
        budgets, clock = self.core.budgets, self.core.context.clock
        if not budgets.wait_ms(costs, self._mono_ms(), priority):
            budgets.take(costs, self._mono_ms(), priority)
            return False
        place = budgets.enter(priority, costs)
        if place is None:
            text = f"too many requests wait for room: {budgets.waiting(priority)}"
            raise UnansweredError(f"{text} of {MOST_WAITING[priority]} {priority.name}", 0)
        try:
            while wait_ms := budgets.wait_ms(costs, self._mono_ms(), priority, place):
                await clock.sleep(min(wait_ms, MOST_NAP_MS) / MS_PER_S)
            budgets.take(costs, self._mono_ms(), priority)
            return True
        finally:
            budgets.leave(place)

    def _mono_ms(self) -> int:
        return self.core.context.clock.monotonic_ns() // NS_PER_MS

    @contextlib.contextmanager
    def _heeding(self) -> Iterator[None]:
        """Let the pause that a refusal asks for hold."""
        try:
            yield
        except VenueQueryError as error:
            if error.retry_after_ms:
                self.core.budgets.pause(self._mono_ms() + error.retry_after_ms)
            raise

    async def instruments(self, priority: Priority = Priority.UPKEEP) -> tuple[Instrument, ...]:
        answers = await self.ask(InstrumentsQuery(), priority)
        with self._heeding():
            return self.core.door.table(self.core.venue.decode_instruments(answers))

    async def time_ms(self) -> int:
        """Ask for the venue's clock, and let the measurement count."""
        clock = self.core.context.clock
        await self._room(self.core.venue.costs(TimeQuery(), Transport.HTTP), Priority.PROOF)
        request = self.core.venue.encode_query(TimeQuery(), self.core.stamp())
        answers = []
        sent_ns = clock.monotonic_ns()
        for one in request:
            sent_ns = clock.monotonic_ns()
            try:
                answers.append(await self.core.network.call(one, TIME_TIMEOUT_S))
            except (NothingSentError, NoAnswerError) as error:
                raise UnansweredError(str(error)) from error
        recv_ns = clock.monotonic_ns()
        with self._heeding():
            venue_ms = self.core.door.time_ms(self.core.venue.decode_time(answers))
        self.core.venue_clock.observe(venue_ms, sent_ns, recv_ns)
        return venue_ms

    async def order(
        self, query: OrderQuery, priority: Priority = Priority.PROOF
    ) -> tuple[Report, ...] | None:
        """Return an order's facts; None: the venue says that it knows no such order."""
        answers = await self.ask(query, priority)
        with self._heeding():
            found = self.core.venue.decode_order(query, answers)
            return None if found is None else self.core.door.order(found)

    async def listing(self, query: Query, priority: Priority, take: Take | None = None) -> Listing:
        """Return a whole listing, all its windows and their pages.

        With `take` each page's facts go there as it comes, and the listing has none: a list of
        many thousands is never held whole, and what came before a lost answer is not lost with it.
        """
        whole, told = Listing(()), dict[Hashable, int]()
        following = self._first(query)
        for number in range(MAX_PAGES):
            if following is None:
                break
            answers = await self.ask(following, priority)
            with self._heeding():
                page = self.core.door.listing(self.core.venue.decode_listing(following, answers))
            told |= self._fills.told(page.facts) if isinstance(query, FillsQuery) else {}
            if take is not None:
                take(page.facts)
                page = replace(page, facts=())
            whole = page if number == 0 else _joined(whole, page)
            following = page.more or self._next_window(query, following)
        return replace(whole, more=following, lost_until_ms=self._lost_until_ms(query, told))

    @property
    def _fills(self) -> FillLimits:
        return self.core.venue.traits.fills

    def _first(self, query: Query) -> Query | None:
        if not isinstance(query, FillsQuery):
            return query
        return self._fills.first(query, self.core.now().venue_ms)

    def _next_window(self, query: Query, asked: Query) -> Query | None:
        if not isinstance(query, FillsQuery) or not isinstance(asked, FillsQuery):
            return None
        return self._fills.following(query, asked, self.core.now().venue_ms)

    def _lost_until_ms(self, query: Query, told: Mapping[Hashable, int]) -> int | None:
        if not isinstance(query, FillsQuery):
            return None
        return self._fills.lost_until_ms(query, told, self.core.now().venue_ms)

    async def recent(
        self,
        instruments: tuple[Instrument, ...],
        since_ms: int,
        orders: int,
        priority: Priority,
    ) -> tuple[Report, ...] | None:
        """Return what a list of recent orders shows, None where there is none that would help.

        It saves up to a question for each of so many orders, and may weigh more than that.
        """
        if not instruments:
            return None
        listing = RecentOrdersQuery(instruments, since_ms)
        if self._weight(listing) >= orders * self._weight(OrderQuery(instrument=instruments[0])):
            return None
        try:
            return (await self.listing(listing, priority)).facts
        except VenueQueryError as error:
            self.core.context.log.warning("list of recent orders", error=str(error))
            return None

    def _weight(self, query: Query) -> int:
        return max(cost.units for cost in self.core.venue.costs(query, Transport.HTTP))

    async def account(self) -> str:
        """Return what names the account at the venue."""
        answers = await self.ask(AccountQuery(), Priority.UPKEEP)
        with self._heeding():
            return self.core.venue.decode_account(answers)

    async def balance(self) -> VenueBalance:
        answers = await self.ask(BalanceQuery(), Priority.QUESTION)
        with self._heeding():
            return self.core.venue.decode_balance(answers)

    async def order_request(self, request: OrderRequest, stamp: Stamp) -> Outcome:
        """Make an order request over HTTP; its costs are counted by the caller.

        Raises:
            NothingSentError: no byte was written, the request may be made again.
        """
        timeout_s = self.core.settings.answer_timeout_ms / MS_PER_S
        encoded = self.core.venue.encode_http(request, stamp)
        try:
            answer = await self.core.network.call(encoded, timeout_s)
        except NoAnswerError as error:
            return Outcome(kind=OutcomeKind.UNKNOWN, text=str(error))
        self.core.budgets.observe(self.core.venue.usage(answer), self._mono_ms())
        return self.core.door.outcome(self.core.venue.decode_outcome(request, answer))


def _joined(whole: Listing, page: Listing) -> Listing:
    """Return a listing with its next page: what it covers, and when, the first one said."""
    return replace(
        whole, facts=(*whole.facts, *page.facts), unsound=(*whole.unsound, *page.unsound)
    )


def _part(costs: tuple[Cost, ...], index: int, count: int) -> tuple[Cost, ...]:
    """Return what one of the requests of a question costs."""
    return tuple(
        Cost(cost.pool, cost.units * (index + 1) // count - cost.units * index // count)
        for cost in costs
    )
