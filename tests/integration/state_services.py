"""The state services in this process over a real server, and a venue played by the test."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import structlog

from services.hedger.fold.router import HedgerFold
from services.hedger.policy.rules import DEFAULT_RULES
from services.order_state.fold import OrderFold
from services.position_state.fold import PositionFold
from tandem.bus import topology
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.domain.execution import Liquidity, ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderStatus, Side
from tandem.messages import facts, subjects
from tandem.messages.codec import Answer, AnyDelta, Fact, decode_delta, encode
from tandem.messages.queries import PageRequest
from tandem.messages.reports import FillReport, MarkReport, OrderReport, SpecsReport
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.failpoints import no_seam
from tandem.runtime.fold.options import FoldOptions, FoldPorts
from tandem.runtime.fold.runner import FoldRunner

EXC, TICKER = Exc("venue"), Ticker("SOL")
SECOND_NS = 1_000_000_000
SOL = Instrument(
    exc=EXC,
    ticker=TICKER,
    symbol="SOL",
    base_asset="SOL",
    quote_asset="USDT",
    tick=Decimal("0.01"),
    lot=Decimal("0.1"),
    min_qty=Decimal("0.1"),
    min_notional=Decimal(5),
)


@dataclass(slots=True)
class Copy:
    """One copy of one fold, on a connection of its own."""

    bus: NatsBus
    tasks: TaskOwner
    runner: FoldRunner[Any]
    fold: Any

    def page(self, subject: str) -> Answer:
        query = PageRequest(exc=EXC)
        answer: Answer = self.fold.answer(self.runner.state, self.runner.head, subject, query)
        return answer

    async def kill(self) -> None:
        """End it at once: nothing is drained, no snapshot is left."""
        await self.tasks.close()
        await self.bus.close()


@dataclass(slots=True)
class World:
    """`bus` is the venue's and the test's own connection."""

    url: str
    bus: NatsBus
    copies: dict[str, list[Copy]] = field(default_factory=dict)
    facts: int = 0

    async def add(self, fold: Any) -> Copy:
        """Start one more copy of a fold and wait until it has caught up."""
        clock, tasks, bus = SystemClock(), TaskOwner(), await connect(self.url)
        ports = FoldPorts(bus, clock, tasks, structlog.get_logger(), no_seam)
        copy = Copy(bus, tasks, FoldRunner(fold, ports, FoldOptions()), fold)
        await copy.runner.start()
        self.copies.setdefault(fold.name, []).append(copy)
        return copy

    async def close(self) -> None:
        for copies in self.copies.values():
            for copy in copies:
                await copy.kill()
        await self.bus.close()

    def ts_ns(self) -> int:
        """Return a venue time later than all before."""
        self.facts += 1
        return self.facts * SECOND_NS

    async def log(self, subject: str, fact: Fact) -> None:
        await self.bus.log.append(subject, encode(fact))

    async def list_instruments(self) -> None:
        specs = SpecsReport(exc=EXC, instruments=(SOL,))
        await self.log(facts.subject_of(specs), specs)

    async def report(
        self, cloid: ClientOrderId, status: OrderStatus, oid: str | None = None
    ) -> None:
        report = OrderReport(
            exc=EXC,
            ticker=TICKER,
            order_status=status,
            source=ReportSource.EVENT,
            ts_event_ns=self.ts_ns(),
            client_order_id=cloid,
            venue_order_id=None if oid is None else VenueOrderId(oid),
        )
        await self.log(subjects.order_report(report), report)

    async def outside(self) -> None:
        """Log an order that is not ours and has no client id."""
        report = OrderReport(
            exc=EXC,
            ticker=TICKER,
            order_status=OrderStatus.NEW,
            source=ReportSource.EVENT,
            ts_event_ns=self.ts_ns(),
            venue_order_id=VenueOrderId("900"),
            amount=Decimal(1),
            price=Decimal(100),
        )
        await self.log(subjects.order_report(report), report)

    async def mark(self, mid: str, ticker: str = TICKER) -> None:
        """Publish a price, as a gateway does."""
        mark = MarkReport(
            exc=EXC, ticker=Ticker(ticker), mid=Decimal(mid), ts_event_ns=self.ts_ns()
        )
        await self.bus.marks.append(*facts.written_mark(mark))

    async def fill(self, number: int, qty: str = "0.1") -> None:
        """Log a bought fill of the order that is not ours."""
        fill = FillReport(
            exc=EXC,
            ticker=TICKER,
            exec_id=ExecId(f"e{number}"),
            venue_order_id=VenueOrderId("900"),
            side=Side.BUY,
            last_qty=Decimal(qty),
            last_px=Decimal(100),
            source=ReportSource.EVENT,
            ts_event_ns=self.ts_ns(),
            liquidity=Liquidity.TAKER,
        )
        await self.log(subjects.fill_report(EXC, TICKER, fill.exec_id), fill)

    async def fill_many(self, count: int, first: int = 0) -> None:
        for number in range(first, first + count):
            await self.fill(number)

    async def deltas(self) -> list[AnyDelta]:
        """Return everything stored in DELTAS."""
        state = await self.bus.deltas.state()
        entries = [await self.bus.deltas.get(seq) for seq in range(1, state.last_seq + 1)]
        return [decode_delta(entry.payload) for entry in entries if entry is not None]


async def connect(url: str) -> NatsBus:
    return await NatsBus.connect(NatsOptions(url=url, name="test"), SystemClock())


async def start_world(url: str, *, is_priced: bool = True) -> World:
    """Create the streams, start one copy of each fold, and list one instrument, with its price."""
    bus = await connect(url)
    await topology.apply(bus, topology.Limits())
    world = World(url, bus)
    for fold in (OrderFold(), PositionFold(), HedgerFold(DEFAULT_RULES)):
        await world.add(fold)
    await world.list_instruments()
    if is_priced:
        await world.mark("100")
    return world
