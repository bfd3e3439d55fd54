"""Which orders a cancel of many means: those we know of at once, then those the venue lists.

What was asked for after the cancel, in the order of the log, is not meant by it, nor what the
venue tells to have begun well after it: a copy that takes over finds cancels that are long done.
"""

from collections.abc import Iterator

from tandem.bus.port import Entry
from tandem.domain.order import OrderStatus
from tandem.domain.units import MS_PER_S, NS_PER_MS
from tandem.gateway.account.known_order import KnownOrder
from tandem.gateway.core.cancels import refusal
from tandem.gateway.port.requests import OpenOrdersQuery, Report, VenueQueryError
from tandem.gateway.shell.dispatcher import Dispatcher
from tandem.gateway.shell.state import Core
from tandem.gateway.shell.venue.venue_client import VenueQueries
from tandem.messages.intents import CancelOrder
from tandem.messages.reports import OrderReport
from tandem.transport.backoff import Backoff
from tandem.transport.priority import Priority

MAX_WAITING = 1_000
# By how much the venue's clock and the log's may differ.
CLOCKS_APART_NS = 5_000_000_000


class Sweeps:
    """Carries out cancels that name no order; those read before the fence wait for it.

    One that is under way when the right to send is lost waits for the next fence like them.
    """

    def __init__(self, core: Core, queries: VenueQueries, dispatcher: Dispatcher) -> None:
        self._core = core
        self._queries = queries
        self._dispatcher = dispatcher
        self._waiting: list[tuple[CancelOrder, Entry]] = []
        self._backoff = Backoff(f"{core.exc}:sweep", most_ms=1_000)

    def take(self, cancel: CancelOrder, entry: Entry) -> None:
        """Take such a cancel from the log."""
        if not self._dispatcher.is_open:
            self._waiting.append((cancel, entry))
            del self._waiting[:-MAX_WAITING]
            return
        self._start(cancel, entry)

    def _start(self, cancel: CancelOrder, entry: Entry) -> None:
        self._add(cancel, entry, tuple(self._meant(self._known(), cancel, entry)))
        self._core.context.tasks.spawn(self._sweep(cancel, entry), f"sweep-{cancel.token}")

    def on_open(self) -> None:
        """Take up what waited: what expired unseen is refused only if an order is still live."""
        waiting, self._waiting = self._waiting, []
        for cancel, entry in waiting:
            if not self._is_late(cancel, entry):
                self._start(cancel, entry)
            elif any(self._meant(self._known(), cancel, entry)):
                self._refuse(entry, "passed before the cancel could be sent")

    def _is_late(self, cancel: CancelOrder, entry: Entry) -> bool:
        return self._core.now().log_ns > entry.ts_ns + cancel.valid_for_ms * NS_PER_MS

    def _refuse(self, entry: Entry, rule: str) -> None:
        self._core.journal.log(refusal(self._core.exc, entry.subject, "valid_for_ms", rule))

    def _known(self) -> Iterator[KnownOrder]:
        """Orders that the log holds live, and those on their way."""
        yield from self._core.known.live_orders()
        for ticket in self._core.sender.orders():
            yield KnownOrder(ticket.ticker, ticket.cloid, None, OrderStatus.PENDING, 0)

    def _meant(
        self, orders: Iterator[KnownOrder], cancel: CancelOrder, entry: Entry
    ) -> Iterator[KnownOrder]:
        for order in orders:
            in_scope = cancel.ticker is None or order.ticker == cancel.ticker
            in_scope &= self._is_allowed(cancel, order)
            is_later = order.first_ns > entry.ts_ns + CLOCKS_APART_NS
            is_later |= self._core.known.was_asked_after(order.cloid, entry.seq)
            if in_scope and not is_later:
                yield order

    def _is_allowed(self, cancel: CancelOrder, order: KnownOrder) -> bool:
        owner = self._core.known.owners.get(order.cloid) if order.cloid is not None else None
        return self._core.settings.may_cancel(cancel.strategy, owner)

    async def _sweep(self, cancel: CancelOrder, entry: Entry) -> None:
        tries = 0
        while True:
            if not self._dispatcher.is_open:
                self._waiting.append((cancel, entry))
                return
            try:
                listing = await self._queries.listing(OpenOrdersQuery(), Priority.CANCEL)
            except VenueQueryError as error:
                tries += 1
                if self._is_late(cancel, entry):
                    self._refuse(entry, f"passed while the venue did not list orders: {error}")
                    return
                await self._core.context.clock.sleep(self._backoff.delay_ms(tries) / MS_PER_S)
                continue
            self._add(cancel, entry, tuple(self._meant(_listed(listing.facts), cancel, entry)))
            return

    def _add(self, cancel: CancelOrder, entry: Entry, orders: tuple[KnownOrder, ...]) -> None:
        effects = self._core.cancels.sweep(cancel, entry.subject, entry.ts_ns, iter(orders))
        self._dispatcher.carry_out_cancels(effects)
        self._dispatcher.pump()


def _listed(facts: tuple[Report, ...]) -> Iterator[KnownOrder]:
    for fact in facts:
        if isinstance(fact, OrderReport):
            yield KnownOrder(
                fact.ticker,
                fact.client_order_id,
                fact.venue_order_id,
                fact.order_status,
                fact.ts_event_ns,
            )
