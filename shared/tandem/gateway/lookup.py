"""How an order in doubt is looked for: by its id, and in a thorough round wherever it could be.

1. A round counts as absence only if every question was answered and the venue's time was shown
   before the first of them.
2. A fill since the intent on an order that nobody knows could be ours: that order is asked for
   by the venue's id, and the round proves nothing until it is known.
3. An order that is found ended, without its quantity, has its fills asked for at once.
"""

from tandem.domain.errors import UnavailableError
from tandem.domain.ids import VenueOrderId
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderStatus
from tandem.gateway.cancels import AskOrder
from tandem.gateway.core import Core
from tandem.gateway.dispatch import Dispatcher
from tandem.gateway.queries import VenueQueries
from tandem.gateway.requests import (
    FillsQuery,
    OpenOrdersQuery,
    OrderQuery,
    Report,
    VenueQueryError,
)
from tandem.gateway.sender import LookUp
from tandem.messages.reports import FillReport, OrderReport

MAX_STRANGERS = 20


class LookupInconclusiveError(UnavailableError):
    """The round proved nothing."""


class Lookups:
    """Carries out the questions of the sender and of the cancels."""

    def __init__(self, core: Core, queries: VenueQueries, dispatcher: Dispatcher) -> None:
        self._core = core
        self._queries = queries
        self._dispatcher = dispatcher
        self._failed = core.context.metrics.counter(
            "gateway_lookups_failed", "rounds without proof"
        )

    def look_up(self, effect: LookUp) -> None:
        self._core.context.tasks.spawn(self._look_up(effect), f"look-up-{effect.cloid}")

    def ask_order(self, effect: AskOrder) -> None:
        self._core.context.tasks.spawn(self._ask(effect), f"ask-{effect.key}")

    async def _look_up(self, effect: LookUp) -> None:
        sender = self._core.sender
        try:
            found, venue_ms = await self._round(effect)
        except (VenueQueryError, LookupInconclusiveError) as error:
            self._failed.inc()
            self._core.context.log.warning("lookup", cloid=effect.cloid, error=str(error))
            sender.lookup_failed(effect.cloid, self._core.now())
            return
        if found:
            self._dispatcher.carry_out(sender.found(effect.cloid, found))
        elif effect.is_thorough:
            self._dispatcher.carry_out(sender.absent(effect.cloid, venue_ms, self._core.now()))
        else:
            sender.lookup_failed(effect.cloid, self._core.now())
        self._dispatcher.pump()

    async def _round(self, effect: LookUp) -> tuple[tuple[Report, ...], int]:
        """Return what was found of the order, and the venue's time before the first question."""
        instrument = self._core.instruments.get(effect.ticker)
        if instrument is None:
            raise LookupInconclusiveError(f"{effect.ticker} is not in the instrument table")
        venue_ms = await self._queries.time_ms() if effect.is_thorough else 0
        query = OrderQuery(instrument=instrument, client_order_id=effect.cloid)
        found = await self._queries.order(query)
        if found:
            return (*found, *await self._missing_fills(effect, instrument, found)), venue_ms
        if not effect.is_thorough:
            return (), venue_ms
        return await self._search(effect, instrument), venue_ms

    async def _missing_fills(
        self, effect: LookUp, instrument: Instrument, found: tuple[Report, ...]
    ) -> tuple[Report, ...]:
        if not any(_lacks_quantity(fact) for fact in found):
            return ()
        query = FillsQuery((instrument,), effect.since_ms)
        return (await self._queries.listing(query, urgent=True)).facts

    async def _search(self, effect: LookUp, instrument: Instrument) -> tuple[Report, ...]:
        """Return the order's facts from the open orders or the fills; empty: nowhere."""
        listed = (await self._queries.listing(OpenOrdersQuery(), urgent=True)).facts
        query = FillsQuery((instrument,), effect.since_ms)
        fills = (await self._queries.listing(query, urgent=True)).facts
        ours = tuple(
            fact
            for fact in (*listed, *fills)
            if isinstance(fact, OrderReport | FillReport) and fact.client_order_id == effect.cloid
        )
        return ours or await self._unmask(effect, instrument, fills)

    async def _unmask(
        self, effect: LookUp, instrument: Instrument, fills: tuple[Report, ...]
    ) -> tuple[Report, ...]:
        """Ask for each unknown order that traded; return ours, or raise while one stays unknown."""
        unknown = self._strangers(fills)
        for oid in sorted(unknown)[:MAX_STRANGERS]:
            query = OrderQuery(instrument=instrument, venue_order_id=oid)
            facts = await self._queries.order(query) or ()
            for fact in facts:
                self._core.journal.log(fact)
            if any(isinstance(f, OrderReport) and f.client_order_id == effect.cloid for f in facts):
                return facts
        if unknown:
            raise LookupInconclusiveError(f"{len(unknown)} unknown orders traded since the intent")
        return ()

    def _strangers(self, fills: tuple[Report, ...]) -> set[VenueOrderId]:
        known = self._core.known.by_oid
        return {
            fill.venue_order_id
            for fill in fills
            if isinstance(fill, FillReport)
            and fill.client_order_id is None
            and not fill.is_system
            and (fill.ticker, fill.venue_order_id) not in known
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
