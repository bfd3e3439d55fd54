"""How what the sockets missed gets into the log: the venue's own lists, under the same identities.

1. A run asks for open orders, positions and fills; each order that the log holds live and the
   venue does not list is asked for by itself, and each whose end is told without its quantity.
2. Fills are asked from before the last run that succeeded, so that runs overlap.
3. Runs never overlap each other; what asks for one during a run gets another after it.
"""

import asyncio

from tandem.gateway import reconcile
from tandem.gateway.core import NS_PER_MS, Core
from tandem.gateway.known import KnownOrder
from tandem.gateway.queries import VenueQueries
from tandem.gateway.requests import (
    FillsQuery,
    Listing,
    OpenOrdersQuery,
    OrderQuery,
    PositionsQuery,
    Report,
    VenueQueryError,
)
from tandem.messages.reports import FillReport, OrderReport
from tandem.transport.backoff import Backoff

MARGIN_MS = 60_000
MAX_ASKED = 50
MS_PER_S = 1_000


class Backfill:
    """Runs when asked and every `backfill_s`."""

    def __init__(self, core: Core, queries: VenueQueries) -> None:
        self.begun = 0
        self._ended = 0
        self._core = core
        self._queries = queries
        self._wanted = asyncio.Event()
        self._done = asyncio.Event()
        self._filled_to_ms: int | None = None
        self._backoff = Backoff(f"{core.exc}:backfill", first_ms=250)
        self._ran = core.context.metrics.counter("gateway_backfills", "runs", ("result",))

    def want(self) -> None:
        """Ask for a run soon."""
        self._wanted.set()

    async def until_run_after(self, begun: int) -> None:
        """Wait for the end of a run that was not among the first `begun` to begin."""
        while self._ended <= begun:
            self._done.clear()
            await self._done.wait()

    async def run(self) -> None:
        """Run again and again."""
        tries = 0
        while True:
            await self._pause(tries)
            self._wanted.clear()
            self.begun += 1
            try:
                await self._run_once()
            except VenueQueryError as error:
                tries += 1
                self._ran.labels("failed").inc()
                self._core.context.log.warning("backfill", error=str(error))
                continue
            tries = 0
            self._ended = self.begun
            self._ran.labels("done").inc()
            self._done.set()

    async def _pause(self, tries: int) -> None:
        if tries:
            await self._core.context.clock.sleep(self._backoff.delay_ms(tries) / MS_PER_S)
            return
        try:
            async with asyncio.timeout(self._core.settings.backfill_s):
                await self._wanted.wait()
        except TimeoutError:
            return

    async def _run_once(self) -> None:
        core = self._core
        started_ms = core.now().venue_ms or await self._queries.time_ms()
        if self._filled_to_ms is None:
            since_ms = core.known.fills_since_ms(started_ms, MARGIN_MS)
        else:
            since_ms = self._filled_to_ms - MARGIN_MS
        await self._positions(started_ms)
        await self._fills(since_ms)
        await self._orders(started_ms)
        self._filled_to_ms = started_ms

    async def _positions(self, started_ms: int) -> None:
        maybe_open = self._core.known.maybe_open()
        listing = await self._queries.listing(PositionsQuery())
        self._log(listing)
        if listing.more is None:
            at_ms = listing.venue_ms or started_ms
            flat = reconcile.flat_positions(self._core.exc, maybe_open, listing.facts, at_ms)
            self._log(Listing(flat))

    async def _fills(self, since_ms: int) -> None:
        core = self._core
        dealt = core.known.dealt.union(order.ticker for order in core.known.live_orders())
        tickers = sorted(dealt.union(core.watched))
        instruments = tuple(core.instruments[one] for one in tickers if one in core.instruments)
        self._log(await self._queries.listing(FillsQuery(instruments, since_ms)))

    async def _orders(self, started_ms: int) -> None:
        live = self._core.known.live_orders()
        listing = await self._queries.listing(OpenOrdersQuery())
        self._log(listing)
        missing = reconcile.orders_to_ask(live, listing.facts, started_ms * NS_PER_MS)
        unproven = self._core.known.unproven_orders()
        for order in (*missing[:MAX_ASKED], *unproven[:MAX_ASKED]):
            await self._ask(order)

    async def _ask(self, order: KnownOrder) -> None:
        instrument = self._core.instruments.get(order.ticker)
        if instrument is None:
            return
        query = OrderQuery(
            instrument=instrument, client_order_id=order.cloid, venue_order_id=order.oid
        )
        facts = await self._queries.order(query)
        if facts is None:
            self._core.context.log.warning(
                "the venue does not know an order whose end the log does not prove",
                cloid=order.cloid,
                oid=order.oid,
            )
            return
        self._log(Listing(facts))

    def _log(self, listing: Listing) -> None:
        for fact in listing.facts:
            self._core.journal.log(fact)
            self._tell_sender(fact)

    def _tell_sender(self, fact: Report) -> None:
        if isinstance(fact, OrderReport | FillReport) and fact.client_order_id is not None:
            self._core.sender.take_fact(fact)
