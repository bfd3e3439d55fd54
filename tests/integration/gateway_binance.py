"""The Binance gateway as a process, before a paper exchange of its own and a real bus."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Entry
from tandem.cli.stack import Child, StackPlan, binance_variables, checkout
from tandem.domain.ids import (
    ClientOrderId,
    Exc,
    Pool,
    Strategy,
    Ticker,
    Token,
    bucket_hash,
    taker_cloid,
)
from tandem.domain.order import OrderStatus, OrderType
from tandem.messages import codec, subjects
from tandem.messages.codec import Answer, Fact
from tandem.messages.hedges import Decision, TakerOrder
from tandem.messages.intents import CancelOrder, NewOrder
from tandem.messages.queries import AskKind, VenueAsk
from tandem.messages.reports import FillReport, OrderReport
from tandem.runtime.clock import SystemClock
from tests.integration.binance_process import PaperVenue, paper_venue
from tests.integration.gateway_hyperliquid import Relay

EXC = Exc("binance")
SOL = Ticker("SOLUSDT")
STRATEGY = Strategy("test")
CALL = Token("call")
F = TypeVar("F")


def cloid(number: int) -> ClientOrderId:
    return ClientOrderId(f"0x{number:032x}")


class GatewayWorld:
    """What a test does: log intents, move the market, read what the gateway logged."""

    def __init__(self, bus: NatsBus, venue: PaperVenue, relay: Relay, gateway: Child) -> None:
        self.bus = bus
        self.venue = venue
        self.relay = relay
        self.gateway = gateway
        self.entries: list[tuple[Entry, Fact]] = []

    def take(self, entry: Entry) -> None:
        self.entries.append((entry, codec.decode_fact(entry.payload)))

    def facts(self, kind: type[F]) -> list[F]:
        return [fact for _, fact in self.entries if isinstance(fact, kind)]

    def reports(self, name: ClientOrderId) -> list[OrderReport]:
        return [one for one in self.facts(OrderReport) if one.client_order_id == name]

    def statuses(self, name: ClientOrderId) -> set[OrderStatus]:
        return {report.order_status for report in self.reports(name)}

    def fills_of(self, name: ClientOrderId) -> list[FillReport]:
        """Fills of one order, also those from lists, which name only the venue's id."""
        oids = {report.venue_order_id for report in self.reports(name)} - {None}
        return [fill for fill in self.facts(FillReport) if fill.venue_order_id in oids]

    async def place(self, name: ClientOrderId, amount: str, **terms: Any) -> None:
        """Log a new order: LIMIT if it has a price of any kind, else MARKET."""
        is_limit = "price" in terms or "price_match" in terms
        decimals: dict[str, Any] = {"price": Decimal(terms["price"])} if "price" in terms else {}
        order = NewOrder(
            exc=EXC,
            client_order_id=name,
            amount=Decimal(amount),
            order_type=OrderType.LIMIT if is_limit else OrderType.MARKET,
            strategy=STRATEGY,
            **{"ticker": SOL, **terms, **decimals},
        )
        await self.log(subjects.new_order(EXC, STRATEGY, name), order)

    async def cancel(self, name: ClientOrderId) -> None:
        order = CancelOrder(exc=EXC, token=CALL, strategy=STRATEGY, client_order_id=name)
        await self.log(subjects.cancel_order(EXC, STRATEGY, name, CALL), order)

    async def decide(self, amount: str) -> ClientOrderId:
        """Log a decision with one taker, made at the head of the log, and return the taker's id."""
        pool, state = Pool("pool"), await self.bus.log.state()
        taker = TakerOrder(
            client_order_id=taker_cloid(bucket_hash(EXC, SOL, pool), 0, 1, 0),
            amount=Decimal(amount),
            band_bp=Decimal(5),
            hard_cap_bp=Decimal(50),
        )
        decision = Decision(
            exc=EXC,
            ticker=SOL,
            pool=pool,
            epoch=0,
            ordinal=1,
            as_of=state.last_seq,
            need=taker.amount,
            attempt=0,
            rules="test",
            takers=(taker,),
        )
        await self.log(subjects.decision((EXC, SOL, pool), 0, 1), decision)
        return taker.client_order_id

    async def log(self, subject: str, fact: Fact) -> None:
        await self.bus.log.append(subject, codec.encode(fact))

    async def ask(self, kind: AskKind) -> Answer:
        payload = codec.encode(VenueAsk(kind=kind))
        return codec.decode_answer(await self.bus.request(subjects.venue_ask(EXC), payload, 5.0))


@contextlib.asynccontextmanager
async def gateway_world(
    nats_url: str, directory: Path, **variables: str
) -> AsyncIterator[GatewayWorld]:
    """Run exchange, relay and gateway, and follow the log; yields when all are ready."""
    async with paper_venue(directory) as venue:
        relay = Relay(venue.address.port)
        gateway = Child(
            "gateway-binance",
            (sys.executable, "-m", "services.gateway_binance"),
            StackPlan(root=checkout(), directory=directory),
        )
        gateway.environment = {
            **binance_variables(await relay.start()),
            "TANDEM_NATS_URL": nats_url,
            "TANDEM_TICKERS": SOL,
            "TANDEM_BACKFILL_SECONDS": "5",
            "TANDEM_HEDGER_SILENCE_MS": "0",  # there is no hedger here
            **variables,
        }
        bus = None
        try:
            gateway.spawn()
            await asyncio.to_thread(gateway.wait_ready)  # the relay runs in this loop
            bus = await NatsBus.connect(NatsOptions(url=nats_url, name="test"), SystemClock())
            world = GatewayWorld(bus, venue, relay, gateway)
            following = await bus.log.follow((subjects.reports_of(EXC),), 0, world.take)
            yield world
            await following.close()
        finally:
            if bus is not None:
                await bus.close()
            await asyncio.to_thread(gateway.stop)
            await relay.close()
