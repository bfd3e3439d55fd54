"""How the venue is asked over HTTP: inside the budgets, one request after another."""

from dataclasses import dataclass

from tandem.domain.execution import OutcomeKind
from tandem.domain.instrument import Instrument
from tandem.gateway.core import NS_PER_MS, Core
from tandem.gateway.requests import (
    BalanceQuery,
    InstrumentsQuery,
    Listing,
    OrderQuery,
    OrderRequest,
    Outcome,
    Query,
    Report,
    Stamp,
    TimeQuery,
    VenueQueryError,
)
from tandem.messages.queries import VenueBalance
from tandem.transport.exchange import NoAnswerError, NothingSentError, RawAnswer, Transport

QUERY_TIMEOUT_S = 5.0
TABLE_TIMEOUT_S = 20.0
TIME_TIMEOUT_S = 1.0
MAX_PAGES = 50
MS_PER_S = 1_000
TIMEOUTS_S = {InstrumentsQuery: TABLE_TIMEOUT_S, TimeQuery: TIME_TIMEOUT_S}


@dataclass(frozen=True, slots=True)
class VenueQueries:
    """Asks one venue. `urgent` questions (an order in doubt, a cancel) may use the reserve."""

    core: Core

    async def ask(self, query: Query, *, urgent: bool = False) -> list[RawAnswer]:
        """Return the answers to one query.

        Raises:
            VenueQueryError: one request brought no answer.
        """
        core = self.core
        await self._room(query, urgent=urgent)
        answers = []
        for request in core.venue.encode_query(query, core.stamp()):
            try:
                answer = await core.network.call(
                    request, TIMEOUTS_S.get(type(query), QUERY_TIMEOUT_S)
                )
            except (NothingSentError, NoAnswerError) as error:
                raise VenueQueryError(str(error)) from error
            core.budgets.observe(core.venue.usage(answer), self._mono_ms())
            answers.append(answer)
        return answers

    async def _room(self, query: Query, *, urgent: bool) -> None:
        core, costs = self.core, self.core.venue.costs(query, Transport.HTTP)
        while wait_ms := core.budgets.wait_ms(costs, self._mono_ms(), urgent=urgent):
            await core.context.clock.sleep(wait_ms / MS_PER_S)
        core.budgets.take(costs, self._mono_ms())

    def _mono_ms(self) -> int:
        return self.core.context.clock.monotonic_ns() // NS_PER_MS

    async def instruments(self) -> tuple[Instrument, ...]:
        return self.core.venue.decode_instruments(await self.ask(InstrumentsQuery()))

    async def time_ms(self) -> int:
        """Ask for the venue's clock, and let the measurement count."""
        clock = self.core.context.clock
        await self._room(TimeQuery(), urgent=True)
        request = self.core.venue.encode_query(TimeQuery(), self.core.stamp())
        answers = []
        sent_ns = clock.monotonic_ns()
        for one in request:
            sent_ns = clock.monotonic_ns()
            try:
                answers.append(await self.core.network.call(one, TIME_TIMEOUT_S))
            except (NothingSentError, NoAnswerError) as error:
                raise VenueQueryError(str(error)) from error
        recv_ns = clock.monotonic_ns()
        venue_ms = self.core.venue.decode_time(answers)
        self.core.venue_clock.observe(venue_ms, sent_ns, recv_ns)
        return venue_ms

    async def order(self, query: OrderQuery) -> tuple[Report, ...] | None:
        """Return an order's facts; None: the venue says that it knows no such order."""
        return self.core.venue.decode_order(query, await self.ask(query, urgent=True))

    async def listing(self, query: Query, *, urgent: bool = False) -> Listing:
        """Return a whole listing, all its pages."""
        facts: list[Report] = []
        venue_ms: int | None = None
        following: Query | None = query
        for _ in range(MAX_PAGES):
            if following is None:
                return Listing(tuple(facts), venue_ms)
            answers = await self.ask(following, urgent=urgent)
            page = self.core.venue.decode_listing(following, answers)
            facts += page.facts
            venue_ms = page.venue_ms if venue_ms is None else venue_ms
            following = page.more
        return Listing(tuple(facts), venue_ms, following)

    async def balance(self) -> VenueBalance:
        return self.core.venue.decode_balance(await self.ask(BalanceQuery()))

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
        return self.core.venue.decode_outcome(request, answer)
