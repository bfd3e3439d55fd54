"""A gateway as a process between a paper exchange and a real bus, and the folds that keep pages.

The oracle is the exchange's own books: `differences` is empty when orders and positions agree.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from examples.walkthrough.audit import orders_agree, positions_agree
from services.hedger.fold.router import HedgerFold
from services.hedger.policy.rules import DEFAULT_RULES
from services.order_state.fold import OrderFold
from services.position_state.fold import PositionFold
from tandem.bus import topology
from tandem.bus.port import Entry
from tandem.cli.stack import Child, StackPlan, checkout
from tandem.domain.ids import ClientOrderId, Strategy, Token, VenueOrderId
from tandem.domain.order import OrderType
from tandem.messages import codec, subjects
from tandem.messages.codec import Fact
from tandem.messages.deltas import OrderView, PositionView
from tandem.messages.hedges import Decision
from tandem.messages.intents import CancelOrder, NewOrder
from tandem.messages.queries import OrdersPage, PageRequest, PositionsPage
from tandem.messages.reports import FillReport, LinkReport, LinkState, OrderReport
from tandem.runtime.clock import SystemClock
from tandem.runtime.config import Environment
from tests.integration import state_services
from tests.integration.gateway_hyperliquid import Relay
from tests.integration.resync_venues import ASKS, BIDS, VENUES, Venue

STRATEGY = Strategy("test")
BACKFILL_S = 1
HOUR_S = 3_600
POLL_S = 0.05
F = TypeVar("F")


def cloid(number: int) -> ClientOrderId:
    return ClientOrderId(f"0x{number:032x}")


class ResyncWorld:
    """What a test does and sees."""

    def __init__(
        self, venue: Venue, relay: Relay, gateway: Child, folds: state_services.World
    ) -> None:
        self.venue = venue
        self.relay = relay
        self.gateway = gateway
        self.folds = folds
        self.entries: list[tuple[Entry, Fact]] = []

    def take(self, entry: Entry) -> None:
        self.entries.append((entry, codec.decode_fact(entry.payload)))

    def facts(self, kind: type[F]) -> list[F]:
        return [fact for _, fact in self.entries if isinstance(fact, kind)]

    def fills(self) -> list[FillReport]:
        return self.facts(FillReport)

    def states(self) -> list[LinkState]:
        """Return the states that the session with the venue went through."""
        return [link.state for link in self.facts(LinkReport)]

    def is_resynced(self) -> bool:
        return self.states()[-1:] == [LinkState.RESYNCED]

    def broke_since(self, known: int) -> bool:
        """Tell whether the session with the venue broke after its first `known` states."""
        return LinkState.DOWN in self.states()[known:]

    def reports(self, oid: str) -> list[OrderReport]:
        return [one for one in self.facts(OrderReport) if one.venue_order_id == oid]

    def reports_of(self, number: int) -> list[OrderReport]:
        return [one for one in self.facts(OrderReport) if one.client_order_id == cloid(number)]

    def decisions(self) -> list[Decision]:
        return self.facts(Decision)

    async def log(self, subject: str, fact: Fact) -> None:
        await self.folds.bus.log.append(subject, codec.encode(fact))

    async def place(self, name: ClientOrderId, amount: str, price: str) -> None:
        """Ask the gateway for a limit order."""
        order = NewOrder(
            exc=self.venue.exc,
            ticker=self.venue.ticker,
            client_order_id=name,
            amount=Decimal(amount),
            order_type=OrderType.LIMIT,
            strategy=STRATEGY,
            price=Decimal(price),
        )
        await self.log(subjects.new_order(self.venue.exc, STRATEGY, name), order)

    async def cancel_oid(self, oid: str) -> None:
        """Ask the gateway to cancel an order by the venue's id."""
        exc, token = self.venue.exc, Token("call")
        cancel = CancelOrder(
            exc=exc,
            token=token,
            strategy=STRATEGY,
            venue_order_id=VenueOrderId(oid),
            ticker=self.venue.ticker,
        )
        await self.log(subjects.cancel_by_oid(exc, STRATEGY, oid, token), cancel)

    async def trade(self, side: str, price: str, qty: str) -> None:
        await self.venue.trade(side, price, qty)

    def orders(self) -> tuple[OrderView, ...]:
        """Return the page of the orders that are open at the venue, as far as we know."""
        copy = self.folds.copies["order-state"][0]
        query = PageRequest(exc=self.venue.exc)
        page = copy.fold.answer(copy.runner.state, copy.runner.head, subjects.ORDERS_PAGE, query)
        assert isinstance(page, OrdersPage)
        return page.orders

    def positions(self) -> tuple[PositionView, ...]:
        copy = self.folds.copies["position-state"][0]
        query = PageRequest(exc=self.venue.exc)
        page = copy.fold.answer(copy.runner.state, copy.runner.head, subjects.POSITIONS_PAGE, query)
        assert isinstance(page, PositionsPage)
        return page.positions

    def amount(self) -> Decimal:
        return sum((row.amount for row in self.positions()), Decimal(0))

    def row(self, oid: str) -> OrderView | None:
        return next((row for row in self.orders() if row.venue_order_id == oid), None)

    async def differences(self) -> list[str]:
        """Return how pages and books differ."""
        books = await self.venue.books()
        return orders_agree(self.orders(), books) + positions_agree(self.positions(), books)

    async def agrees(self, within_s: float) -> None:
        """Wait until pages and books agree; fail with what differs."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_s
        while differing := await self.differences():
            assert loop.time() < deadline, differing
            await SystemClock().sleep(POLL_S)

    async def kill_gateway(self) -> None:
        await asyncio.to_thread(self.gateway.kill)

    async def start_gateway(self) -> None:
        await asyncio.to_thread(self.gateway.start)


async def _folds(url: str, limits: topology.Limits) -> state_services.World:
    bus = await state_services.connect(url)
    await topology.apply(bus, limits)
    folds = state_services.World(url, bus)
    for fold in (OrderFold(), PositionFold(), HedgerFold(DEFAULT_RULES)):
        await folds.add(fold)
    return folds


@contextlib.asynccontextmanager
async def resync_world(
    name: str, nats_url: str, directory: Path, **variables: str
) -> AsyncIterator[ResyncWorld]:
    """Run exchange, relay, gateway and folds; yields when all are ready."""
    async with VENUES[name](directory) as venue, contextlib.AsyncExitStack() as stack:
        relay = Relay(venue.port)
        port = await relay.start()
        stack.push_async_callback(relay.close)
        retention_s = Environment(variables).duration_s(
            "TANDEM_RETENTION", "48h", least=10, most=HOUR_S * 48
        )
        folds = await _folds(nats_url, topology.Limits(retention_s))
        stack.push_async_callback(folds.close)
        command = (sys.executable, "-m", venue.module)
        gateway = Child(f"gateway-{name}", command, StackPlan(checkout(), directory))
        gateway.environment = {
            **venue.variables(port),
            "TANDEM_NATS_URL": nats_url,
            "TANDEM_TICKERS": venue.ticker,
            "TANDEM_BACKFILL_SECONDS": str(BACKFILL_S),
            "TANDEM_LOG_LEVEL": "info",
            **variables,
        }
        await venue.show(BIDS, ASKS)
        world = ResyncWorld(venue, relay, gateway, folds)
        following = await folds.bus.log.follow((subjects.ALL_FACTS,), 0, world.take)
        stack.push_async_callback(following.close)
        stack.push_async_callback(asyncio.to_thread, gateway.stop)
        await world.start_gateway()
        yield world
